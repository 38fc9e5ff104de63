//! How answers look in a real room.

use fulmar::sandbox::Sandbox;
use serde_json::json;

use crate::{
    patience::story,
    program::Gateway,
    server::{Inspircd, unique},
    storm,
};

#[test]
fn a_result_has_a_name_a_colour_where_there_may_be_one_and_a_whisper_no_other_reader() {
    story(async || {
        let Some(server) = Inspircd::find() else { return };
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let (nick, ops) = (unique("f"), unique("#ops"));
        let mut peer = server.known_peer().await;
        peer.joins(&ops).await;
        let chat = format!("{}colors = true\n", server.chat("irc", &nick, &[&ops]));
        let config = storm::config(&sandbox.url(), &[chat]).replace("\"never\"", "\"results\"");
        let gateway = Gateway::start(&config).await;
        gateway.until_ready().await;

        peer.says(&ops, "!fail raise").await;
        let red = peer.hears_of(&ops, &format!("{}: ", peer.nick)).await;
        peer.says(&ops, "!deploy web").await;
        let green = peer.hears_of(&ops, "\u{2}web\u{2}").await;
        peer.sends(&format!("MODE {ops} +c")).await;
        peer.says(&ops, "!deploy api").await;
        let bare = peer.hears_of(&ops, &format!("{}: api ", peer.nick)).await;
        let whisper = json!({"channel": ops, "message": "psst", "user": peer.nick, "whisper": true});
        let emit = json!({"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": whisper}});
        storm::inject(&sandbox, emit);

        assert!(red.starts_with(&format!("\u{3}04{}: ", peer.nick)) && red.ends_with('\u{f}'), "{red:?}");
        assert!(green.starts_with(&format!("\u{3}03{}: \u{2}web\u{2}", peer.nick)), "{green:?}");
        assert!(bare.starts_with(&format!("{}: api", peer.nick)), "{bare:?}");
        assert_eq!(peer.hears_directly().await, "psst");
        assert!(peer.unread().await.iter().all(|line| !line.contains(&format!("{ops} :psst"))));
    });
}
