//! Faults of our own: a panic anywhere is one life's end.

use std::process::Command;

use fulmar::sandbox::Sandbox;
use serde_json::{Value, json};

use crate::{
    patience::{eventually, story},
    program::Gateway,
    server::Ngircd,
    stage::{ROOM, Small, child},
    storm::{self, announcement},
};

#[test]
fn a_panic_in_any_actor_heals_and_commands_work() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        let storms = ["auth/default", "aliases/default", "listener/default", "progress/default"];
        for name in ["journal", "delivery", "router"].into_iter().chain(storms) {
            stage.gateway.panics(name, "panic").await;
            let healed = stage
                .gateway
                .until("it is up again", |status| {
                    child(status, name)["restarts"] == 1 && child(status, name)["phase"] == "up"
                })
                .await;
            stage.gateway.until_ready().await;

            stage.works(&format!("after-{name}")).await;
            stage.gateway.until("it is confirmed", |status| status["journal"]["pending"] == 0).await;
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
            gateway.until("it is confirmed", |status| status["journal"]["pending"] == 0).await;
            assert_eq!(child(&healed, "chat/two")["restarts"], 0);
        }
        let lines = peer.unread().await;
        assert!(lines.iter().all(|line| !(line.starts_with(":second!") && line.contains("QUIT"))), "{lines:#?}");
    });
}

#[test]
fn a_panic_is_a_line_of_the_log_and_how_it_came_to_that_is_told_if_asked_for() {
    story(async || {
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let chat = "[chats.mem]\nkind = \"memory\"\nrooms = [\"ops\"]\n".to_owned();
        let config = storm::config(&sandbox.url(), &[chat]);
        let asked = |program: &mut Command| {
            program.env("RUST_BACKTRACE", "1");
        };
        let gateway = Gateway::start_as(&config, asked).await;

        gateway.panics("router", "panic").await;

        let log = eventually("how it came to that", async || {
            let log = gateway.log();
            if log.contains("supervise::child::Tell") { Ok(log) } else { Err(log) }
        })
        .await;
        let line = log.lines().find(|line| line.contains("panicked at src/actors/")).unwrap();
        assert!(line.contains("ERROR") && line.ends_with(": told to panic by a test switch"), "{line}");
    });
}

#[test]
fn a_core_actor_that_panics_again_and_again_keeps_results_and_in_the_end_ends_the_process_politely() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        for restarts in 0..6 {
            router_is_up(&stage.gateway, restarts).await;
            if restarts == 4 {
                stage.begins_deploy(300).await;
            }
            if restarts == 5 {
                // It ended while the Router was away for long.
                stage.peer.hears_of(ROOM, "\u{2}web\u{2}").await;
            }
            stage.gateway.panics("router", "panic").await;
        }

        stage.peer.sees_quit("fulmar").await;
        assert_eq!(stage.gateway.exits().await, Some(70));
        assert!(stage.gateway.log().contains("fulmar: router failed too often"), "it says why");
    });
}

#[test]
fn a_command_outlives_a_panic_of_the_router() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.inject(json!({"fault": "hang", "path": "/v1/aliasexecution", "millis": 2_000, "when": "after"}));
        stage.peer.says(ROOM, "!deploy web").await;
        stage.gateway.until("it is sent", |status| status["journal"]["open"] == 1).await;
        stage.gateway.panics("router", "panic").await;

        stage.peer.hears_of(ROOM, "Deploying web.").await;
        stage.peer.hears_of(ROOM, "\u{2}web\u{2}").await;
        stage.gateway.until("nothing is open", |status| status["journal"]["open"] == 0).await;
        assert_eq!(stage.sandbox.made(), 1);
    });
}

#[test]
fn a_post_over_which_a_chat_panics_is_marked_when_it_is_repeated() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.server.freeze();
        storm::inject(&stage.sandbox, announcement("important"));
        stage.gateway.until("it is on its way", |status| status["journal"]["pending"] == 1).await;
        stage.gateway.panics("chat/irc", "panic").await;
        stage.gateway.until("it restarts", |status| child(status, "chat/irc")["restarts"] == 1).await;
        stage.server.thaw();

        stage.peer.hears_of(ROOM, "(repeated) important").await;
    });
}

#[test]
fn the_status_is_told_while_the_router_is_away_and_people_talk() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        for restarts in 0..4 {
            router_is_up(&stage.gateway, restarts).await;
            stage.gateway.panics("router", "panic").await;
        }
        stage.peer.says(ROOM, "!quietly patience").await;
        stage.gateway.until("it is heard", |status| status["chats"]["irc"]["heard"] == 1).await;
        let status = stage.gateway.status().await;

        assert_eq!(child(&status, "router")["phase"], "waiting");
        assert_eq!(status["chats"]["irc"]["rooms"], json!([ROOM]));
        assert_eq!(stage.peer.hears(ROOM).await, "patience");
    });
}

#[test]
fn what_was_heard_before_a_cut_is_answered_though_the_router_was_away() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        for restarts in 0..3 {
            router_is_up(&stage.gateway, restarts).await;
            stage.gateway.panics("router", "panic").await;
        }
        stage.peer.says(ROOM, "!quietly kept").await;
        stage.gateway.until("it is heard", |status| status["chats"]["irc"]["heard"] == 1).await;
        stage.server.kill();
        stage.gateway.until("it waits to be said", |status| status["journal"]["pending"] == 1).await;
        stage.server_returns().await;

        assert_eq!(stage.peer.hears(ROOM).await, "kept");
    });
}

/// Waits until the Router is up after so many restarts.
async fn router_is_up(gateway: &Gateway, restarts: u64) {
    let is_up = |status: &Value| {
        let router = child(status, "router");
        router["restarts"] == restarts && router["phase"] == "up"
    };
    gateway.until("the router is up", is_up).await;
}
