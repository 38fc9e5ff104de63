//! TLS: whom to believe.

use std::{path::Path, sync::Arc};

use fulmar_contract::Failure;
use rustls::{
    ClientConfig, RootCertStore,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use sasl::common::ChannelBinding;
use tokio_rustls::TlsConnector;

use crate::wire::Stream;

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
        let cannot_read = |error| format!("cannot read {}: {error}", path.display());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(cannot_read)? {
            let added = roots.add(certificate.map_err(cannot_read)?);
            added.map_err(|error| format!("{}: {error}", path.display()))?;
        }
        if roots.is_empty() {
            return Err(format!("{} holds no certificate", path.display()));
        }
        Ok(Self::Own(Arc::new(roots)))
    }

    /// Speaks TLS over `stream` with a server that must be `domain`. Returns what binds a login to the connection, too
    /// (RFC 9266).
    pub(crate) async fn secure(
        &self,
        stream: Box<dyn Stream>,
        domain: &str,
        protocol: Option<&[u8]>,
    ) -> Result<(Box<dyn Stream>, ChannelBinding), Failure> {
        let roots = match self {
            Self::Own(roots) => Arc::clone(roots),
            Self::System => Arc::new(system()?),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let builder = builder.with_safe_default_protocol_versions().map_err(Failure::lost)?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
        let name = ServerName::try_from(domain.to_owned()).map_err(Failure::lost)?;
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| Failure::lost(format!("no TLS with {domain}: {error}")))?;
        let (_, connection) = stream.get_ref();
        let binding = match connection.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => connection
                .export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", None)
                .map_or(ChannelBinding::None, ChannelBinding::TlsExporter),
            _ => ChannelBinding::None,
        };
        Ok((Box::new(stream), binding))
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
