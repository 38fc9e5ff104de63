//! What decides whether a server's certificate is believed, where `ca_cert` is set.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// Believes whom `usual` believes, and besides whoever shows one of `named`, of this day, and has its key. Servers'
/// certificates often sign themselves, call themselves authorities and name no host; `usual` refuses these.
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(crate) named: Vec<CertificateDer<'static>>,
    pub(crate) usual: Arc<WebPkiServerVerifier>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};

        let refused = match self.usual.verify_server_cert(shown, chain, name, ocsp, now) {
            Err(Error::InvalidCertificate(why)) if self.named.contains(shown) => why,
            usual => return usual,
        };
        // rustls looks at the dates before anything else, so no other reason hides these.
        match refused {
            Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => {
                Err(Error::InvalidCertificate(refused))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::{RootCertStore, crypto::aws_lc_rs};

    use super::*;

    /// As `openssl req -x509` makes it.
    fn certificate() -> CertificateDer<'static> {
        let mut own = CertificateParams::new(vec!["localhost".into()]).unwrap();
        own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        own.self_signed(&KeyPair::generate().unwrap()).unwrap().der().clone()
    }

    #[test]
    fn a_certificate_that_is_named_itself_is_believed_for_any_host_while_it_is_valid() {
        let (named, other) = (certificate(), certificate());
        let mut roots = RootCertStore::empty();
        roots.add(named.clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        let verifier = Verifier { named: vec![named.clone()], usual };
        let host = ServerName::try_from("irc.example.org").unwrap();
        let check = |shown, now| verifier.verify_server_cert(shown, &[], &host, &[], now);

        assert!(check(&named, UnixTime::now()).is_ok());
        assert!(check(&named, UnixTime::since_unix_epoch(Duration::ZERO)).is_err());
        assert!(check(&other, UnixTime::now()).is_err());
    }
}
