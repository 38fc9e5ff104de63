//! Whom to believe.

use std::sync::{Arc, OnceLock};

use fulmar_contract::{Failure, Options};
use rustls::{
    ClientConfig, RootCertStore,
    client::ResolvesClientCert,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::CertificateDer,
};
use tracing::warn;

use crate::{
    pem::{PemError, certificates},
    verifier::Named,
};

/// Whose certificates are believed.
#[derive(Clone, Debug)]
pub enum Trust {
    /// These authorities', and servers' own that are among these.
    Own(Arc<Named>),
    /// The operating system's authorities'.
    System,
}

impl Trust {
    /// Reads the key `ca_cert`: a PEM file of those to believe instead of the system's authorities.
    pub fn read(options: &mut Options) -> Self {
        let line = options.line_of("ca_cert");
        let Some(named) = authorities(options) else { return Self::System };
        Self::own(named).unwrap_or_else(|error| {
            options.complain(line, "ca_cert", error.to_string());
            Self::System
        })
    }

    /// Believes `named` and nobody else.
    ///
    /// # Errors
    /// When one of them cannot be an authority.
    pub fn own(named: Vec<CertificateDer<'static>>) -> Result<Self, PemError> {
        Named::new(named, RootCertStore::empty()).map(|named| Self::Own(Arc::new(named)))
    }

    /// What makes TLS connections that believe only this, and show `identity` to a server that asks.
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] when the system knows no authorities.
    pub fn client_config(&self, identity: Option<Arc<dyn ResolvesClientCert>>) -> Result<ClientConfig, Failure> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .map_err(Failure::lost)?;
        let config = match self {
            Self::Own(named) => {
                let named = Arc::<Named>::clone(named);
                config.dangerous().with_custom_certificate_verifier(named)
            }
            Self::System => config.with_root_certificates(some(system())?),
        };
        Ok(match identity {
            Some(identity) => config.with_client_cert_resolver(identity),
            None => config.with_no_client_auth(),
        })
    }
}

/// Reads the certificates that the key `ca_cert` names.
pub fn authorities(options: &mut Options) -> Option<Vec<CertificateDer<'static>>> {
    let line = options.line_of("ca_cert");
    let file = options.file("ca_cert")?;
    certificates(&file).map_err(|error| options.complain(line, "ca_cert", error.to_string())).ok()
}

/// The operating system's authorities, as far as they can be read. They are read once in the life of the process: that takes
/// milliseconds, every session wants them, and all sessions share one thread.
pub fn system() -> Arc<RootCertStore> {
    static KNOWN: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    if let Some(known) = KNOWN.get() {
        return Arc::clone(known);
    }
    let roots = Arc::new(read());
    // A system that knows none yet is asked again.
    if roots.is_empty() { roots } else { Arc::clone(KNOWN.get_or_init(|| roots)) }
}

fn read() -> RootCertStore {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        warn!(%error, "a certificate of the system cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    roots
}

fn some(roots: Arc<RootCertStore>) -> Result<Arc<RootCertStore>, Failure> {
    if roots.is_empty() {
        let why = "the system has no certificate authorities: install ca-certificates or set ca_cert".into();
        return Err(Failure::Misconfigured { why });
    }
    Ok(roots)
}

/// The cryptography.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_systems_authorities_are_read_once() {
        let (first, again) = (system(), system());

        assert!(first.is_empty() || Arc::ptr_eq(&first, &again));
    }
}
