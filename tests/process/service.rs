//! What systemd is told.

use std::time::Duration;

use awc::http::Method;
use tempfile::TempDir;
use tokio::{net::UnixDatagram, time::Instant};

use crate::{
    patience::{story, within},
    program::Gateway,
    storm,
};

const CHAT: &str =
    "[chats.irc]\nkind = \"irc\"\nserver = \"127.0.0.1\"\nport = 9\ntls = false\nnick = \"fulmar\"\n";

/// A gateway with this socket of systemd's, and a watchdog that is to be fed every 100 ms.
async fn watched(folder: &TempDir) -> (Gateway, UnixDatagram) {
    let path = folder.path().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let config = storm::config("http://127.0.0.1:9", &[CHAT.into()]);
    let gateway = Gateway::start_as(&config, |program| {
        program.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
    })
    .await;
    (gateway, socket)
}

#[test]
fn systemd_is_told_of_the_start_of_each_turn_and_of_the_end() {
    story(async || {
        let folder = TempDir::new().unwrap();

        let (mut gateway, socket) = watched(&folder).await;

        let mut told = vec![next(&socket).await];
        while told.len() < 4 {
            told.push(next(&socket).await);
        }
        assert_eq!(told, ["READY=1", "WATCHDOG=1", "WATCHDOG=1", "WATCHDOG=1"]);
        gateway.signal("TERM");
        while next(&socket).await != "STOPPING=1" {}
        assert_eq!(gateway.exits().await, Some(0));
    });
}

/// The thread hangs for three seconds.
#[test]
fn a_thread_that_hangs_feeds_no_watchdog_and_is_not_live() {
    story(async || {
        let folder = TempDir::new().unwrap();
        let (gateway, socket) = watched(&folder).await;

        assert_eq!(gateway.ask(Method::POST, "/test/thread/hang", None).await.0, 202);
        let hungry = within("a watchdog that is hungry", async {
            let mut fed = Instant::now();
            loop {
                next(&socket).await;
                if fed.elapsed() >= Duration::from_secs(2) {
                    return;
                }
                fed = Instant::now();
            }
        });
        let live = async {
            let asked = Instant::now();
            (gateway.get("/live").await.0, asked.elapsed())
        };

        let ((), (live, after)) = tokio::join!(hungry, live);
        assert!(live == 200 && after >= Duration::from_secs(1), "{after:?}");
        assert_eq!(next(&socket).await, "WATCHDOG=1");
    });
}

/// What is told next.
async fn next(socket: &UnixDatagram) -> String {
    let mut told = Vec::with_capacity(256);
    within("what systemd is told", socket.recv_buf(&mut told)).await.unwrap();
    String::from_utf8_lossy(&told).trim_end().to_owned()
}
