//! What other programs post to us over HTTP.

use std::sync::Arc;

use actix_web::http::{Method, header};
use awc::ClientRequest;
use fulmar_contract::Secret;
use fulmar_memory::{CALL_SECRET, Memory};
use serde_json::{Value, json};

use crate::stage::{Stage, story};

const TOKEN: &str = "s3cret-of-webhooks";
const FORM: (header::HeaderName, &str) = (header::CONTENT_TYPE, "application/x-www-form-urlencoded");

impl Stage {
    /// With webhooks; others than this machine need this token.
    async fn with_webhooks(token: &str) -> Self {
        Self::configured(|config| {
            config.web.listen = Some("127.0.0.1:0".parse().unwrap());
            config.web.token = Some(Secret::new(token));
        })
        .await
    }

    fn hook(&self, path: &str) -> ClientRequest {
        let url = format!("http://{}{path}", self.web.unwrap());
        awc::Client::builder().disable_timeout().finish().post(url)
    }

    /// The webhook's answer to a JSON body: status and text.
    async fn posts(&self, path: &str, body: &Value) -> (u16, String) {
        answer(self.hook(path), body.to_string(), true).await
    }

    /// How many requests to the webhook at `path` came out so.
    async fn hook_counts(&self, path: &str, outcome: &str) -> u64 {
        let line = format!("fulmar_webhooks_total{{endpoint=\"{path}\",outcome=\"{outcome}\"}} ");
        let metrics = self.get("/metrics").await.1;
        metrics.lines().find_map(|it| it.strip_prefix(&line)).unwrap().parse().unwrap()
    }
}

async fn answer(request: ClientRequest, body: impl Into<String>, is_json: bool) -> (u16, String) {
    let request = if is_json { request.content_type("application/json") } else { request };
    let mut response = request.send_body(body.into()).await.unwrap();
    let body = response.body().await.unwrap();
    (response.status().as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

#[test]
fn what_errbot_was_sent_is_said_and_answered_as_errbot_does() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;
        let channel = format!("mem/{}", stage.room());
        let payload =
            json!({"channel": channel, "message": "disk full", "user": null, "whisper": false, "extra": {}});

        let answer = stage.posts("/chatops/message", &payload).await;

        assert_eq!(answer, (200, "Delivered to chat backend.".into()));
        assert_eq!(stage.hears().await, "disk full");
        assert_eq!(stage.hook_counts("/chatops/message", "said").await, 1);
        stage.ends().await;
    });
}

#[test]
fn what_hubot_was_sent_is_said_whether_it_is_json_or_a_form() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;
        let thanks = (200, r#"{"status": "completed", "msg": "Message posted successfully"}"#.to_owned());

        let json = stage.posts("/hubot/st2", &json!({"channel": "ops", "message": "one"})).await;
        let form = "payload=%7B%22channel%22%3A%22ops%22%2C+%22message%22%3A%22two%22%7D";
        let form = answer(stage.hook("/hubot/st2").insert_header(FORM), form, false).await;

        assert_eq!((json, form), (thanks.clone(), thanks));
        assert_eq!((stage.hears().await, stage.hears().await), ("one".into(), "two".into()));
        stage.ends().await;
    });
}

#[test]
fn it_is_in_the_journal_before_it_is_answered() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;
        stage.network.refuse_logins(true);
        stage.network.sever();
        stage.until("it parks", |status| status["chats"]["mem"]["phase"] == "parked").await;

        let answer = stage.posts("/hubot/st2", &json!({"channel": "ops", "message": "later"})).await;

        assert_eq!(answer.0, 200, "{answer:?}");
        assert_eq!(stage.status().await["journal"]["pending"], 1);
        stage.network.refuse_logins(false);
        assert_eq!(stage.post("/chats/mem/restart").await.0, 202);
        assert_eq!(stage.hears().await, "later");
        stage.ends().await;
    });
}

#[test]
fn what_goes_nowhere_is_answered_with_the_reason() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;

        for (payload, why) in [
            (json!({"message": "x"}), "it names neither a room"),
            (json!({"message": "x", "channel": "ops", "whisper": true}), "nor a person to whisper to"),
        ] {
            let (status, text) = stage.posts("/chatops/message", &payload).await;
            let told: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(status, 422, "{payload}");
            assert!(told["error"].as_str().unwrap().contains(why), "{payload}: {told}");
        }
        assert_eq!(stage.hook_counts("/chatops/message", "nowhere").await, 2);
        assert!(stage.network.posts().is_empty());
        stage.ends().await;
    });
}

#[test]
fn what_repeats_a_result_is_taken_and_not_said_again() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;
        stage.says("!quietly once").await;
        assert_eq!(stage.hears().await, "once");
        let asked = stage.sandbox.executions()[0]["liveaction"]["notify"]["on-complete"]["data"].clone();

        let again =
            json!({"message": "once", "channel": asked["source_channel"], "context": asked["source_context"]});
        let answer = stage.posts("/hubot/st2", &again).await;
        stage.says("!quietly after").await;

        assert_eq!(answer.0, 200, "{answer:?}");
        assert_eq!(stage.hears().await, "after");
        assert_eq!(stage.hook_counts("/hubot/st2", "suppressed").await, 1);
        stage.ends().await;
    });
}

#[test]
fn it_is_answered_only_once_it_is_clear_what_it_is() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;
        stage.inject(json!({"fault": "hang", "path": "/v1/aliasexecution", "when": "after", "millis": 1_000}));
        stage.says("!quietly once").await;
        let context = stage.context().await;

        let again = json!({"channel": format!("mem/{}", stage.room()), "message": "once", "context": context});
        let answer = stage.posts("/hubot/st2", &again).await;

        assert_eq!(answer.0, 200, "{answer:?}");
        assert_eq!(stage.hook_counts("/hubot/st2", "suppressed").await, 1);
        assert_eq!(stage.hears().await, "once");
        stage.ends().await;
    });
}

#[test]
fn what_is_whispered_is_said_to_nobody_else() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;

        let form = "channel=ops&user=joe&message=psst&whisper=True";
        let (status, _) = answer(stage.hook("/hubot/st2").insert_header(FORM), form, false).await;
        stage.until("it is posted", |status| status["chats"]["mem"]["posted"] == 1).await;

        assert_eq!(status, 200);
        assert_ne!(stage.network.posts()[0].room, stage.room());
        stage.ends().await;
    });
}

#[test]
fn what_makes_no_sense_is_refused_with_what_was_expected() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;
        let hook = || stage.hook("/chatops/message");

        let large = format!("{{\"message\": \"{}\"}}", "x".repeat(1024 * 1024));
        for (request, body, status, expected) in [
            (hook().method(Method::GET), "", 405, "only POST"),
            (hook().method(Method::PUT), "{}", 405, "only POST"),
            (stage.hook("/chatops/massage"), "{}", 404, "/chatops/message"),
            (hook(), "{", 400, "not JSON"),
            (hook(), "[]", 400, "expected an object"),
            (hook(), "{\"channel\": \"ops\"}", 400, "neither a message"),
            (hook().insert_header((header::CONTENT_ENCODING, "gzip")), "{}", 415, "gzip"),
            (hook(), large.as_str(), 413, "1048576 bytes"),
        ] {
            let (code, text) = answer(request, body, true).await;
            let told: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(code, status, "{expected}");
            assert!(told["error"].as_str().unwrap().contains(expected), "{told}");
        }
        let plain = answer(hook().content_type("text/plain"), "hello", false).await;
        assert_eq!(plain.0, 415, "{plain:?}");
        assert!(stage.network.posts().is_empty());
        stage.ends().await;
    });
}

#[test]
fn who_does_not_come_from_this_machine_needs_the_token() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;
        let proxied = |path: &str| stage.hook(path).insert_header(("X-Forwarded-For", "192.0.2.1"));
        let body = |text: &str| json!({"channel": "ops", "message": text}).to_string();

        let none = answer(proxied("/hubot/st2"), body("none"), true).await;
        let page = stage.hook("/hubot/st2").insert_header((header::ORIGIN, "https://evil.example"));
        let page = answer(page, body("page"), true).await;
        let wrong = answer(proxied("/hubot/st2").bearer_auth("wrong"), body("wrong"), true).await;
        let right = answer(proxied("/hubot/st2").bearer_auth(TOKEN), body("right"), true).await;
        let asked = answer(proxied(&format!("/hubot/st2?token={TOKEN}")), body("asked"), true).await;

        assert_eq!([none.0, page.0, wrong.0, right.0, asked.0], [401, 401, 401, 200, 200]);
        assert!(none.1.contains("comes through a proxy") && page.1.contains("web page"), "{none:?} {page:?}");
        assert_eq!((stage.hears().await, stage.hears().await), ("right".into(), "asked".into()));
        assert_eq!(stage.hook_counts("/hubot/st2", "refused").await, 3);
        stage.ends().await;
    });
}

#[test]
fn a_flood_is_told_when_to_come_again() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;

        let mut served = 0;
        let refused = loop {
            let response = stage.hook("/hubot/st2").send().await.unwrap();
            if response.status() != 400 {
                break response;
            }
            served += 1;
        };

        assert!((200..2_000).contains(&served), "{served}");
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.headers().get(header::RETRY_AFTER).unwrap(), "1");
        assert_eq!(stage.hook_counts("/hubot/st2", "limited").await, 1);
        stage.ends().await;
    });
}

#[test]
fn a_router_between_two_lives_is_waited_for() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;

        assert_eq!(stage.post("/test/router/panic").await.0, 202);
        stage.until("it is down", |status| status["children"].to_string().contains("panicked")).await;
        let answer = stage.posts("/hubot/st2", &json!({"channel": "ops", "message": "still here"})).await;

        assert_eq!(answer.0, 200, "{answer:?}");
        assert_eq!(stage.hears().await, "still here");
        stage.ends().await;
    });
}

#[test]
fn the_status_says_where_they_are_and_shows_no_token() {
    story(async || {
        let stage = Stage::with_webhooks(TOKEN).await;

        let status = stage.status().await;

        assert_eq!(status["web"], stage.web.unwrap().to_string());
        for path in ["/", "/status", "/metrics"] {
            assert!(!stage.get(path).await.1.contains(TOKEN), "{path}");
        }
        stage.ends().await;
    });
}

#[test]
fn what_a_network_posts_to_its_chat_is_answered_by_the_session() {
    story(async || {
        let stage = called().await;
        let call = |path: &str| stage.hook(path).insert_header((CALL_SECRET, "yes"));

        assert_eq!(answer(call("/chats/mem"), "a", false).await, (200, "?: a".into()));
        assert_eq!(answer(call("/chats/mem/b/c?d=e"), "f", false).await, (200, "b/c?d=e: f".into()));
        assert_eq!(answer(call("/chats/other"), String::new(), false).await.0, 404);
        assert_eq!(answer(stage.hook("/chats/mem"), String::new(), false).await, (403, String::new()));
        assert_eq!(answer(call("/chats/mem"), "x".repeat(2 << 20), false).await.0, 413);

        let metrics = stage.get("/metrics").await.1;
        for (outcome, count) in [("taken", 2), ("refused", 1), ("bad", 1)] {
            let line = format!("fulmar_called_total{{chat=\"mem\",outcome=\"{outcome}\"}} {count}");
            assert!(metrics.contains(&line), "{metrics}");
        }
        stage.ends().await;
    });
}

#[test]
fn a_chat_that_is_away_or_not_called_answers_no_call() {
    story(async || {
        let stage = called().await;
        stage.network.refuse_logins(true);
        stage.network.sever();
        stage.until("it is parked", |status| status["chats"]["mem"]["rooms"] == json!([])).await;

        let (status, text) = answer(stage.hook("/chats/mem"), String::new(), false).await;
        assert_eq!((status, text.contains("try again later")), (503, true), "{text}");
        stage.ends().await;

        let stage = Stage::with_webhooks("").await;
        assert_eq!(answer(stage.hook("/chats/mem"), String::new(), false).await.0, 404);
        stage.ends().await;
    });
}

#[test]
fn who_calls_a_chat_in_vain_is_told_to_wait_and_who_does_not_is_not() {
    story(async || {
        let stage = called().await;
        let mut statuses = Vec::new();

        for _ in 0..205 {
            let call = stage.hook("/chats/mem").insert_header((CALL_SECRET, "yes"));
            assert_eq!(answer(call, String::new(), false).await.0, 200);
        }
        for _ in 0..400 {
            statuses.push(answer(stage.hook("/chats/mem"), String::new(), false).await.0);
        }

        assert_eq!((statuses[0], statuses.contains(&429)), (403, true));
        stage.ends().await;
    });
}

/// With a chat whose network calls.
async fn called() -> Stage {
    Stage::configured_on(|config, network| {
        config.web.listen = Some("127.0.0.1:0".parse().unwrap());
        config.chats[0].backend = Arc::new(Memory::new(network.clone()).called());
    })
    .await
}
