//! A StackStorm that wants to know who we are before it listens.

use rustls::version::{TLS12, TLS13};

use super::*;
use crate::tls::{
    Identity,
    tests::{choosy_server, identity, trust},
};

fn client_as(port: u16, shown: Option<Identity>) -> Client {
    client_of(&format!("https://localhost:{port}"), trust(true, Some("ca.pem"), shown))
}

#[actix_web::test]
async fn every_connection_shows_our_certificate() {
    let client = client_as(choosy_server(&TLS13), Some(identity("client.pem", "client.key")));

    let api = ask(&client).await.map(drop);
    let auth = client.token("u", &Secret::new("p"), Duration::from_secs(60)).await.map(drop);
    let stream = client.stream(&key(), &["x".into()]).await.map(drop);

    for asked in [api, auth, stream] {
        // It answers, if not as StackStorm would.
        assert!(matches!(&asked, Err(ApiError::Garbage { .. })), "{asked:?}");
    }
}

#[actix_web::test]
async fn without_a_certificate_nothing_runs_and_the_keys_to_set_are_named() {
    for version in [&TLS12, &TLS13] {
        let client = client_as(choosy_server(version), None);

        let api = client.execute(&key(), &command()).await.map(drop).unwrap_err();
        let auth = client.token("u", &Secret::new("p"), Duration::from_secs(60)).await.map(drop).unwrap_err();
        let stream = client.stream(&key(), &["x".into()]).await.map(drop).unwrap_err();

        for error in [api, auth, stream] {
            let text = "cannot reach StackStorm: it wants a certificate of ours: set client_cert and client_key";
            assert_eq!((error.to_string().as_str(), error.fate()), (text, Fate::NotRun), "{version:?}");
        }
    }
}
