use std::sync::Arc;

use actix_web::{App, HttpResponse, HttpServer, web};
use rustls::{
    RootCertStore, ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use super::*;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name)
}

pub(crate) fn identity(certificate: &str, key: &str) -> Identity {
    Identity { certificate: file(certificate), key: file(key) }
}

pub(crate) fn trust(verify: bool, authorities: Option<&str>, identity: Option<Identity>) -> Trust {
    Trust { verify, authorities: authorities.map(file), identity }
}

/// Serves what says hi; its port.
fn serve(config: ServerConfig) -> u16 {
    let app = || App::new().default_service(web::to(|| async { HttpResponse::Ok().body("hi") }));
    let server =
        HttpServer::new(app).workers(1).disable_signals().bind_rustls_0_23("127.0.0.1:0", config).unwrap();
    let port = server.addrs()[0].port();
    actix_web::rt::spawn(server.run());
    port
}

/// A server that speaks to nobody but the owner of `client.pem`; its port.
pub(crate) fn choosy_server(version: &'static SupportedProtocolVersion) -> u16 {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut known = RootCertStore::empty();
    known.add(CertificateDer::from_pem_file(file("client.pem")).unwrap()).unwrap();
    let verifier: Arc<dyn ClientCertVerifier> =
        WebPkiClientVerifier::builder_with_provider(known.into(), Arc::clone(&provider)).build().unwrap();
    let chain = vec![CertificateDer::from_pem_file(file("server.pem")).unwrap()];
    let key = PrivateKeyDer::from_pem_file(file("server.key")).unwrap();
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    serve(builder.with_client_cert_verifier(verifier).with_single_cert(chain, key).unwrap())
}

async fn greet(port: u16, trust: &Trust) -> Result<web::Bytes, SendRequestError> {
    greet_as("localhost", port, trust).await
}

async fn greet_as(host: &str, port: u16, trust: &Trust) -> Result<web::Bytes, SendRequestError> {
    let second = Duration::from_secs(1);
    let client = http(Some(trust), Pool { connect: second * 5, keep_alive: second, limit: 1 }).unwrap().client;
    let mut response =
        client.get(format!("https://{host}:{port}/")).address(([127, 0, 0, 1], port).into()).send().await?;
    Ok(response.body().await.unwrap())
}

#[actix_web::test]
async fn an_unknown_authority_is_refused_unless_named_or_nobody_checks() {
    let port = serve(server_config(&identity("server.pem", "server.key")).unwrap());

    let unknown = greet(port, &trust(true, None, None)).await.unwrap_err();

    assert!(unknown.to_string().contains("UnknownIssuer"), "{unknown}");
    assert!(!wants_identity(&unknown));
    assert_eq!(greet(port, &trust(true, Some("ca.pem"), None)).await.unwrap(), "hi");
    assert_eq!(greet(port, &trust(false, None, None)).await.unwrap(), "hi");
}

/// `own.pem` is as StackStorm's installation guide makes it: an authority of itself, for no host. `expired.pem` has the
/// same owner and the same key.
#[actix_web::test]
async fn a_certificate_that_is_named_itself_is_believed_while_it_is_valid() {
    let [own, expired, of_ca] = [("own.pem", "own.key"), ("expired.pem", "own.key"), ("server.pem", "server.key")]
        .map(|(certificate, key)| serve(server_config(&identity(certificate, key)).unwrap()));
    let why =
        async |port, named| bad_certificate(&greet(port, &trust(true, named, None)).await.unwrap_err()).unwrap();

    assert_eq!(greet(own, &trust(true, Some("own.pem"), None)).await.unwrap(), "hi");
    assert_eq!(greet(of_ca, &trust(true, Some("server.pem"), None)).await.unwrap(), "hi");
    assert_eq!(why(own, None).await, "its certificate signed itself: name it in ca_cert");
    assert_eq!(why(own, Some("expired.pem")).await, "its certificate signed itself: name it in ca_cert");
    assert!(why(of_ca, Some("own.pem")).await.starts_with("nobody known vouches for its certificate"));
    assert_eq!(why(expired, Some("expired.pem")).await, "its certificate has expired, or our clock is fast");
}

#[actix_web::test]
async fn a_certificate_of_an_authority_must_name_the_host() {
    let port = serve(server_config(&identity("server.pem", "server.key")).unwrap());

    let error = greet_as("st2.test", port, &trust(true, Some("ca.pem"), None)).await;

    let why = "its certificate is for another host: correct the URL, or name the certificate itself in ca_cert";
    assert_eq!(bad_certificate(&error.unwrap_err()).unwrap(), why);
}

#[actix_web::test]
async fn a_server_that_wants_to_know_us_is_shown_our_certificate() {
    for version in [&TLS12, &TLS13] {
        let port = choosy_server(version);
        let ours = || Some(identity("client.pem", "client.key"));

        let shown = greet(port, &trust(true, Some("ca.pem"), ours())).await;
        let shown_unchecked = greet(port, &trust(false, None, ours())).await;
        let stranger = greet(port, &trust(true, Some("ca.pem"), None)).await.unwrap_err();
        let other = greet(port, &trust(true, Some("ca.pem"), Some(identity("server.pem", "server.key"))))
            .await
            .unwrap_err();

        assert_eq!((shown.unwrap(), shown_unchecked.unwrap()), ("hi".into(), "hi".into()));
        assert!(wants_identity(&stranger), "{version:?}: {stranger:?}");
        assert!(!wants_identity(&other), "{version:?}: {other:?}");
    }
}

#[test]
fn a_file_that_is_not_what_it_is_for_is_told() {
    let check = |certificate, key| check_identity(&identity(certificate, key)).map_err(|error| error.to_string());
    let says = |checked: Result<(), String>, what: &str| checked.unwrap_err().contains(what);

    assert_eq!(check("client.pem", "client.key"), Ok(()));
    assert!(says(check("client.pem", "server.key"), "server.key does not fit the certificate in "));
    assert!(says(check("client.pem", "server.pem"), "no PEM private key in "));
    assert!(says(check("client.pem", "nowhere.key"), "cannot read the key in "));
    let check = |name| check_certificates(&file(name)).map_err(|error| error.to_string());
    assert!(says(check("server.key"), "no PEM certificate in "));
    assert!(says(check("nowhere.pem"), "cannot read the certificates in "));
}
