//! What an operator sees and may do.

use std::{env, process::Command};

use awc::http::Method;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fulmar::sandbox::Sandbox;
use fulmar_conformance::skip;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    patience::story,
    program::{Gateway, finished},
    server::{Inspircd, unique},
    stage::Small,
    storm,
};

const TOKEN: &str = "s3cret-of-operators";

#[test]
fn the_page_shows_the_chat_in_a_browser() {
    story(async || {
        let Ok(chromium) = env::var("FULMAR_TEST_CHROMIUM") else {
            return skip("a browser (FULMAR_TEST_CHROMIUM)");
        };
        let Some(stage) = Small::ready().await else { return };
        let (url, profile) = (format!("{}/", stage.gateway.admin), TempDir::new().unwrap());

        let browser = tokio::task::spawn_blocking(move || {
            Command::new("timeout")
                .args(["--signal=KILL", "60", &chromium])
                .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
                .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
                .arg(format!("--user-data-dir={}", profile.path().display()))
                .args(["--dump-dom", &url])
                .output()
        });
        let page = String::from_utf8(browser.await.unwrap().unwrap().stdout).unwrap();

        let row = page.split("<tr").find(|row| row.contains("irc") && row.contains("#ops"));
        assert!(row.is_some_and(|row| row.contains("up")), "{page}");
    });
}

#[test]
fn with_a_token_only_health_is_open() {
    story(async || {
        let chat = "[chats.t]\nkind = \"irc\"\nserver = \"127.0.0.1\"\nport = 1\ntls = false\nnick = \"f\"\n";
        let gateway = Gateway::start(&guarded("http://127.0.0.1:1", &[chat.into()])).await;
        let ask = async |path, token| gateway.ask(Method::GET, path, token).await.0;

        for path in ["/", "/status", "/metrics"] {
            assert_eq!(ask(path, None).await, 401, "{path}");
            assert_eq!(ask(path, Some("wrong")).await, 401, "{path}");
            assert_eq!(ask(path, Some(TOKEN)).await, 200, "{path}");
        }
        for path in ["/aliases/refresh", "/chats/t/restart", "/test/router/panic"] {
            assert_eq!(gateway.ask(Method::POST, path, None).await.0, 401, "{path}");
        }
        let admin = gateway.admin.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let status = ["status", "--admin", &admin, "--token", TOKEN];
            let health = |what| finished(&[&status[..3], &[what]].concat(), "");
            (finished(&status[..3], ""), finished(&status, ""), health("--live"), health("--ready"))
        });
        let (refused, told, live, ready) = asked.await.unwrap();
        assert!(refused.code == Some(1) && refused.err.contains("--token"), "{refused:?}");
        assert_eq!((told.code, live.code), (Some(0), Some(0)), "{told:?} {live:?}");
        assert!(ready.code == Some(1) && ready.err.contains("no chat is online"), "{ready:?}");
        assert_eq!(ask("/live", None).await, 200);
        assert_eq!(ask("/ready", None).await, 503);
    });
}

#[test]
fn no_secret_is_logged_or_shown() {
    story(async || {
        let Some(server) = Inspircd::find() else { return };
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let (nick, room) = (unique("f"), unique("#ops"));
        let mut peer = server.known_peer().await;
        peer.joins(&room).await;
        let config = guarded(&sandbox.url(), &[server.chat("irc", &nick, &[&room])]);
        let gateway = Gateway::start_with(&config, &["--log", "trace"]).await;

        gateway.until_ready().await;
        peer.says(&room, "!quietly works").await;
        peer.hears_of(&room, "works").await;
        storm::inject(&sandbox, json!({"fault": "expire-tokens"}));
        storm::inject(&sandbox, json!({"fault": "cut-streams"}));
        peer.says(&room, "!quietly renewed").await;
        peer.hears_of(&room, "renewed").await;
        let mut seen = gateway.log();
        for path in ["/", "/status", "/metrics"] {
            seen.push_str(&gateway.ask(Method::GET, path, Some(TOKEN)).await.1);
        }

        let Inspircd { account, password, .. } = &server;
        let coded = |text: String| STANDARD.encode(text);
        let secrets = [
            TOKEN.to_owned(),
            storm::PASSWORD.to_owned(),
            coded(format!("bot:{}", storm::PASSWORD)),
            password.clone(),
            coded(format!("\0{account}\0{password}")),
            coded(format!("{account}\0{account}\0{password}")),
            "x-auth-token: ".to_owned(),
        ];
        for secret in secrets {
            let at = seen.find(&secret).map(|at| seen[..at].lines().last().unwrap_or_default().to_owned());
            assert_eq!(at, None, "{secret}");
        }
    });
}

#[test]
fn the_status_is_told_on_the_command_line() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };
        stage.works("once").await;
        let admin = stage.gateway.admin.clone();

        let asked = tokio::task::spawn_blocking(move || {
            (finished(&["status", "--admin", &admin], ""), finished(&["status", "--json", "--admin", &admin], ""))
        });
        let (words, json) = asked.await.unwrap();

        assert_eq!((words.code, json.code), (Some(0), Some(0)), "{words:?} {json:?}");
        assert!(words.out.contains("chat irc (irc): up, rooms #ops"), "{}", words.out);
        assert!(words.out.contains("stackstorm default: login good, 17 aliases, stream open"), "{}", words.out);
        let json: Value = serde_json::from_str(&json.out).unwrap();
        assert_eq!(json["chats"]["irc"]["posted"], 1);
    });
}

#[test]
fn dead_letters_are_handled_on_the_command_line() {
    story(async || {
        let chat = "[chats.t]\nkind = \"irc\"\nserver = \"127.0.0.1\"\nport = 1\ntls = false\nnick = \"f\"\n";
        let folder = TempDir::new().unwrap();
        let state = format!("sqlite:{}", folder.path().join("journal.db").display());
        let config = guarded("http://127.0.0.1:1", &[chat.into()]).replace("\"memory\"", &format!("\"{state}\""));
        let gateway = Gateway::start(&format!("[web]\nlisten = \"127.0.0.1:0\"\n{config}")).await;
        let web = gateway.ask(Method::GET, "/status", Some(TOKEN)).await.1;
        let web: Value = serde_json::from_str(&web).unwrap();
        for room in ["no room", "no other room"] {
            let hook = format!("http://{}/hubot/st2", web["web"].as_str().unwrap());
            let posted =
                awc::Client::default().post(hook).send_json(&json!({"channel": room, "message": "welcome"}));
            assert_eq!(posted.await.unwrap().status(), 422);
        }
        let admin = gateway.admin.clone();

        let asked = tokio::task::spawn_blocking(move || {
            let queue = |arguments: &[&str]| {
                finished(&[&["queue"], arguments, &["--admin", &admin, "--token", TOKEN]].concat(), "")
            };
            let list = queue(&["list"]);
            let id = list.out.lines().nth(1).unwrap().split(' ').next().unwrap().to_owned();
            let shown = queue(&["show", &id]);
            let ends = [
                queue(&["retry", "ffffffffff"]),
                queue(&["drop", &id]),
                queue(&["drop", &id]),
                queue(&["list", "--json"]),
                queue(&["drop", "--all"]),
                queue(&["list", "--all"]),
            ];
            (list, shown, ends, finished(&["queue", "drop"], ""))
        });
        let (list, shown, [nothing, dropped, again, json, all, none], which) = asked.await.unwrap();

        assert_eq!(list.code, Some(0), "{list:?}");
        assert!(list.out.contains("t has no room called \"no room\""), "{}", list.out);
        assert!(list.out.contains("\n2 dead letters: see"), "{}", list.out);
        assert!(
            shown.out.contains("message given up: for nowhere") && shown.out.ends_with("\nwelcome\n"),
            "{shown:?}"
        );
        assert!(nothing.code == Some(1) && nothing.err.contains("there is no message ffffffffff"), "{nothing:?}");
        assert_eq!((dropped.code, dropped.out.as_str()), (Some(0), "1 message dropped\n"));
        assert_eq!((again.code, again.out.as_str()), (Some(1), "0 messages dropped\n"));
        let left: Value = serde_json::from_str(&json.out).unwrap();
        assert!(left.as_array().unwrap().len() == 1 && left[0]["state"] == "dead", "{left}");
        assert_eq!((all.out.as_str(), none.out.as_str()), ("1 message dropped\n", "0 dead letters, 0 waiting\n"));
        assert_eq!(which.code, Some(2), "it is not said which");
    });
}

#[test]
fn a_gateway_that_is_not_there_is_said_to_be_missing() {
    let end = finished(&["status", "--admin", "http://127.0.0.1:1"], "");

    assert_eq!(end.code, Some(1));
    assert!(end.err.contains("http://127.0.0.1:1: no gateway answers"), "{}", end.err);
}

/// A configuration whose admin routes want [`TOKEN`].
fn guarded(url: &str, chats: &[String]) -> String {
    storm::config(url, chats).replace("[admin]", &format!("[admin]\ntoken = \"{TOKEN}\""))
}
