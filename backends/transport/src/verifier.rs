//! What decides whether a server's certificate is believed, where certificates are named.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::{pem::PemError, trust::provider};

/// Believes whom `usual` believes, and besides whoever shows one of `named` and has its key.
///
/// `usual` refuses a certificate that signed itself and calls itself an authority, as `openssl req -x509` makes it,
/// because no authority vouches for it. Where the operator has given us the very certificate, nobody has to; nor does it
/// matter which host it names, if any: it says who the server is better than a name would. It must be of this day all
/// the same.
#[derive(Debug)]
pub struct Named {
    named: Vec<CertificateDer<'static>>,
    usual: Arc<WebPkiServerVerifier>,
}

impl Named {
    /// Believes `named` and, as authorities, these and `roots`.
    ///
    /// # Errors
    /// When one of `named` cannot be an authority.
    pub fn new(named: Vec<CertificateDer<'static>>, mut roots: RootCertStore) -> Result<Self, PemError> {
        for authority in &named {
            roots.add(authority.clone()).map_err(PemError::unusable)?;
        }
        let usual = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        Ok(Self { named, usual: usual.map_err(PemError::unusable)? })
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let usual = self.usual.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match usual {
            Err(Error::InvalidCertificate(why)) if self.named.contains(end_entity) && !is_out_of_date(&why) => {
                Ok(ServerCertVerified::assertion())
            }
            usual => usual,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls12_signature(message, cert, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.usual.verify_tls13_signature(message, cert, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.usual.supported_verify_schemes()
    }
}

/// rustls looks at the dates before anything else, so no other reason hides this one.
const fn is_out_of_date(why: &CertificateError) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};

    matches!(why, Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};

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
        let verifier = Named::new(vec![named.clone()], RootCertStore::empty()).unwrap();
        let host = ServerName::try_from("irc.example.org").unwrap();
        let check = |shown, now| verifier.verify_server_cert(shown, &[], &host, &[], now);

        assert!(check(&named, UnixTime::now()).is_ok());
        assert!(check(&named, UnixTime::since_unix_epoch(Duration::ZERO)).is_err());
        assert!(check(&other, UnixTime::now()).is_err());
    }
}
