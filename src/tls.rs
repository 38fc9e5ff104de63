//! Certificates: whom we believe when we speak TLS. The only place that knows of them, and of whether this
//! build speaks TLS at all.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use awc::{Client, ClientBuilder, Connector};

/// Whether this build can speak TLS.
pub const BUILT: bool = cfg!(feature = "tls");

/// Whose certificates we accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Whether they are checked at all.
    pub verify: bool,
    /// A PEM file with authorities besides those of the system.
    pub authorities: Option<PathBuf>,
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
    /// A file has no certificate in it.
    #[error("there is no PEM certificate in {}", file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
    },
    /// This build has no TLS.
    #[error("this build of fulmar has no https: build it with the feature \"tls\"")]
    NotBuilt,
    /// A file cannot be read.
    #[error("cannot read the certificates in {}: {error}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A certificate or the TLS library is not usable.
    #[error("cannot use the certificates: {0}")]
    Unusable(String),
}

/// An HTTP client that believes whom `trust` says; without it, it speaks plain HTTP only. It follows no
/// redirect, repeats no request and sets no time limit to an answer.
///
/// # Errors
/// When certificates are asked for and cannot be used, or this build has no TLS.
pub fn http_client(trust: Option<&Trust>, pool: Pool) -> Result<Client, TlsError> {
    let connector = Connector::new()
        .timeout(pool.connect)
        .handshake_timeout(pool.connect)
        .conn_keep_alive(pool.keep_alive)
        .limit(pool.limit);
    #[cfg(feature = "tls")]
    let connector = match trust {
        Some(trust) => connector.rustls_0_23(built::config(trust)?),
        None => connector,
    };
    if !BUILT && trust.is_some() {
        return Err(TlsError::NotBuilt);
    }
    Ok(ClientBuilder::new().connector(connector).disable_redirects().disable_timeout().finish())
}

/// Checks that `file` has certificates that can be used.
///
/// # Errors
/// When it has not, or this build has no TLS.
pub fn check_authorities(file: &Path) -> Result<(), TlsError> {
    built::authorities(file).map(drop)
}

#[cfg(not(feature = "tls"))]
mod built {
    use std::path::Path;

    use super::TlsError;

    pub(super) fn authorities(_file: &Path) -> Result<Vec<()>, TlsError> {
        Err(TlsError::NotBuilt)
    }
}

#[cfg(feature = "tls")]
mod built {
    use std::{fs, path::Path, sync::Arc};

    use rustls::{
        ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
        client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
    };
    use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
    use tracing::warn;

    use super::{TlsError, Trust};

    pub(super) fn config(trust: &Trust) -> Result<Arc<ClientConfig>, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let roots = roots(trust)?;
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Unusable(error.to_string()))?;
        if trust.verify {
            return Ok(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()));
        }
        warn!("certificates are not checked: anybody on the way can read and change everything");
        let anybody = Arc::new(Anybody(provider));
        Ok(Arc::new(builder.dangerous().with_custom_certificate_verifier(anybody).with_no_client_auth()))
    }

    fn roots(trust: &Trust) -> Result<RootCertStore, TlsError> {
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            warn!(%error, "a certificate of the system cannot be read");
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(system.certs);
        if let Some(file) = &trust.authorities {
            for authority in authorities(file)? {
                roots.add(authority).map_err(|error| TlsError::Unusable(error.to_string()))?;
            }
        }
        Ok(roots)
    }

    pub(super) fn authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let pem = fs::read(file).map_err(|error| TlsError::Unreadable { file: file.to_owned(), error })?;
        let found: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|error| TlsError::Unusable(error.to_string()))?;
        if found.is_empty() {
            return Err(TlsError::NoCertificate { file: file.to_owned() });
        }
        Ok(found)
    }

    /// Accepts every certificate, but checks that its owner speaks.
    #[derive(Debug)]
    struct Anybody(Arc<CryptoProvider>);

    impl ServerCertVerifier for Anybody {
        fn verify_server_cert(
            &self,
            _end_entity: &CertificateDer<'_>,
            _intermediates: &[CertificateDer<'_>],
            _server_name: &ServerName<'_>,
            _ocsp_response: &[u8],
            _now: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.signature_verification_algorithms.supported_schemes()
        }
    }
}

#[cfg(feature = "tls")]
#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, HttpServer, web};
    use rustls::{ServerConfig, crypto::aws_lc_rs};
    use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

    use super::*;

    /// A server whose certificate is by an authority that nobody knows; its port.
    fn server() -> u16 {
        let file = |name: &str| format!("{}/tests/tls/{name}", env!("CARGO_MANIFEST_DIR"));
        let chain = vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()];
        let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
        let config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        let app = || App::new().default_service(web::to(|| async { HttpResponse::Ok().body("hi") }));
        let server =
            HttpServer::new(app).workers(1).disable_signals().bind_rustls_0_23("127.0.0.1:0", config).unwrap();
        let port = server.addrs()[0].port();
        actix_web::rt::spawn(server.run());
        port
    }

    async fn greet(host: &str, verify: bool, authorities: Option<&str>) -> Result<web::Bytes, String> {
        let authorities =
            authorities.map(|name| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name));
        let second = Duration::from_secs(1);
        let pool = Pool { connect: second * 5, keep_alive: second, limit: 1 };
        let client = http_client(Some(&Trust { verify, authorities }), pool).unwrap();
        let mut response =
            client.get(format!("https://{host}:{}/", server())).send().await.map_err(|e| e.to_string())?;
        Ok(response.body().await.unwrap())
    }

    #[actix_web::test]
    async fn an_unknown_authority_is_refused_unless_named_or_nobody_checks() {
        assert!(greet("localhost", true, None).await.unwrap_err().contains("UnknownIssuer"));
        assert_eq!(greet("localhost", true, Some("ca.pem")).await.unwrap(), "hi");
        assert_eq!(greet("localhost", false, None).await.unwrap(), "hi");
    }

    #[test]
    fn a_file_without_a_certificate_is_told() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls/server.key");

        assert!(matches!(check_authorities(&file), Err(TlsError::NoCertificate { .. })));
        assert!(matches!(check_authorities(Path::new("nowhere.pem")), Err(TlsError::Unreadable { .. })));
    }
}
