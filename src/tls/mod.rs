//! Certificates: whom we believe when we speak TLS, and how we prove who we are. The only place that knows of them,
//! and of whether this build speaks TLS at all.

#[cfg(feature = "tls")]
mod built;
mod opener;
#[cfg(feature = "tls")]
mod reason;
#[cfg(feature = "tls")]
#[cfg(test)]
pub(crate) mod tests;
#[cfg(feature = "tls")]
mod verifier;

#[cfg(feature = "tls")]
use std::sync::Arc;
use std::{
    future::ready,
    path::{Path, PathBuf},
    time::Duration,
};

use actix_web::{dev::Service as _, web::BytesMut};
use awc::{Client, ClientBuilder, Connect, Connector, error::SendRequestError};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio_util::codec::BytesCodec;

#[cfg(feature = "tls")]
pub use built::server_config;
pub use opener::{Opener, Pieces};

use opener::Ends;

/// Whether this build can speak TLS.
pub const BUILT: bool = cfg!(feature = "tls");

/// Whose certificates we accept, and which one we show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Whether they are checked at all.
    pub verify: bool,
    /// A PEM file with authorities besides those of the system, or with servers' own certificates.
    pub authorities: Option<PathBuf>,
    /// Who we are, for servers that want to know.
    pub identity: Option<Identity>,
}

/// A certificate of our own and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// A PEM file with the certificate, and after it those that lead to its authority.
    pub certificate: PathBuf,
    /// A PEM file with the key, not encrypted. May be the same file.
    pub key: PathBuf,
}

/// How an HTTP client treats its connections.
#[derive(Clone, Copy, Debug)]
pub struct Pool {
    /// How long connecting may take, and the TLS handshake after it.
    pub connect: Duration,
    /// How long an idle connection is kept for the next request.
    pub keep_alive: Duration,
    /// How many connections there may be; further requests wait.
    pub limit: usize,
}

/// Why there is no TLS as asked for.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate or a key cannot be used.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Certificate(#[from] fulmar_transport::PemError),
    /// This build has no TLS.
    #[error("this build of fulmar has no https: build it with the feature \"tls\"")]
    NotBuilt,
}

/// What speaks HTTP and believes whom `trust` says; without it, it speaks plain HTTP only. It follows no redirect, repeats no
/// request and sets no time limit to an answer.
pub struct Http {
    /// For answers that are short.
    pub client: Client,
    /// For those that may last as long as their connection.
    pub opener: Opener,
}

/// Makes what speaks HTTP.
///
/// # Errors
/// When certificates are asked for and cannot be used, or this build has no TLS.
pub fn http(trust: Option<&Trust>, pool: Pool) -> Result<Http, TlsError> {
    if !BUILT && trust.is_some() {
        return Err(TlsError::NotBuilt);
    }
    let connector = || {
        let connector = Connector::new().timeout(pool.connect).handshake_timeout(pool.connect);
        connector.conn_keep_alive(pool.keep_alive).limit(pool.limit)
    };
    #[cfg(feature = "tls")]
    let config = trust.map(built::client_config).transpose()?;
    #[cfg(feature = "tls")]
    let connector = || match &config {
        Some(config) => connector().rustls_0_23(Arc::clone(config)),
        None => connector(),
    };
    let client = ClientBuilder::new().connector(connector()).disable_redirects().disable_timeout().finish();
    let connections = connector().finish();
    let opener = Opener::new(move |head| {
        let connecting = connections.call(Connect { uri: head.uri.clone(), addr: None });
        async move {
            let (answer, framed) = connecting.await?.open_tunnel(head).await?;
            let pieces = match Ends::of(&answer) {
                Ends::Empty => stream::empty().boxed_local(),
                Ends::Told => {
                    let pieces = framed.into_map_codec(|codec| codec.into_payload_codec());
                    let some = pieces.take_while(|piece| ready(!matches!(piece, Ok(None))));
                    some.try_filter_map(|piece| ready(Ok(piece))).boxed_local()
                }
                Ends::WithConnection => {
                    framed.replace_codec(BytesCodec::new()).map_ok(BytesMut::freeze).err_into().boxed_local()
                }
            };
            Ok((answer, pieces))
        }
    });
    Ok(Http { client, opener })
}

/// Checks that `file` has certificates that can be used.
///
/// # Errors
/// When it has not, or this build has no TLS.
pub fn check_certificates(file: &Path) -> Result<(), TlsError> {
    built::check_certificates(file)
}

/// Checks that the key can be used and fits the certificate.
///
/// # Errors
/// When it does not, or this build has no TLS.
pub fn check_identity(identity: &Identity) -> Result<(), TlsError> {
    built::check_identity(identity)
}

/// Whether a request failed because the server wants a certificate of ours that we did not show: it ended the handshake,
/// so it has not read the request.
pub fn wants_identity(error: &SendRequestError) -> bool {
    reason::wants_identity(error)
}

/// What is wrong with the certificate that the server showed, if that is why a request failed: words for the operator,
/// of the server as "it".
pub fn bad_certificate(error: &SendRequestError) -> Option<String> {
    reason::bad_certificate(error)
}

#[cfg(not(feature = "tls"))]
mod built {
    use std::path::Path;

    use super::{Identity, TlsError};

    pub(super) fn check_certificates(_file: &Path) -> Result<(), TlsError> {
        Err(TlsError::NotBuilt)
    }

    pub(super) fn check_identity(_identity: &Identity) -> Result<(), TlsError> {
        Err(TlsError::NotBuilt)
    }
}

#[cfg(not(feature = "tls"))]
mod reason {
    use awc::error::SendRequestError;

    pub(super) fn wants_identity(_error: &SendRequestError) -> bool {
        false
    }

    pub(super) fn bad_certificate(_error: &SendRequestError) -> Option<String> {
        None
    }
}
