//! How the process ends, and what it refuses to begin.

use std::{net::TcpListener, time::Duration};

use fulmar::sandbox::Sandbox;
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    patience::{eventually, story},
    program::{Gateway, finished, written},
    server::Ngircd,
    stage::{NICK, ROOM, Small},
    storm,
};

const WRONG: &str = r#"
[gateway]
nmae = "fulmar"

[stackstorm.default]
auth_url = "https://st2.example.org/auth"
api_url = "st2.example.org"
stream_url = "https://st2.example.org/stream"
api_auth = { key = "s3cret" }

[chats.irc]
kind = "irc"
port = 99999
nick = "fulmar"
"#;

#[test]
fn a_bad_configuration_is_refused_with_all_its_errors_at_once() {
    let (_folder, file) = written(WRONG);

    for verb in ["run", "check"] {
        let end = finished(&[verb, "--config", file.to_str().unwrap()], "");

        assert_eq!(end.code, Some(78), "{end:?}");
        for error in
            [":3: gateway.nmae: ", ":7: stackstorm.default.api_url: ", "chats.irc.server: ", "chats.irc.port: "]
        {
            assert!(end.err.contains(error), "{verb} does not say {error:?} but {}", end.err);
        }
        assert!(!end.err.contains("s3cret"));
    }
}

#[test]
fn check_can_answer_as_json() {
    let (_folder, wrong) = written(WRONG);
    let (_other_folder, good) =
        written(&storm::config("http://127.0.0.1:9101", &["[chats.t]\nkind = \"terminal\"".into()]));

    let refused = finished(&["check", "--json", "--config", wrong.to_str().unwrap()], "");
    let accepted = finished(&["check", "--json", "--config", good.to_str().unwrap()], "");

    let answer: Value = serde_json::from_str(&refused.out).unwrap();
    assert_eq!((refused.code, &answer["good"]), (Some(78), &Value::Bool(false)));
    assert!(
        answer["errors"].as_array().unwrap().iter().any(|it| it["key"] == "chats.irc.port" && it["line"] == 13),
        "{answer:#}"
    );
    let answer: Value = serde_json::from_str(&accepted.out).unwrap();
    assert_eq!((accepted.code, &answer["good"]), (Some(0), &Value::Bool(true)), "{answer:#}");
}

#[test]
fn a_configuration_that_is_not_there_is_refused() {
    let end = finished(&["run", "--config", "/nowhere/fulmar.toml"], "");

    assert_eq!(end.code, Some(78));
    assert!(end.err.contains("/nowhere/fulmar.toml"), "{}", end.err);
}

#[test]
fn an_address_that_is_taken_is_named() {
    let holder = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = holder.local_addr().unwrap().to_string();
    let config = storm::config("http://127.0.0.1:9101", &["[chats.t]\nkind = \"terminal\"".into()]);
    let admin = config.replace("127.0.0.1:0", &taken);
    let web = format!("[web]\nlisten = \"{taken}\"\n{config}");

    for (table, config) in [("admin", admin), ("web", web)] {
        let (_folder, file) = written(&config);

        let end = finished(&["run", "--config", file.to_str().unwrap()], "");

        assert_eq!(end.code, Some(1), "{end:?}");
        assert!(end.err.contains(&format!("cannot serve [{table}] listen = \"{taken}\"")), "{}", end.err);
    }
}

#[test]
fn a_signal_to_stop_is_obeyed_politely() {
    for signal in ["TERM", "INT"] {
        story(async || {
            let Some(mut stage) = Small::ready().await else { return };

            let asked = Instant::now();
            stage.gateway.signal(signal);

            let quit = stage.peer.sees_quit(NICK).await;
            assert_eq!(stage.gateway.exits().await, Some(0));
            assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
            assert!(quit.contains("leaving"), "{quit}");
        });
    }
}

#[test]
fn a_stop_does_not_wait_until_everything_is_said_and_tells_of_the_rest() {
    story(async || {
        let Some(server) = Ngircd::start().await else { return };
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let mut peer = server.peer().await;
        peer.joins(ROOM).await;
        let slow = server.chat("irc", NICK, &[ROOM]).replace("rate = 0", "rate = 1\nburst = 1");
        let mut gateway = Gateway::start(&storm::config(&sandbox.url(), &[slow])).await;
        gateway.until_ready().await;

        peer.says(ROOM, "!lines 100").await;
        peer.hears_of(ROOM, "line 0001").await;
        let asked = Instant::now();
        gateway.signal("TERM");

        peer.sees_quit(NICK).await;
        assert_eq!(gateway.exits().await, Some(0));
        assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
        eventually("a word about the rest", async || {
            let log = gateway.log();
            if log.contains("messages unsaid") { Ok(()) } else { Err(log) }
        })
        .await;
    });
}
