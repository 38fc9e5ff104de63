//! TLS: whom to believe, and what to show.

use std::{fmt::Display, path::Path, sync::Arc};

use fulmar_contract::Failure;
use rustls::{
    ClientConfig, RootCertStore,
    client::{ResolvesClientCert, WebPkiServerVerifier},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use tokio_rustls::TlsConnector;

use crate::verifier::Verifier;

/// Whose certificates are believed.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// These authorities', and servers' own that are among these.
    Own(Arc<Verifier>),
    /// The operating system's authorities'.
    System,
}

/// Our own certificate, with the key that proves that it is ours.
#[derive(Clone, Debug)]
pub(crate) struct Certificate(Arc<dyn ResolvesClientCert>);

impl Trust {
    /// Reads authorities from a PEM file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let unusable = |error: &dyn Display| format!("{}: {error}", path.display());
        let named = chain(path)?;
        let mut roots = RootCertStore::empty();
        for certificate in &named {
            roots.add(certificate.clone()).map_err(|error| unusable(&error))?;
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        Ok(Self::Own(Arc::new(Verifier { named, usual: usual.map_err(|error| unusable(&error))? })))
    }

    /// What makes TLS connections that believe only this, and show `certificate` to a server that asks.
    pub(crate) fn connector(&self, certificate: Option<&Certificate>) -> Result<TlsConnector, Failure> {
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Failure::lost)?;
        let config = match self {
            Self::Own(verifier) => {
                let verifier = Arc::<Verifier>::clone(verifier);
                config.dangerous().with_custom_certificate_verifier(verifier)
            }
            Self::System => config.with_root_certificates(system()?),
        };
        let config = match certificate {
            Some(Certificate(resolver)) => config.with_client_cert_resolver(Arc::clone(resolver)),
            None => config.with_no_client_auth(),
        };
        Ok(TlsConnector::from(Arc::new(config)))
    }
}

impl Certificate {
    /// A certificate, with those that vouch for it after it, and its key.
    pub(crate) fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, String> {
        let key = CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider())
            .map_err(|error| format!("does not belong to client_cert: {error}"))?;
        Ok(Self(Arc::new(SingleCertAndKey::from(key))))
    }
}

/// Reads the certificates in a PEM file, of which there is at least one.
pub(crate) fn chain(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let cannot_read = |error| format!("cannot read {}: {error}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(cannot_read)?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(cannot_read)?;
    if certificates.is_empty() {
        Err(format!("{} holds no certificate", path.display()))
    } else {
        Ok(certificates)
    }
}

/// Reads the private key in a PEM file.
pub(crate) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_file(path)
        .map_err(|error| format!("cannot read a private key from {}: {error}", path.display()))
}

fn system() -> Result<RootCertStore, Failure> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let why = "the system has no certificate authorities: install ca-certificates or set ca_cert".into();
        return Err(Failure::Misconfigured { why });
    }
    Ok(roots)
}
