//! What was announced while nobody listened.

use std::time::Duration;

use fulmar::supervise::Shutdown;
use fulmar_memory::Network;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{DIRECT, custom_rule, ruled};
use crate::stage::{AS_USER, Stage, config, story};

#[test]
fn a_result_that_was_announced_while_the_stream_was_away_is_found() {
    story(async || {
        let stage = Stage::announced().await;
        stage.catches_up().await;

        stage.says("!wait 1").await;
        stage.hears().await;
        stage.cuts(Duration::from_millis(2_500));
        stage.until_posted(1).await;
        stage.counts("result", 1).await;
        stage.until_idle().await;

        assert_eq!(stage.texts().len(), 2);
        stage.ends().await;
    });
}

#[test]
fn what_was_announced_before_the_first_start_is_not_for_us() {
    story(async || {
        let stage = Stage::with(ruled(&[]), "").await;
        stage.posts_message("long ago").await;
        stage.until_posted(1).await;
        let network = Network::new(["ops"]);
        let config = config(&stage.sandbox.url(), AS_USER, &network);
        let late = Stage::of(stage.sandbox.clone(), network, &config);
        late.catches_up().await;

        late.cuts(Duration::from_millis(100));
        late.posts_message("now").await;
        late.counts("said", 1).await;

        assert_eq!(late.hears().await, "now");
        late.gateway.supervisor.send(Shutdown).await.unwrap();
        stage.ends().await;
    });
}

#[test]
fn a_first_stream_that_does_not_last_loses_nothing() {
    story(async || {
        let stage = Stage::with(ruled(&[]), "").await;

        stage.cuts(Duration::from_millis(100));
        stage.posts_message("early").await;

        assert_eq!(stage.hears().await, "early");
        stage.ends().await;
    });
}

#[test]
fn what_was_announced_while_the_stream_was_away_is_said_once_and_the_rest_is_not_repeated() {
    story(async || {
        let stage = Stage::with(ruled(&[custom_rule("mine")]), DIRECT).await;
        stage.catches_up().await;

        stage.posts_message("alike").await;
        stage.hears_of("alike").await;
        stage.says("!quietly direct").await;
        stage.counts("suppressed", 1).await;
        stage.cuts(Duration::from_millis(1_500));
        for text in ["alike", "alike", "other"] {
            stage.posts_message(text).await;
        }
        stage.until_posted(5).await;
        stage
            .until("the stream is back", |status| status["stackstorm"]["default"]["stream"]["phase"] == "open")
            .await;
        stage.posts_message("alike").await;
        stage.counts("said", 5).await;
        stage.until_idle().await;

        let mut texts = stage.texts();
        texts.sort();
        assert_eq!(texts, ["alike", "alike", "alike", "alike", "direct", "other"]);
        stage.ends().await;
    });
}

#[test]
fn what_is_too_old_is_only_counted_and_nothing_is_asked_for_where_that_is_off() {
    story(async || {
        let stage = Stage::with(ruled(&[]), "catch_up = \"1s\"").await;
        let off = Stage::with(ruled(&[]), "catch_up = 0").await;
        stage.catches_up().await;

        for it in [&stage, &off] {
            it.cuts(Duration::from_millis(4_000));
            for text in ["old", "older"] {
                it.posts_message(text).await;
            }
        }
        stage.hears_of("2 announcements from ").await;
        stage.posts_message("new").await;
        off.posts_message("new").await;

        assert_eq!((stage.hears().await, off.hears().await), ("new".into(), "new".into()));
        assert!(!off.sandbox.seen().iter().any(|seen| seen.method == "GET" && seen.path == "/v1/executions"));
        stage.ends().await;
        off.ends().await;
    });
}

#[test]
fn a_stackstorm_that_does_not_say_what_was_missed_holds_up_nothing() {
    story(async || {
        let stage = Stage::with(ruled(&[]), "").await;
        stage.catches_up().await;

        stage.inject(json!({"fault": "answer", "path": "/v1/executions", "status": 403}));
        stage.looks_again().await;
        stage.posts_message("from now on").await;

        assert_eq!(stage.hears().await, "from now on");
        stage.ends().await;
    });
}

#[test]
fn streams_that_never_last_do_not_hold_up_what_was_missed() {
    story(async || {
        let stage = Stage::with(ruled(&[]), "").await;
        stage.catches_up().await;

        stage.cuts(Duration::from_millis(500));
        stage.posts_message("missed").await;
        stage.until_posted(1).await;
        while timeout(Duration::from_secs(1), stage.network.hear(&stage.room())).await.is_err() {
            stage.inject(json!({"fault": "cut-streams"}));
        }

        assert_eq!(stage.texts(), ["missed"]);
        stage.ends().await;
    });
}

#[test]
fn what_an_open_stream_did_not_bring_is_said_once_at_the_next_look() {
    story(async || {
        let stage = Stage::with(ruled(&[]), "").await;
        stage.catches_up().await;

        stage.inject(json!({"fault": "lose-events", "events": "st2.announcement__errbot", "times": 1}));
        stage.posts_message("lost").await;
        stage.until_posted(1).await;
        stage.posts_message("heard").await;
        stage.hears_of("heard").await;
        for _ in 0..2 {
            stage.looks_again().await;
        }

        assert_eq!(stage.texts(), ["heard", "lost"]);
        stage.ends().await;
    });
}

#[test]
fn what_was_announced_while_no_process_was_there_is_said_by_the_next() {
    story(async || {
        let first = Stage::with(ruled(&[]), "").await;
        first.catches_up().await;
        first.posts_message("before").await;
        first.hears_of("before").await;
        first.until("its receipt is journalled", |status| status["journal"]["pending"] == 0).await;
        first.gateway.supervisor.send(Shutdown).await.unwrap();
        first.posts_message("meanwhile").await;

        let network = Network::new(["ops"]);
        let config = config(&first.sandbox.url(), AS_USER, &network);
        let second = Stage::kept(&first.disk, first.sandbox.clone(), network, &config);
        second.catches_up().await;
        second.hears_of("meanwhile").await;

        assert_eq!(second.texts(), ["meanwhile"]);
        second.ends().await;
    });
}

impl Stage {
    /// Opens the stream again and looks for what was missed.
    pub(super) async fn looks_again(&self) {
        self.cuts(Duration::from_millis(100));
        self.until("it is opened again", |status| !caught_up(status)).await;
        self.catches_up().await;
    }
}

pub(super) fn caught_up(status: &Value) -> bool {
    status["stackstorm"]["default"]["stream"]["caught_up"] == true
}
