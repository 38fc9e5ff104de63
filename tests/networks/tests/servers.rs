//! That the servers and the clients are what stories and figures take them for. What cannot be had is skipped loudly.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use fulmar_conformance::skip;
use fulmar_networks::{Inspircd, Prosody, Server, Synapse};

/// Two meet in a room, before and after the server was killed.
async fn meet(server: &mut impl Server, room: &str, thread: Option<&str>) {
    for _ in 0..2 {
        let ann = server.person("ann", &[room]).await.unwrap();
        let mut joe = server.person("joe", &[room]).await.unwrap();

        ann.say(room, thread, "how are you?").await.unwrap();
        let said = joe.hear().await.unwrap();

        assert_eq!(
            (said.room.as_str(), said.thread.as_deref(), said.text.as_str()),
            (room, thread, "how are you?")
        );
        assert!(said.by.contains("ann"), "{said:?}");
        server.kill().await.unwrap();
        assert!(joe.hear().await.is_err());
        server.start_again().await.unwrap();
    }
}

#[tokio::test]
async fn people_meet_on_irc() {
    let Some(mut server) = Inspircd::start().await.unwrap() else { return skip("the program inspircd") };
    meet(&mut server, "#ops", None).await;
}

#[tokio::test]
async fn people_meet_on_xmpp() {
    let Some(mut server) = Prosody::start().await.unwrap() else { return skip("the program prosody") };
    meet(&mut server, &Prosody::room("ops"), Some("t1")).await;
}

#[tokio::test]
async fn people_meet_on_matrix() {
    if std::env::var("FULMAR_TEST_SYNAPSE").is_err() {
        return skip("a real synapse (FULMAR_TEST_SYNAPSE)");
    }
    let mut server = Synapse::start().await.unwrap();
    let room = server.make_room("ann", "ops").await.unwrap();
    meet(&mut server, &room, None).await;
}
