//! Logging in, in each way that a server can have.

use fulmar_conformance::{Chat, Session};
use fulmar_contract::{Failure, Identity, RoomId, Sender, UserId};
use tempfile::NamedTempFile;

use crate::{
    chat::{self, Keys},
    server::{Able, NOTHING, Server},
};

const EXTERNAL: Able = Able { sasl: "PLAIN,EXTERNAL", tls: true, ..NOTHING };
const SCRAM: Able = Able { sasl: "PLAIN,SCRAM-SHA-256", ..NOTHING };
const SERVICES: Able = Able { nickserv: true, ..NOTHING };

fn on(server: &Server) -> Chat {
    chat::on(server.port).text("nick", "fulmar").text("rooms", "#ops")
}

fn file(content: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    file
}

/// Enters over TLS and shows a certificate.
async fn external(server: &Server, (certificate, key): &(String, String)) -> Result<Sender, Failure> {
    let [ca, certificate, key] = [&server.ca, certificate, key].map(|content| file(content));
    let path = |file: &NamedTempFile| file.path().to_str().unwrap().to_owned();
    let chat = on(server).text("ca_cert", &path(&ca)).text("sasl", "external");
    enter(chat.text("client_cert", &path(&certificate)).text("client_key", &path(&key))).await
}

/// Who we are after the registration, or why there is no session.
async fn enter(chat: Chat) -> Result<Sender, Failure> {
    let mut session = Session::start(&*chat.build());
    match session.first().await {
        Some(me) => Ok(me),
        None => Err(session.ended().await.unwrap_err()),
    }
}

fn fulmar() -> Identity {
    Identity::Vouched(UserId::new("fulmar"))
}

#[tokio::test]
async fn a_certificate_that_the_server_knows_logs_in_and_another_does_not() {
    let (server, stranger) = (Server::start(EXTERNAL).await, Server::start(EXTERNAL).await);

    let known = external(&server, &server.known).await;
    let unknown = external(&server, &stranger.known).await;

    assert_eq!(known.unwrap().identity, fulmar());
    assert!(unknown.is_err(), "{unknown:?}");
}

#[tokio::test]
async fn scram_logs_in_without_showing_the_password() {
    let server = Server::start(SCRAM).await;
    let chat = |password| on(&server).without_tls().sasl("fulmar", password).text("sasl", "scram-sha-256");

    let known = enter(chat("pw")).await;
    let unknown = enter(chat("wrong")).await;

    assert_eq!(known.unwrap().identity, fulmar());
    assert!(matches!(unknown, Err(Failure::Credentials { .. })), "{unknown:?}");
    let lines = server.lines.lock().await;
    let shown = ["AUTHENTICATE PLAIN", "AUTHENTICATE ZnVsbWFyAGZ1bG1hcgBwdw=="];
    assert!(!lines.iter().any(|line| shown.contains(&line.as_str())), "{lines:?}");
}

#[tokio::test]
async fn a_server_that_lets_us_in_without_knowing_the_password_is_left() {
    let server = Server::start(Able { sasl: "SCRAM-SHA-256", forgets: true, ..NOTHING }).await;

    let end = enter(on(&server).without_tls().sasl("fulmar", "pw").text("sasl", "scram-sha-256")).await;

    assert!(matches!(end, Err(Failure::Credentials { .. })), "{end:?}");
}

#[tokio::test]
async fn without_a_word_on_sasl_the_best_that_is_offered_is_used() {
    let server = Server::start(SCRAM).await;
    let chat = on(&server).without_tls().text("account", "fulmar").text("sasl_password", "pw");

    let me = enter(chat).await;

    assert_eq!(me.unwrap().identity, fulmar());
    let lines = server.lines.lock().await;
    assert!(lines.iter().any(|line| line == "AUTHENTICATE SCRAM-SHA-256"), "{lines:?}");
}

#[tokio::test]
async fn nickserv_logs_in_before_anything_is_joined() {
    let server = Server::start(SERVICES).await;
    let chat = |password| on(&server).without_tls().text("sasl_password", password);

    let known = Session::in_room(&*chat("pw").build(), &RoomId::new("#ops")).await.1;
    let unknown = enter(chat("wrong")).await;

    assert_eq!(known.identity, fulmar());
    assert!(matches!(unknown, Err(Failure::Credentials { .. })), "{unknown:?}");
    let lines = server.lines.lock().await;
    let at = |wanted: &str| lines.iter().position(|line| line.starts_with(wanted)).unwrap();
    assert!(at("PRIVMSG NickServ :IDENTIFY fulmar pw") < at("JOIN"), "{lines:?}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("JOIN")).count(), 1);
}

#[tokio::test]
async fn a_demand_for_tls_is_obeyed_at_once_and_remembered() {
    let secure = Server::start(Able { tls: true, sts: Some((0, 60)), ..NOTHING }).await;
    let exposed = Server::start(Able { sts: Some((secure.port, 0)), ..NOTHING }).await;
    let ca = file(&secure.ca);
    let chat = on(&exposed).without_tls().text("ca_cert", ca.path().to_str().unwrap()).build();

    for _ in 0..2 {
        drop(Session::in_room(&*chat, &RoomId::new("#ops")).await);
    }

    let exposed = exposed.lines.lock().await;
    assert_eq!(exposed.iter().filter(|line| line.starts_with("CAP LS")).count(), 1, "{exposed:?}");
    let secure = secure.lines.lock().await;
    assert_eq!(secure.iter().filter(|line| line.starts_with("JOIN")).count(), 2, "{secure:?}");
}

#[tokio::test]
async fn a_demand_for_tls_that_cannot_be_met_is_no_reason_to_speak_without() {
    let stranger = Server::start(Able { tls: true, ..NOTHING }).await;
    let exposed = Server::start(Able { sts: Some((stranger.port, 60)), ..NOTHING }).await;

    let end = enter(on(&exposed).without_tls()).await;

    assert!(matches!(&end, Err(Failure::Lost { why }) if why.contains("certificate")), "{end:?}");
    let lines = exposed.lines.lock().await;
    assert!(!lines.iter().any(|line| line.starts_with("CAP REQ") || line.starts_with("JOIN")), "{lines:?}");
}
