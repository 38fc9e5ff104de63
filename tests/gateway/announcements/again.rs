//! What one look for missed announcements could not deal with, and the next one finds.

use std::time::Duration;

use fulmar::{
    journal::{Case, Delivery, DeliveryId, Entry, Route, Speech},
    sandbox::Sandbox,
};
use fulmar_contract::{RoomId, Tone, Undelivered};
use fulmar_memory::{Answer, Network};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::ruled;
use crate::{
    disk::Disk,
    stage::{AS_USER, Stage, config, story},
};

/// A gateway that looked ten minutes ago, with these lines more in the table of its StackStorm.
fn stage(disk: &Disk, network: Network, lines: &str) -> Stage {
    let now = Timestamp::now();
    let until = now.checked_sub(Duration::from_mins(10)).unwrap();
    disk.extend(&Case::Watch("default".into()), [(now, Entry::Watched("default".into(), until))]);
    let sandbox = Sandbox::start(ruled(&[])).unwrap();
    let config = config(&sandbox.url(), &format!("{AS_USER}\n{lines}"), &network);
    Stage::kept(disk, sandbox, network, &config)
}

/// As [`stage`], where as much waits to be said in the room as may, as the network puts it off.
fn full(lines: &str) -> Stage {
    let disk = Disk::default();
    for number in 0..16 {
        let id = DeliveryId(Uuid::from_u128(number));
        disk.extend(&Case::Delivery(id), [(Timestamp::now(), Entry::Queued(long(id)))]);
    }
    let network = Network::new(["ops"]);
    network.answer(Answer::Fail(Undelivered::Later { after: None, why: "slowly".into() }));
    stage(&disk, network, lines)
}

fn long(id: DeliveryId) -> Delivery {
    Delivery {
        id,
        command: None,
        execution: None,
        speech: Speech::Announcement,
        route: Route { chat: "mem".into(), room: RoomId::new("ops"), thread: None },
        answers: None,
        mention: None,
        text: "long ".repeat(1024 * 1024 / 5),
        format: Default::default(),
        tone: Tone::Neutral,
        link: None,
        extra: Value::Null,
    }
}

impl Stage {
    /// StackStorm announces what its stream does not bring, by an execution that it took five minutes ago and begins only now,
    /// or later.
    async fn misses(&self, text: &str, later: Duration) {
        let lasts = u64::try_from(later.as_millis()).unwrap();
        self.inject(json!({"fault": "lose-events", "events": "st2.announcement__errbot"}));
        self.inject(json!({"fault": "strand", "ago": 300_000, "lasts": lasts}));
        self.posts_message(text).await;
    }

    fn count_of(&self, text: &str) -> usize {
        self.texts().iter().filter(|it| *it == text).count()
    }
}

#[test]
fn what_was_not_asked_for_is_asked_for_at_the_next_look() {
    story(async || {
        let stage = stage(&Disk::default(), Network::new(["ops"]), "");

        stage.misses("missed", Duration::ZERO).await;
        stage.inject(json!({"fault": "answer", "path": "/v1/executions", "status": 403}));
        stage.catches_up().await;
        assert!(stage.texts().is_empty());
        stage.looks_again().await;

        assert_eq!(stage.hears().await, "missed");
        stage.looks_again().await;
        assert_eq!(stage.texts(), ["missed"]);
        stage.ends().await;
    });
}

#[test]
fn what_takes_minutes_to_announce_is_found_once_it_has() {
    story(async || {
        let stage = stage(&Disk::default(), Network::new(["ops"]), "");

        stage.misses("late", Duration::from_secs(6)).await;
        stage.catches_up().await;
        stage.until_posted(1).await;
        stage.looks_again().await;

        stage.hears_of("late").await;
        stage.looks_again().await;
        assert_eq!(stage.texts(), ["late"]);
        stage.ends().await;
    });
}

#[test]
fn what_was_missed_and_for_which_there_is_no_space_is_said_when_there_is() {
    story(async || {
        let stage = full("");

        stage.misses("missed", Duration::ZERO).await;
        stage.catches_up().await;
        stage.network.answer(Answer::Accept);
        for left in (0..16).rev() {
            stage.until("one more is said", |status| status["journal"]["pending"].as_u64() <= Some(left)).await;
        }
        assert_eq!(stage.count_of("missed"), 0);
        stage.looks_again().await;

        stage.hears_of("missed").await;
        stage.looks_again().await;
        assert_eq!(stage.count_of("missed"), 1);
        stage.ends().await;
    });
}

#[test]
fn a_count_of_what_was_missed_for_which_there_is_no_space_is_a_dead_letter() {
    story(async || {
        let stage = full("catch_up = \"1s\"");

        stage.misses("missed", Duration::ZERO).await;
        stage.until("it is given up", |status| status["journal"]["dead"] == 1).await;
        stage.catches_up().await;
        stage.looks_again().await;

        let letters: Value = serde_json::from_str(&stage.get("/queue").await.1).unwrap();
        assert_eq!(letters.as_array().unwrap().len(), 1, "{letters}");
        let id = letters[0]["id"].as_str().unwrap();
        let letter: Value = serde_json::from_str(&stage.get(&format!("/queue/{id}")).await.1).unwrap();
        assert!(letter["text"].as_str().unwrap().starts_with("1 announcement of "), "{letter}");
        stage.ends().await;
    });
}

#[test]
fn what_is_on_its_way_for_long_is_left_to_the_stream() {
    story(async || {
        let stage = Stage::with(ruled(&[]), "").await;
        stage.catches_up().await;

        stage.inject(json!({"fault": "lose-events", "events": "st2.announcement__errbot"}));
        stage.posts_message("slow").await;
        stage.until_posted(1).await;
        let made = Instant::now();
        stage.until("it was made long ago", |_| made.elapsed() > Duration::from_secs(11)).await;
        stage.cuts(Duration::from_millis(100));
        stage.until("it is opened again", |status| !super::missed::caught_up(status)).await;
        stage
            .until("the stream is back", |status| status["stackstorm"]["default"]["stream"]["phase"] == "open")
            .await;
        stage.announces("slow", &Value::Null);
        stage.hears_of("slow").await;
        stage.catches_up().await;

        assert_eq!(stage.texts(), ["slow"]);
        stage.ends().await;
    });
}
