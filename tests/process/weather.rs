//! What goes wrong around the gateway, and how it lives through it.

use std::{
    net::{SocketAddr, TcpListener},
    time::Duration,
};

use fulmar::sandbox::{Sandbox, SandboxConfig};
use serde_json::json;
use tokio::time::Instant;

use crate::{
    patience::{eventually, story},
    program::Gateway,
    server::{Inspircd, Ngircd, free_port, unique},
    stage::{NICK, ROOM, Small, child},
    storm::{self, announcement},
};

#[test]
fn a_stackstorm_that_is_down_is_said_to_be_and_works_when_it_comes() {
    story(async || {
        let Some(server) = Ngircd::start().await else { return };
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let mut peer = server.peer().await;
        peer.joins(ROOM).await;
        let config = storm::config(&format!("http://{address}"), &[server.chat("irc", NICK, &[ROOM])]);
        let gateway = Gateway::start(&config).await;
        gateway.until("the room is joined", |status| status["chats"]["irc"]["rooms"] == json!([ROOM])).await;

        peer.says(ROOM, "!echo x").await;
        let answer = peer.hears(ROOM).await;
        let status = gateway.status().await;
        let (code, missing) = gateway.get("/ready").await;
        let _sandbox = Sandbox::start(SandboxConfig { listen: address, ..storm::settings() }).unwrap();

        assert!(answer.starts_with("The commands are not known yet: "), "{answer}");
        assert_eq!(status["stackstorm"]["default"]["stream"]["phase"], "connecting");
        assert_eq!(status["stackstorm"]["default"]["auth"], "unavailable");
        assert_eq!(status["chats"]["irc"]["phase"], "up");
        assert_eq!(code, 503);
        assert!(missing.contains("aliases") && !missing.contains("chat"), "{missing}");
        gateway.until_ready().await;
        peer.says(ROOM, "!quietly now").await;
        assert_eq!(peer.hears(ROOM).await, "now");
    });
}

#[test]
fn a_result_survives_a_stream_that_is_cut_and_refused() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.begins_deploy(500).await;
        stage.inject(json!({"fault": "refuse-streams", "status": 503, "millis": 2_000}));
        stage.inject(json!({"fault": "cut-streams"}));
        let cut = stage
            .gateway
            .until("the cut is seen", |status| child(status, "listener/default")["phase"] != "up")
            .await;

        assert_eq!(cut["stackstorm"]["default"]["stream"]["phase"], "connecting");
        assert_eq!(cut["chats"]["irc"]["phase"], "up");
        assert_eq!(cut["journal"]["open"], 1);
        assert_eq!(stage.gateway.get("/ready").await.0, 503);
        stage.peer.hears_of(ROOM, "\u{2}web\u{2}").await;
        stage.gateway.until_ready().await;
        assert_eq!(stage.sandbox.made(), 1);
    });
}

#[test]
fn tokens_that_expire_in_mid_stream_are_renewed_once_and_nobody_notices() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };
        let logins = |stage: &Small| stage.sandbox.seen().iter().filter(|seen| seen.path == "/v1/tokens").count();
        let before = logins(&stage);

        stage.begins_deploy(300).await;
        stage.inject(json!({"fault": "expire-tokens"}));
        stage.works("meanwhile").await;
        stage.inject(json!({"fault": "cut-streams"}));

        stage.peer.hears_of(ROOM, "\u{2}web\u{2}").await;
        assert_eq!(logins(&stage) - before, 1);
    });
}

#[test]
fn a_call_that_hangs_delays_nobody_else_and_no_stop() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };
        let mut other = stage.server.peer().await;
        other.joins(ROOM).await;

        stage.inject(json!({"fault": "hang", "path": "/v1/aliasexecution", "millis": 30_000}));
        stage.peer.says(ROOM, "!deploy web").await;
        stage.gateway.until("it hangs", |status| status["journal"]["open"] == 1).await;
        let asked = Instant::now();
        other.says(ROOM, "!see OPS-1").await;
        other.hears_of(ROOM, "Running demo.tickets").await;

        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        stage.gateway.signal("TERM");
        assert_eq!(stage.gateway.exits().await, Some(0));
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    });
}

#[test]
fn garbage_in_the_stream_is_passed_over() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        for data in [json!({"payload": null}), json!([]), json!("x"), json!({"payload": {"channel": 5}})] {
            stage.inject(json!({"fault": "emit", "event": "st2.announcement__errbot", "data": data}));
            stage.inject(json!({"fault": "emit", "event": "st2.execution__update", "data": data}));
        }
        for text in ["garbage\n\n", ":::\n", "event: st2.execution__update\ndata: {\n\n", "\u{0}\r\r\n\n"] {
            stage.inject(json!({"fault": "raw", "text": text}));
        }

        stage.works("undisturbed").await;
        let status = stage.gateway.status().await;
        assert!(status["children"].as_array().unwrap().iter().all(|it| it["restarts"] == 0), "{status:#}");
    });
}

#[test]
fn a_killed_irc_server_is_returned_to_and_owed_results_arrive() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.begins_deploy(1_000).await;
        stage.gateway.until("the ack is confirmed", |status| status["journal"]["pending"] == 0).await;
        stage.server.kill();
        let away = stage.gateway.until("the loss is seen", |status| status["chats"]["irc"]["phase"] != "up").await;
        assert_eq!(away["stackstorm"]["default"]["stream"]["phase"], "open");
        assert_eq!(stage.gateway.get("/ready").await.0, 503);
        eventually("the end of the execution", async || {
            let status = stage.sandbox.executions()[0]["status"].clone();
            if status == "succeeded" { Ok(()) } else { Err(status.to_string()) }
        })
        .await;
        stage.gateway.until("it waits to be said", |status| status["journal"]["pending"] == 1).await;
        stage.server_returns().await;

        let result = stage.peer.hears(ROOM).await;
        assert!(result.starts_with("\u{2}web\u{2} "), "{result}");
        stage.gateway.until_ready().await;
        stage.works("again").await;
    });
}

#[test]
fn a_post_that_nobody_confirmed_is_repeated_with_a_mark() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.server.freeze();
        storm::inject(&stage.sandbox, announcement("important"));
        stage.gateway.until("it is on its way", |status| status["journal"]["pending"] == 1).await;
        stage.server.kill();
        stage.gateway.until("the loss is seen", |status| status["chats"]["irc"]["phase"] != "up").await;
        stage.server_returns().await;

        assert_eq!(stage.peer.hears(ROOM).await, "(repeated) important");
    });
}

#[test]
fn a_server_that_says_nothing_does_not_delay_the_end() {
    story(async || {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = silent.local_addr().unwrap().port();
        let chat = format!(
            "[chats.irc]\nkind = \"irc\"\nserver = \"127.0.0.1\"\nport = {port}\ntls = false\nnick = \"f\"\n"
        );
        let mut gateway = Gateway::start(&storm::config("http://127.0.0.1:1", &[chat])).await;
        let _connection = tokio::task::spawn_blocking(move || silent.accept()).await.unwrap().unwrap();

        let asked = Instant::now();
        gateway.signal("TERM");

        assert_eq!(gateway.exits().await, Some(0));
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    });
}

#[test]
fn an_execution_that_stackstorm_forgot_is_told() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };
        let listen = stage.sandbox.url().trim_start_matches("http://").parse().unwrap();

        stage.begins_deploy(60_000).await;
        stage.sandbox.stop().await;
        stage.gateway.until("the loss is seen", |status| child(status, "listener/default")["phase"] != "up").await;
        stage.sandbox = Sandbox::start(SandboxConfig { listen, ..storm::settings() }).unwrap();

        stage.peer.hears_of(ROOM, "StackStorm does not know the execution").await;
        stage.gateway.until_ready().await;
        stage.works("again").await;
    });
}

#[test]
fn a_refused_login_parks_its_chat_and_no_other() {
    story(async || {
        let Some(server) = Inspircd::find() else { return };
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let (good, bad, room) = (unique("f"), unique("f"), unique("#ops"));
        let refused = server.chat("bad", &bad, &[&room]).replace(&server.password, "s3cret-but-wrong");
        let mut peer = server.known_peer().await;
        peer.joins(&room).await;
        let config = storm::config(&sandbox.url(), &[server.chat("good", &good, &[&room]), refused]);
        let gateway = Gateway::start(&config).await;

        let status = gateway.until("it parks", |status| status["chats"]["bad"]["phase"] == "parked").await;
        let parked = child(&status, "chat/bad");
        gateway.until_ready().await;
        peer.says(&room, "!quietly well").await;

        assert_eq!(parked["restarts"], 1, "more tries lock accounts: {parked:#}");
        assert!(!parked["next_try"].is_null() && parked["last_error"].is_string(), "{parked:#}");
        assert!(!status.to_string().contains("s3cret"), "{status:#}");
        assert_eq!(peer.hears(&room).await, "well");
        assert_eq!(child(&gateway.status().await, "chat/good")["restarts"], 0);
    });
}
