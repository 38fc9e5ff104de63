//! Faults of our own: a panic anywhere is one life's end.

use fulmar::sandbox::Sandbox;
use serde_json::json;

use crate::{
    patience::story,
    program::Gateway,
    server::Ngircd,
    stage::{Small, child},
    storm,
};

#[test]
fn a_panic_in_any_actor_heals_and_commands_work() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        for name in ["journal", "delivery", "router", "auth/default", "aliases/default", "listener/default"] {
            stage.gateway.panics(name, "panic").await;
            let healed = stage
                .gateway
                .until("it is up again", |status| {
                    child(status, name)["restarts"] == 1 && child(status, name)["phase"] == "up"
                })
                .await;
            stage.gateway.until_ready().await;

            stage.works(&format!("after-{name}")).await;
            assert!(child(&healed, name)["last_error"].as_str().unwrap().contains("panicked"), "{healed:#}");
            assert_eq!(child(&healed, "chat/irc")["restarts"], 0);
        }
    });
}

#[test]
fn a_panic_in_one_chat_is_nothing_to_the_other() {
    story(async || {
        let Some(server) = Ngircd::start().await else { return };
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let mut peer = server.peer().await;
        for room in ["#one", "#two"] {
            peer.joins(room).await;
        }
        let chats = [server.chat("one", "first", &["#one"]), server.chat("two", "second", &["#two"])];
        let gateway = Gateway::start(&storm::config(&sandbox.url(), &chats)).await;
        for chat in ["one", "two"] {
            gateway.until("it is joined", |status| status["chats"][chat]["rooms"] != json!([])).await;
        }
        gateway.until_ready().await;

        for (restarts, how) in [(1, "panic"), (2, "panic-inside")] {
            gateway.panics("chat/one", how).await;
            peer.sees_quit("first").await;
            peer.says("#two", &format!("!quietly {how}")).await;
            assert_eq!(peer.hears("#two").await, how);
            let healed = gateway
                .until("it is up again", |status| {
                    let one = child(status, "chat/one");
                    one["restarts"] == restarts && status["chats"]["one"]["rooms"] == json!(["#one"])
                })
                .await;
            peer.says("#one", "!quietly healed").await;
            assert_eq!(peer.hears("#one").await, "healed");
            assert_eq!(child(&healed, "chat/two")["restarts"], 0);
        }
        let lines = peer.unread().await;
        assert!(lines.iter().all(|line| !(line.starts_with(":second!") && line.contains("QUIT"))), "{lines:#?}");
    });
}

#[test]
fn a_core_actor_that_panics_without_end_ends_the_process_politely() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        for restarts in 0..6 {
            stage
                .gateway
                .until("the router is up", |status| {
                    child(status, "router")["restarts"] == restarts && child(status, "router")["phase"] == "up"
                })
                .await;
            stage.gateway.panics("router", "panic").await;
        }

        stage.peer.sees_quit("fulmar").await;
        assert_eq!(stage.gateway.exits().await, Some(70));
        assert!(stage.gateway.log().contains("fulmar: router failed too often"), "it says why");
    });
}
