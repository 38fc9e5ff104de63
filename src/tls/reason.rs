//! What TLS says of a failed request, in words that name the key to set.

use actix_web::error::ParseError;
use awc::error::{ConnectError, SendRequestError};
use rustls::{AlertDescription, CertificateError, Error};

/// Whether the server ended the handshake for want of a certificate of ours. With TLS 1.3 that comes to light with
/// the first byte that is read after a handshake that seemed good.
pub(super) fn wants_identity(error: &SendRequestError) -> bool {
    matches!(tls_error(error), Some(Error::AlertReceived(AlertDescription::CertificateRequired)))
}

/// What is wrong with the server's certificate, if anything is.
pub(super) fn bad_certificate(error: &SendRequestError) -> Option<String> {
    use CertificateError::{
        Expired, ExpiredContext, NotValidForName, NotValidForNameContext, NotValidYet, NotValidYetContext,
        UnknownIssuer,
    };

    let Some(Error::InvalidCertificate(why)) = tls_error(error) else { return None };
    Some(match why {
        UnknownIssuer => {
            "nobody known vouches for its certificate: name who signed it, or the certificate itself, in ca_cert"
                .into()
        }
        NotValidForName | NotValidForNameContext { .. } => {
            "its certificate is for another host: correct the URL, or name the certificate itself in ca_cert"
                .into()
        }
        Expired | ExpiredContext { .. } => "its certificate has expired, or our clock is fast".into(),
        NotValidYet | NotValidYetContext { .. } => "its certificate is not valid yet, or our clock is slow".into(),
        other if other.to_string().contains("CaUsedAsEndEntity") => {
            "its certificate signed itself: name it in ca_cert".into()
        }
        other => format!("its certificate cannot be checked, unless it is itself named in ca_cert: {other}"),
    })
}

fn tls_error(error: &SendRequestError) -> Option<&Error> {
    let (SendRequestError::Connect(ConnectError::Io(error))
    | SendRequestError::Send(error)
    | SendRequestError::Response(ParseError::Io(error))) = error
    else {
        return None;
    };
    error.get_ref()?.downcast_ref()
}
