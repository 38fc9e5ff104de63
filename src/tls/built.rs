//! TLS as this build has it, by rustls.

use std::{path::Path, sync::Arc};

use fulmar_transport::{Named, PemError, certificates, identity, provider, system};
use rustls::{ClientConfig, ServerConfig, client::danger::ServerCertVerifier};
use tracing::warn;

use super::{Identity, TlsError, Trust, verifier::Anybody};

pub(super) fn client_config(trust: &Trust) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(PemError::unusable)?;
    let builder = match verifier(trust)? {
        Some(verifier) => builder.dangerous().with_custom_certificate_verifier(verifier),
        None => builder.with_root_certificates(system()),
    };
    Ok(Arc::new(match &trust.identity {
        Some(ours) => builder.with_client_cert_resolver(identity(&ours.certificate, &ours.key)?),
        None => builder.with_no_client_auth(),
    }))
}

/// What a server needs that shows `ours` and asks nobody for theirs.
///
/// # Errors
/// When the files cannot be read or do not fit together.
pub fn server_config(ours: &Identity) -> Result<ServerConfig, TlsError> {
    let shown = identity(&ours.certificate, &ours.key)?;
    let builder = ServerConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    Ok(builder.map_err(PemError::unusable)?.with_no_client_auth().with_cert_resolver(shown))
}

pub(super) fn check_certificates(file: &Path) -> Result<(), TlsError> {
    Ok(certificates(file).map(drop)?)
}

pub(super) fn check_identity(ours: &Identity) -> Result<(), TlsError> {
    Ok(identity(&ours.certificate, &ours.key).map(drop)?)
}

/// What decides in place of rustls whom to believe, where it must.
fn verifier(trust: &Trust) -> Result<Option<Arc<dyn ServerCertVerifier>>, TlsError> {
    if !trust.verify {
        warn!("certificates are not checked: anybody on the way can read and change everything");
        return Ok(Some(Arc::new(Anybody(provider()))));
    }
    let Some(file) = &trust.authorities else { return Ok(None) };
    Ok(Some(Arc::new(Named::new(certificates(file)?, (*system()).clone())?)))
}
