//! What cannot be said: dead letters, those who are told of them, and what waits within bounds.

use std::{sync::Arc, time::Duration};

use fulmar::config::{Administrator, Config, Unconfirmed};
use fulmar_contract::{Backend as _, Capabilities, RoomId, Undelivered};
use fulmar_memory::{Answer, Memory, Network};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::stage::{PATIENCE, Stage, story};

impl Stage {
    /// StackStorm announces a text for a room.
    fn announces_in(&self, channel: &str, message: &str) {
        let payload = json!({"message": message, "channel": channel, "user": null, "whisper": false, "extra": {}});
        let data = json!({ "payload": payload });
        self.inject(json!({"fault": "emit", "event": "st2.announcement__errbot", "data": data}));
    }

    /// Waits until there are so many dead letters; what the list has of them.
    async fn dead(&self, count: usize) -> Vec<Value> {
        self.until("letters are dead", |status| status["journal"]["dead"] == count).await;
        let (code, list) = self.get("/queue").await;
        assert_eq!(code, 200, "{list}");
        serde_json::from_str(&list).unwrap()
    }

    async fn metric(&self, line: &str) -> bool {
        self.get("/metrics").await.1.lines().any(|it| it == line)
    }

    /// The next text that Joe is told in private.
    async fn joe_hears(&self) -> String {
        let room = Memory::new(self.network.clone()).direct("joe").unwrap();
        timeout(PATIENCE, self.network.hear(&room)).await.expect("joe is told something")
    }
}

fn joe_is_administrator(config: &mut Config) {
    config.gateway.admins = vec![Administrator { chat: "mem".into(), identity: "joe".into() }];
}

/// The network can see a repetition as a second message.
fn nothing_is_idempotent(config: &mut Config, network: &Network) {
    let memory = Memory::new(network.clone());
    let capabilities = Capabilities { idempotent: false, ..memory.capabilities() };
    config.chats[0].backend = Arc::new(memory.with_capabilities(capabilities));
}

fn fails(undelivered: Undelivered) -> Answer {
    Answer::Fail(undelivered)
}

fn refuses() -> Answer {
    fails(Undelivered::Refused { why: "not on a sunday".into() })
}

fn puts_off() -> Answer {
    fails(Undelivered::Later { after: None, why: "slowly".into() })
}

/// The end of a letter's id, as the list on the command line shows it.
fn short(letter: &Value) -> String {
    let id = letter["id"].as_str().unwrap();
    id[id.len() - 6..].to_owned()
}

#[test]
fn a_dead_letter_is_told_shown_and_said_once_its_room_is_there() {
    story(async || {
        let stage = Stage::configured(joe_is_administrator).await;
        stage.network.add("late");

        stage.announces_in("mem/late", "welcome");
        let letters = stage.dead(1).await;
        let notice = stage.joe_hears().await;
        let (_, shown) = stage.get(&format!("/queue/{}", short(&letters[0]))).await;
        stage.says("!join late").await;
        stage.hears().await;
        let retried = stage.post(&format!("/queue/{}/retry", short(&letters[0]))).await;

        assert_eq!(retried, (200, r#"{"handled":1}"#.into()));
        let said = timeout(PATIENCE, stage.network.hear(&RoomId::new("late"))).await;
        assert_eq!(said.as_deref(), Ok("welcome"));
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((&shown["text"], &shown["why"]), (&json!("welcome"), &json!("there is no room late")));
        assert!(notice.starts_with("A message could not be delivered at "), "{notice}");
        assert!(
            notice.ends_with("it was for mem/late: there is no room late. See `fulmar queue list`."),
            "{notice}"
        );
        stage.dead(0).await;
        for line in [r#"fulmar_letters_total{outcome="dead"} 1"#, r#"fulmar_letters_total{outcome="retried"} 1"#] {
            assert!(stage.metric(line).await, "{line}");
        }
        stage.ends().await;
    });
}

#[test]
fn a_letter_is_tried_again_once_however_often_that_is_asked_for() {
    story(async || {
        let stage = Stage::ready().await;
        stage.network.answer(refuses());
        stage.announces_in("mem/ops", "once");
        let path = format!("/queue/{}/retry", short(&stage.dead(1).await[0]));
        stage.network.answer(Answer::Accept);

        let (one, other) = futures_util::join!(stage.post(&path), stage.post(&path));
        stage.hears_of("once").await;
        stage.announces_in("mem/ops", "next");

        assert_eq!(stage.hears().await, "next");
        assert!(one.0 == 200 || other.0 == 200, "{one:?} {other:?}");
        stage.until("nothing waits", |status| status["journal"]["pending"] == 0).await;
        stage.ends().await;
    });
}

#[test]
fn all_letters_are_tried_again_in_order_or_dropped() {
    story(async || {
        let stage = Stage::ready().await;
        stage.network.answer(refuses());
        for text in ["one", "two", "three"] {
            stage.announces_in("mem/ops", text);
        }
        let letters = stage.dead(3).await;
        stage.network.answer(Answer::Accept);

        let dropped = stage.post(&format!("/queue/{}/drop", short(&letters[1]))).await;
        let retried = stage.post("/queue/retry").await;

        assert_eq!((dropped.1.as_str(), retried.1.as_str()), (r#"{"handled":1}"#, r#"{"handled":2}"#));
        assert_eq!((stage.hears().await.as_str(), stage.hears().await.as_str()), ("one", "three"));
        assert_eq!(stage.post("/queue/drop").await.1, r#"{"handled":0}"#);
        assert_eq!(stage.dead(0).await, [Value::Null; 0]);
        stage.ends().await;
    });
}

#[test]
fn a_letter_that_is_not_there_is_said_not_to_be() {
    story(async || {
        let stage = Stage::ready().await;

        for (path, code) in [("/queue/abcdef/retry", 404), ("/queue/_/drop", 404)] {
            let (answered, body) = stage.post(path).await;
            assert_eq!(answered, code, "{path}: {body}");
        }
        assert_eq!(stage.get("/queue/abcdef").await.0, 404);
        let url = format!("http://{}/queue/drop", stage.admin);
        let page = awc::Client::default().post(url).insert_header(("Origin", "https://evil.example")).send().await;
        assert_eq!(page.unwrap().status(), 403);
        stage.ends().await;
    });
}

/// Else one death would lead to the next.
#[test]
fn an_alarm_that_dies_raises_none() {
    story(async || {
        let stage = Stage::configured(joe_is_administrator).await;

        stage.network.answer(refuses());
        stage.announces_in("mem/ops", "x");
        let letters = stage.dead(2).await;

        let speech: Vec<&str> = letters.iter().map(|letter| letter["speech"].as_str().unwrap()).collect();
        assert_eq!(speech, ["announcement", "alarm"]);
        stage.network.answer(Answer::Accept);
        stage.says("!quietly well").await;
        assert_eq!(stage.hears().await, "well");
        assert_eq!(stage.status().await["journal"]["dead"], 2);
        stage.ends().await;
    });
}

#[test]
fn what_is_in_doubt_is_given_up_where_nothing_is_to_be_repeated() {
    story(async || {
        let stage = Stage::configured_on(|config, network| {
            nothing_is_idempotent(config, network);
            config.chats[0].unconfirmed = Unconfirmed::Drop;
        })
        .await;

        stage.network.answer(Answer::Silence);
        stage.announces_in("mem/ops", "x");
        assert_eq!(stage.hears().await, "x");
        stage.network.sever();
        stage.network.answer(Answer::Accept);
        let letters = stage.dead(1).await;

        let why = letters[0]["why"].as_str().unwrap();
        assert!(why.starts_with("perhaps said already, and not to be repeated"), "{why}");
        assert!(stage.metric(r#"fulmar_unconfirmed_total{chat="mem",outcome="dropped"} 1"#).await);
        stage.ends().await;
    });
}

#[test]
fn what_is_in_doubt_is_repeated_with_a_mark_and_counted() {
    story(async || {
        let stage = Stage::configured_on(nothing_is_idempotent).await;

        stage.network.answer(fails(Undelivered::Unknown { why: "cut".into() }));
        stage.announces_in("mem/ops", "x");
        stage.until("it is in doubt", |status| status["chats"]["mem"]["failed"] == 1).await;
        stage.network.answer(Answer::Accept);

        assert_eq!(stage.hears().await, "(repeated) x");
        assert!(stage.metric(r#"fulmar_unconfirmed_total{chat="mem",outcome="repeated"} 1"#).await);
        stage.ends().await;
    });
}

/// What makes the session panic is given up after a few tries, and takes nothing with it.
#[test]
fn a_post_that_ends_every_session_is_given_up_alone() {
    story(async || {
        let stage = Stage::configured(|_| {}).await;

        stage.network.poison("poison");
        stage.announces_in("mem/ops", "poison");
        stage.announces_in("mem/dev", "x");
        stage.announces_in("mem/ops", "y");
        stage.until("three lives have ended", |status| status["chats"]["mem"]["failed"].as_u64() >= Some(3)).await;
        let letters = stage.dead(1).await;

        assert_eq!(letters[0]["text"], "poison");
        assert_eq!(stage.hears().await, "y");
        let said = timeout(PATIENCE, stage.network.hear(&RoomId::new("dev"))).await;
        assert_eq!(said.as_deref(), Ok("x"));
        stage.ends().await;
    });
}

#[test]
fn what_is_put_off_for_too_long_is_given_up() {
    story(async || {
        let stage = Stage::configured(|config| config.gateway.max_wait = Duration::from_secs(1)).await;

        stage.network.answer(puts_off());
        stage.announces_in("mem/ops", "x");
        let letters = stage.dead(1).await;

        assert_eq!(letters[0]["why"], "not said within 1s: slowly");
        stage.ends().await;
    });
}

/// However much waits, memory is bounded, and a result for which there is no space is still owed.
#[test]
fn a_result_for_which_there_is_no_space_is_said_when_there_is() {
    story(async || {
        let stage = Stage::ready().await;
        stage.tells("big", json!({"format": "{{ '0123456789' * 90000 }}"})).await;
        stage.network.answer(puts_off());

        for _ in 0..20 {
            stage.says("!tell big").await;
        }
        let full = |status: &Value| {
            status["journal"]["pending"].as_u64() >= Some(15)
                && status["stackstorm"]["default"]["calls"]["in_flight"] == 0
        };
        let status = stage.until("no more can wait", full).await;
        let (waiting, owed) = (status["journal"]["pending"].as_u64(), status["journal"]["open"].as_u64());
        stage.network.answer(Answer::Accept);
        for left in (0..waiting.unwrap()).rev() {
            stage.until("one more is said", |status| status["journal"]["pending"].as_u64() <= Some(left)).await;
        }
        stage.inject(json!({"fault": "cut-streams"}));
        stage
            .until("all is said", |status| status["journal"]["pending"] == 0 && status["journal"]["open"] == 0)
            .await;

        assert!(waiting < Some(20) && owed > Some(0), "{waiting:?} {owed:?}");
        let posts = stage.network.posts();
        let ends = posts.iter().filter(|post| post.text.starts_with("… ")).count();
        assert_eq!(ends, 20);
        stage.ends().await;
    });
}
