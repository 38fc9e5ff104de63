//! TLS, with the system's authorities or one of the operator's.

use std::{path::Path, sync::Arc};

use fulmar_contract::Failure;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_rustls::TlsConnector;

/// Whose certificates are believed.
#[derive(Clone, Debug)]
pub(crate) enum Trust {
    /// These authorities'.
    Own(Arc<RootCertStore>),
    /// The operating system's authorities'.
    System,
}

impl Trust {
    /// Reads authorities from a PEM file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| error.to_string())?;
        let mut roots = RootCertStore::empty();
        for certificate in certificates {
            let certificate = certificate.map_err(|error| error.to_string())?;
            roots.add(certificate).map_err(|error| error.to_string())?;
        }
        if roots.is_empty() { Err("it holds no certificate".into()) } else { Ok(Self::Own(Arc::new(roots))) }
    }

    /// What makes TLS connections that believe only this.
    pub(crate) fn connector(&self) -> Result<TlsConnector, Failure> {
        let roots = match self {
            Self::Own(roots) => Arc::clone(roots),
            Self::System => Arc::new(system()?),
        };
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(Failure::lost)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(TlsConnector::from(Arc::new(config)))
    }
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
