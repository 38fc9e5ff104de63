//! What is heard twice or too late.

use std::time::{Duration, SystemTime};

use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::stage::{Stage, story};

impl Stage {
    async fn refusals(&self, why: &str) -> u64 {
        let line = format!("fulmar_refused_total{{why=\"{why}\"}} ");
        let metrics = self.get("/metrics").await.1;
        metrics.lines().find_map(|it| it.strip_prefix(&line)).unwrap().parse().unwrap()
    }
}

#[test]
fn a_message_that_the_network_brings_twice_runs_once() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!quietly x").await;
        assert_eq!(stage.hears().await, "x");
        assert!(stage.network.repeat().await);
        stage.says("!quietly y").await;

        assert_eq!(stage.hears().await, "y");
        assert_eq!(stage.sandbox.executions().len(), 2);
        assert_eq!(stage.refusals("repeated").await, 1);
        stage.ends().await;
    });
}

#[test]
fn what_was_refused_for_want_of_a_disk_does_not_run_when_the_network_says_it_again() {
    story(async || {
        let stage = Stage::ready().await;

        stage.disk.fill(true);
        stage.says("!quietly never").await;
        assert_eq!(stage.hears().await, "Not run: journal: it is full.");
        stage.disk.fill(false);
        assert!(stage.network.repeat().await);

        stage.says("!quietly now").await;
        assert_eq!(stage.hears().await, "now");
        assert_eq!(stage.sandbox.made(), 1);
        assert_eq!((stage.refusals("journal").await, stage.refusals("repeated").await), (1, 1));
        stage.ends().await;
    });
}

#[test]
fn what_ran_is_not_said_not_to_when_the_network_says_it_again_to_a_full_disk() {
    story(async || {
        let stage = Stage::ready().await;
        stage.says("!quietly x").await;
        assert_eq!(stage.hears().await, "x");

        stage.disk.fill(true);
        assert!(stage.network.repeat().await);
        stage.says("!whoami").await;

        assert!(stage.hears().await.contains("joe"));
        assert_eq!((stage.refusals("journal").await, stage.refusals("repeated").await), (0, 1));
        stage.ends().await;
    });
}

#[test]
fn an_old_message_is_not_run_and_its_author_is_told_once() {
    story(async || {
        let stage = Stage::ready().await;
        let long_ago = SystemTime::now() - Duration::from_secs(12 * 60 + 5);

        for _ in 0..50 {
            assert!(stage.network.say_at(long_ago, "ops", "joe", "!quietly x").await);
        }
        stage.says("!quietly y").await;

        let told = stage.hears().await;
        assert!(told.starts_with("Not run: it was written 12 minutes ago (at "), "{told}");
        assert!(told.contains(" by this network's clock; by mine it is "), "{told}");
        assert_eq!(stage.hears().await, "y");
        assert_eq!(stage.sandbox.executions().len(), 1);
        assert_eq!(stage.refusals("old").await, 50);
        stage.ends().await;
    });
}

#[test]
fn nothing_is_said_of_an_old_message_that_ran_when_it_was_new() {
    story(async || {
        let max_age = Duration::from_secs(1);
        let stage = Stage::configured(|config| config.gateway.max_age = max_age).await;

        stage.says("!quietly x").await;
        assert_eq!(stage.hears().await, "x");
        let until = Instant::now() + max_age + Duration::from_millis(200);
        let mut repeated = 0;
        while Instant::now() < until {
            assert!(stage.network.repeat().await);
            repeated += 1;
            sleep(Duration::from_millis(20)).await;
        }
        stage.says("!quietly y").await;

        assert_eq!(stage.hears().await, "y");
        assert_eq!((stage.refusals("repeated").await, stage.refusals("old").await), (repeated, 0));
        stage.ends().await;
    });
}

#[test]
fn a_message_from_the_future_or_of_any_age_where_that_is_wanted_is_run() {
    story(async || {
        let stage = Stage::configured(|config| config.gateway.max_age = Duration::ZERO).await;
        let (soon, then) = (SystemTime::now() + Duration::from_secs(3_600), SystemTime::UNIX_EPOCH);

        for (at, word) in [(soon, "x"), (then, "y")] {
            assert!(stage.network.say_at(at, "ops", "joe", &format!("!quietly {word}")).await);
            assert_eq!(stage.hears().await, word);
        }
        let stage_with_limit = Stage::ready().await;
        assert!(stage_with_limit.network.say_at(soon, "ops", "joe", "!quietly x").await);
        assert_eq!(stage_with_limit.hears().await, "x");

        assert_eq!(stage.status().await["journal"]["open"], Value::from(0));
        stage.ends().await;
        stage_with_limit.ends().await;
    });
}
