//! TLS as this build has it, by rustls.

use std::{fs, path::Path, sync::Arc};

use rustls::{
    ClientConfig, Error, RootCertStore, ServerConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    server::ParsedCertificate,
    sign::CertifiedKey,
};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject},
};
use tracing::warn;

use super::{
    Identity, TlsError, Trust,
    verifier::{Anybody, Named},
};

pub(super) fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>, TlsError> {
    let builder =
        ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions().map_err(unusable)?;
    let builder = match verifier(trust)? {
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
        None => builder.with_root_certificates(roots(&[])?),
    };
    let config = match &trust.identity {
        Some(identity) => {
            let (chain, key) = chain_and_key(identity)?;
            builder.with_client_auth_cert(chain, key).map_err(unusable)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

/// What a server needs that shows `identity` and asks nobody for theirs.
///
/// # Errors
/// When the files cannot be read or do not fit together.
pub fn server_config(identity: &Identity) -> Result<ServerConfig, TlsError> {
    let (chain, key) = chain_and_key(identity)?;
    ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(unusable)
}

pub(super) fn certified_key(identity: &Identity) -> Result<CertifiedKey, TlsError> {
    let (chain, key) = chain_and_key(identity)?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
        Error::InconsistentKeys(_) => TlsError::Misfit(identity.clone()),
        error => unusable(error),
    })
}

pub(super) fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Vec<CertificateDer<'_>> = CertificateDer::pem_slice_iter(&read(file, "certificates")?)
        .collect::<Result<_, _>>()
        .map_err(unusable)?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate(file.to_owned()));
    }
    for certificate in &found {
        ParsedCertificate::try_from(certificate).map_err(unusable)?;
    }
    Ok(found)
}

fn chain_and_key(identity: &Identity) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), TlsError> {
    let chain = certificates(&identity.certificate)?;
    let key = PrivateKeyDer::from_pem_slice(&read(&identity.key, "key")?).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey(identity.key.clone()),
        error => unusable(error),
    })?;
    Ok((chain, key))
}

/// What decides in place of rustls whom to believe, where it must.
fn verifier(trust: &Trust) -> Result<Option<Arc<dyn ServerCertVerifier>>, TlsError> {
    if !trust.verify {
        warn!("certificates are not checked: anybody on the way can read and change everything");
        return Ok(Some(Arc::new(Anybody(provider()))));
    }
    let Some(file) = &trust.authorities else { return Ok(None) };
    let named = certificates(file)?;
    let roots = Arc::new(roots(&named)?);
    let usual = WebPkiServerVerifier::builder_with_provider(roots, provider()).build().map_err(unusable)?;
    Ok(Some(Arc::new(Named { named, usual })))
}

fn roots(named: &[CertificateDer<'static>]) -> Result<RootCertStore, TlsError> {
    let system = rustls_native_certs::load_native_certs();
    for error in &system.errors {
        warn!(%error, "a certificate of the system cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system.certs);
    for authority in named {
        roots.add(authority.clone()).map_err(unusable)?;
    }
    Ok(roots)
}

fn read(file: &Path, what: &'static str) -> Result<Vec<u8>, TlsError> {
    fs::read(file).map_err(|error| TlsError::Unreadable { what, file: file.to_owned(), error })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unusable(error: impl ToString) -> TlsError {
    TlsError::Unusable(error.to_string())
}
