//! TLS, and what binds a login to it.

use std::sync::Arc;

use fulmar_contract::Failure;
use fulmar_transport::{Stream, Trust};
use rustls::{ProtocolVersion, pki_types::ServerName};
use sasl::common::ChannelBinding;
use tokio_rustls::TlsConnector;

/// Speaks TLS over `stream` with a server that must be `domain`. Returns what binds a login to the connection, too
/// (RFC 9266).
pub(crate) async fn secure(
    trust: &Trust,
    stream: Box<dyn Stream>,
    domain: &str,
    protocol: Option<&[u8]>,
) -> Result<(Box<dyn Stream>, ChannelBinding), Failure> {
    let mut config = trust.client_config(None)?;
    config.alpn_protocols = protocol.map(<[u8]>::to_vec).into_iter().collect();
    let name = ServerName::try_from(domain.to_owned()).map_err(Failure::lost)?;
    let stream = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .map_err(|error| Failure::lost(format!("no TLS with {domain}: {error}")))?;
    let (_, connection) = stream.get_ref();
    let binding = match connection.protocol_version() {
        Some(ProtocolVersion::TLSv1_3) => connection
            .export_keying_material(vec![0; 32], b"EXPORTER-Channel-Binding", None)
            .map_or(ChannelBinding::None, ChannelBinding::TlsExporter),
        _ => ChannelBinding::None,
    };
    Ok((Box::new(stream), binding))
}
