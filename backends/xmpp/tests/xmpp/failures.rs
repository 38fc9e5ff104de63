//! What goes wrong between us and the server.

use std::{path::Path, process::Command, time::Duration};

use fulmar_conformance::{Chat, Session, within};
use fulmar_contract::{Event, Failure, Link, Login, Order, Post, RoomId, Undelivered};
use fulmar_xmpp::KIND;
use tempfile::TempDir;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};

use crate::{
    peer::Way,
    place::{self, Place},
};

#[tokio::test]
async fn tls_at_once_works_as_well() {
    let Some(place) = place::prosody().await else { return };
    let port = place.way.direct.rsplit(':').next().unwrap();
    let chat = place.chat().text("tls", "direct").text("server", &format!("localhost:{port}"));

    let (session, _) = Session::in_room(&*chat.build(), &RoomId::new(&place.room)).await;

    assert!(session.leave().await.is_ok());
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let Some(place) = place::prosody().await else { return };
    let chat = Chat::of(KIND)
        .text("jid", &format!("{}@localhost", place.account))
        .text("password", &place.account)
        .text("server", &format!("localhost:{}", place.proxy.port));

    let end = Session::start(&*chat.build()).ended_unheard().await;

    let Err(Failure::Lost { why }) = end else { panic!("{end:?}") };
    assert!(why.contains("certificate"), "{why}");
}

#[tokio::test]
async fn a_certificate_that_is_named_itself_is_believed() {
    let Some(place) = place::prosody().await else { return };
    let own = Path::new(&place.way.ca).with_file_name("server.crt");
    let chat = place.chat().text("ca_cert", own.to_str().unwrap());

    let (session, _) = Session::in_room(&*chat.build(), &RoomId::new(&place.room)).await;

    assert!(session.leave().await.is_ok());
}

#[tokio::test]
async fn a_certificate_for_another_domain_is_not_believed() {
    let Some(place) = place::prosody().await else { return };
    let chat = place.chat().text("jid", &format!("{}@example.org", place.account));

    let end = Session::start(&*chat.build()).ended_unheard().await;

    assert!(matches!(end, Err(Failure::Lost { .. } | Failure::Misconfigured { .. })), "{end:?}");
}

#[tokio::test]
async fn a_server_that_falls_silent_is_lost_within_a_minute() {
    let Some(place) = place::prosody().await else { return };
    let (events_in, mut events) = mpsc::channel(64);
    let (orders, orders_out) = mpsc::channel(8);
    let session = tokio::spawn(place.chat().build().run(Link::new(Login::Usual, events_in, orders_out)));
    let room = RoomId::new(&place.room);
    within("the room", async { while events.recv().await.unwrap() != Event::Joined(room.clone()) {} }).await;

    place.proxy.stall();
    let (receipt, answer) = oneshot::channel();
    let post = Post::plain(room, "anybody?", "1");
    orders.send(Order::Post { post, receipt }).await.unwrap();
    let end = timeout(Duration::from_secs(60), session).await.unwrap().unwrap();

    assert!(matches!(end, Err(Failure::Lost { .. })), "{end:?}");
    let outcome = answer.await.unwrap();
    assert!(matches!(outcome, Err(Undelivered::Unknown { .. })), "it may have been said: {outcome:?}");
}

#[tokio::test]
async fn a_server_that_is_killed_ends_the_session_and_the_next_works() {
    if place::way().is_none() {
        return;
    }
    let server = Server::start();
    let place = Place::on(server.way.clone()).await;
    let backend = place.chat().build();
    let room = RoomId::new(&place.room);
    let (session, _) = Session::in_room(&*backend, &room).await;

    server.run("kill");
    let end = session.ended().await;
    server.run("again");
    let (mut session, _) = Session::in_room(&*backend, &room).await;
    let receipt = session.post(&room, "back").await;

    assert!(matches!(end, Err(Failure::Lost { .. })), "{end:?}");
    assert!(receipt.is_ok(), "{receipt:?}");
}

/// A server of one test's own. Dropped, it is stopped.
struct Server {
    folder: TempDir,
    way: Way,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let printed = run("start", folder.path());
        let value = |key: &str| {
            let start = format!("export {key}=");
            printed.lines().find_map(|line| line.strip_prefix(&start)).unwrap().to_owned()
        };
        let way = Way {
            server: value("FULMAR_TEST_PROSODY"),
            direct: value("FULMAR_TEST_PROSODY_DIRECT"),
            ca: value("FULMAR_TEST_PROSODY_CA"),
        };
        Self { folder, way }
    }

    fn run(&self, verb: &str) {
        run(verb, self.folder.path());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.run("stop");
    }
}

fn run(verb: &str, folder: &Path) -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/servers/xmpp.sh");
    let output = Command::new(script).arg(verb).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
