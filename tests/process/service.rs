//! What systemd is told.

use tempfile::TempDir;
use tokio::net::UnixDatagram;

use crate::{
    patience::{story, within},
    program::Gateway,
    storm,
};

#[test]
fn systemd_is_told_of_the_start_of_each_turn_and_of_the_end() {
    story(async || {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("notify");
        let socket = UnixDatagram::bind(&path).unwrap();
        let chat =
            "[chats.irc]\nkind = \"irc\"\nserver = \"127.0.0.1\"\nport = 9\ntls = false\nnick = \"fulmar\"\n";
        let config = storm::config("http://127.0.0.1:9", &[chat.into()]);

        let mut gateway = Gateway::start_as(&config, |program| {
            program.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "200000");
        })
        .await;

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

/// What is told next.
async fn next(socket: &UnixDatagram) -> String {
    let mut told = Vec::with_capacity(256);
    within("what systemd is told", socket.recv_buf(&mut told)).await.unwrap();
    String::from_utf8_lossy(&told).trim_end().to_owned()
}
