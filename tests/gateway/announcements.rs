//! Who says how a command ended, and what becomes of everything else that StackStorm announces: one result, one post.

mod again;
mod foreign;
mod missed;
mod pack;
mod places;

use std::time::Duration;

use fulmar::{actors::router::Announced, sandbox::SandboxConfig, st2::wire::Announcement};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::stage::{PATIENCE, Stage, sandbox, story};

const ANNOUNCED: &str = r#"results = "announcement""#;
const DIRECT: &str = r#"results = "direct""#;
const CONTEXT: &str = "/liveaction/notify/on-complete/data/source_context";

/// A sandbox with these rules beside those of its packs.
fn ruled(rules: &[Value]) -> SandboxConfig {
    let rules = rules.iter().map(|rule| rule.as_object().unwrap().clone()).collect();
    SandboxConfig { rules, notify_delay: Duration::from_millis(20), ..sandbox() }
}

/// A rule of one's own that announces every end by the chatops pack's workflow, whatever the route.
fn custom_rule(name: &str) -> Value {
    json!({
        "name": name, "trigger": {"type": "core.st2.generic.notifytrigger"}, "criteria": {}, "action": {
            "ref": "chatops.post_result", "parameters": {
                "channel": "{{trigger.data.source_channel}}", "user": "{{trigger.data.user}}",
                "execution_id": "{{trigger.execution_id}}", "route": "errbot",
                "context": "{{trigger.data.source_context}}",
            },
        },
    })
}

impl Stage {
    async fn announced() -> Self {
        Self::with(ruled(&[]), ANNOUNCED).await
    }

    fn texts(&self) -> Vec<String> {
        self.network.posts().into_iter().map(|post| post.text.trim().to_owned()).collect()
    }

    /// Waits until so many announcements came to this.
    async fn counts(&self, outcome: &str, count: usize) {
        let line = format!("fulmar_announcements_total{{outcome=\"{outcome}\"}} {count}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (_, metrics) = self.get("/metrics").await;
            if metrics.lines().any(|it| it == line) {
                return;
            }
            assert!(Instant::now() < deadline, "no {line} in\n{metrics}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// What StackStorm was given with the first command, once it runs.
    pub(crate) async fn context(&self) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let executions = self.sandbox.executions();
            if let Some(context) = executions.iter().find_map(|it| it.pointer(CONTEXT).filter(|it| !it.is_null()))
            {
                return context.clone();
            }
            assert!(Instant::now() < deadline, "no command ran");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// An announcement comes that StackStorm knows nothing of.
    fn announces(&self, message: &str, context: &Value) {
        let payload = json!({"channel": format!("mem/{}", self.room()), "message": message, "context": context});
        self.emits(&payload);
    }

    fn emits(&self, payload: &Value) {
        self.inject(json!({"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": payload}}));
    }

    /// Somebody runs an action in StackStorm.
    async fn runs(&self, body: &Value) {
        let url = format!("{}/api/v1/executions", self.sandbox.url());
        let sent = awc::Client::default().post(url).insert_header(("St2-Api-Key", "s3cret-key")).send_json(body);
        assert_eq!(sent.await.unwrap().status(), 201);
    }

    async fn posts_message(&self, message: &str) {
        let channel = format!("mem/{}", self.room());
        self.runs(&json!({"action": "chatops.post_message", "parameters": {
            "channel": channel, "message": message, "route": "errbot"}}))
            .await;
    }

    /// Waits until so many executions have announced something.
    async fn until_posted(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        let is_posted = |it: &&Value| it["action"]["ref"] == "chatops.post_message" && it["status"] == "succeeded";
        while self.sandbox.executions().iter().filter(is_posted).count() < count {
            assert!(Instant::now() < deadline, "{count} were not announced");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Cuts the stream off for so long.
    fn cuts(&self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).unwrap();
        self.inject(json!({"fault": "refuse-streams", "status": 503, "millis": millis}));
        self.inject(json!({"fault": "cut-streams"}));
    }

    /// Waits until all announcements are known that were made before the stream was open.
    async fn catches_up(&self) {
        self.until("it caught up", |status| status["stackstorm"]["default"]["stream"]["caught_up"] == true).await;
    }

    async fn until_idle(&self) {
        self.until("all is told", |status| status["journal"]["open"] == 0 && status["journal"]["pending"] == 0)
            .await;
    }
}

#[test]
fn where_results_are_announced_the_announcement_is_the_result() {
    story(async || {
        let stage = Stage::announced().await;

        stage.says("!deploy web").await;
        stage.counts("result", 1).await;
        stage.until_idle().await;

        let texts = stage.texts();
        assert!(
            texts.len() == 2 && texts[0].starts_with("Deploying web.") && texts[1].starts_with("web "),
            "{texts:?}"
        );
        assert_eq!(stage.sandbox.made(), 4, "the command, its rule's workflow and two steps");
        stage.ends().await;
    });
}

#[test]
fn the_route_of_hubot_is_announced_on_another_and_heard_there() {
    story(async || {
        let stage = Stage::with(ruled(&[]), &format!("{ANNOUNCED}\nroute_key = \"hubot\"")).await;

        stage.says("!quietly x").await;
        stage.counts("result", 1).await;

        assert_eq!(stage.hears().await, "x");
        stage.ends().await;
    });
}

#[test]
fn a_failure_is_announced_as_well() {
    story(async || {
        let stage = Stage::announced().await;

        stage.says("!fail raise").await;
        stage.hears_of("status : failed").await;
        stage.until_idle().await;

        assert_eq!(stage.texts().iter().filter(|text| text.contains("status : failed")).count(), 1);
        stage.ends().await;
    });
}

#[test]
fn a_result_that_nobody_announces_is_given_directly_even_after_deaths() {
    story(async || {
        let stage = Stage::announced().await;

        stage.inject(json!({"fault": "skip-rules", "times": 2}));
        stage.says("!quietly a").await;
        stage.says("!silently b").await;
        stage.hears_of("You will hear no more of it.").await;
        let began = Instant::now();
        for child in ["journal", "router"] {
            assert_eq!(stage.post(&format!("/test/{child}/panic")).await.0, 202);
        }

        assert_eq!(stage.hears().await, "a");
        assert!(began.elapsed() > Duration::from_secs(8), "{:?}", began.elapsed());
        stage.until_idle().await;
        assert_eq!(stage.texts().len(), 2);
        stage.ends().await;
    });
}

#[test]
fn an_announcement_after_the_result_was_given_directly_repeats_it() {
    story(async || {
        let stage = Stage::announced().await;

        stage.inject(json!({"fault": "delay-rules", "millis": 11_500}));
        stage.says("!quietly a").await;
        assert_eq!(stage.hears().await, "a");
        stage.counts("suppressed", 1).await;

        assert_eq!(stage.texts(), ["a"]);
        stage.ends().await;
    });
}

#[test]
fn a_second_announcement_for_a_command_is_said_in_its_thread() {
    story(async || {
        for (results, rules) in [(ANNOUNCED, vec![]), (DIRECT, vec![custom_rule("mine")])] {
            let stage = Stage::with(ruled(&rules), results).await;

            stage.network.say_in_thread("ops", "t1", "joe", "!quietly a").await;
            stage.counts(if results == ANNOUNCED { "result" } else { "suppressed" }, 1).await;
            stage.announces("and more", &stage.context().await);
            stage.hears_of("and more").await;

            assert_eq!(stage.texts(), ["a", "and more"]);
            assert!(stage.network.posts().iter().all(|post| post.thread.is_some()));
            stage.ends().await;
        }
    });
}

#[test]
fn what_a_workflow_says_while_it_runs_is_not_taken_for_its_result() {
    story(async || {
        for (results, rules) in [(ANNOUNCED, vec![]), (DIRECT, vec![custom_rule("mine")])] {
            let stage = Stage::with(ruled(&rules), results).await;

            stage.says("!wait 1").await;
            let context = stage.context().await;
            stage.hears().await;
            for step in ["first", "second", "third"] {
                stage.announces(step, &context);
            }
            stage.counts(if results == ANNOUNCED { "result" } else { "suppressed" }, 1).await;
            stage.until_idle().await;

            let texts = stage.texts();
            assert_eq!(texts[1..4], ["first", "second", "third"]);
            assert!(texts.len() == 5 && texts[4].contains("status : succeeded"), "{texts:#?}");
            stage.ends().await;
        }
    });
}

#[test]
fn every_result_of_a_command_that_matches_several_times_is_given_once() {
    story(async || {
        for results in [ANNOUNCED, DIRECT] {
            let stage = Stage::with(ruled(&[]), results).await;

            stage.says("!see OPS-1 and OPS-2").await;
            stage.hears().await;
            let mut heard = [stage.hears().await, stage.hears().await];
            heard.sort();
            stage.until_idle().await;

            assert_eq!(heard, ["OPS-1 is open.", "OPS-2 is open."]);
            assert_eq!((stage.texts().len(), stage.sandbox.made()), (3, 2));
            stage.ends().await;
        }
    });
}

#[test]
fn the_steps_of_a_workflow_have_no_results() {
    story(async || {
        for (results, rules) in [(ANNOUNCED, vec![]), (DIRECT, vec![custom_rule("mine")])] {
            let stage = Stage::with(ruled(&rules), results).await;

            stage.says("!release web").await;
            stage.counts(if results == ANNOUNCED { "result" } else { "suppressed" }, 1).await;
            stage.until_idle().await;

            assert_eq!(stage.texts().iter().filter(|text| text.starts_with("Released web")).count(), 1);
            assert_eq!(stage.texts().len(), 2);
            stage.ends().await;
        }
    });
}

#[test]
fn a_rule_that_announces_what_we_say_ourselves_is_not_repeated_but_a_second_one_is_said() {
    story(async || {
        let stage = Stage::with(ruled(&[custom_rule("one"), custom_rule("two")]), DIRECT).await;

        stage.says("!quietly a").await;
        stage.counts("suppressed", 1).await;
        stage.counts("said", 1).await;
        stage.until_idle().await;

        assert_eq!(stage.texts(), ["a", "a"]);
        stage.ends().await;
    });
}

#[test]
fn of_two_that_come_at_once_one_is_the_result() {
    story(async || {
        let stage = Stage::with(ruled(&[]), DIRECT).await;
        stage.says("!quietly a").await;
        stage.hears_of("a").await;
        let payload = json!({"message": "b", "context": stage.context().await});
        let comes = || {
            let announcement = Announcement::read("errbot", &payload);
            stage.gateway.reach.router.send(Announced { stackstorm: "default".into(), announcement })
        };

        let (_, _) = tokio::join!(comes(), comes());
        stage.counts("suppressed", 1).await;
        stage.counts("said", 1).await;
        stage.until_idle().await;

        assert_eq!(stage.texts(), ["a", "b"]);
        stage.ends().await;
    });
}

#[test]
fn what_is_announced_is_journalled_in_one_write_with_what_is_said_of_it() {
    story(async || {
        let stage = Stage::with(ruled(&[]), ANNOUNCED).await;

        stage.says("!quietly a").await;
        stage.counts("result", 1).await;
        stage.posts_message("b").await;
        stage.counts("said", 1).await;

        let together =
            |it: &[&str]| stage.disk.writes().iter().any(|write| write[..it.len().min(write.len())] == *it);
        assert!(together(&["announced", "result_announced", "queued"]) && together(&["announced", "queued"]));
        stage.ends().await;
    });
}

#[test]
fn an_announcement_may_come_before_the_answer_to_the_command() {
    story(async || {
        for (results, rules) in [(ANNOUNCED, vec![]), (DIRECT, vec![custom_rule("mine")])] {
            let stage = Stage::with(ruled(&rules), results).await;

            stage.inject(json!({"fault": "hang", "path": "/v1/aliasexecution", "when": "after", "millis": 1_000}));
            stage.says("!deploy web").await;
            stage.until_posted(1).await;
            stage.announces("meanwhile", &Value::Null);
            stage.counts(if results == ANNOUNCED { "result" } else { "suppressed" }, 1).await;
            stage.until_idle().await;

            let texts = stage.texts();
            assert!(texts.len() == 3 && texts[0] == "meanwhile", "the others are not held up: {texts:?}");
            assert!(texts[1].starts_with("Deploying web.") && texts[2].starts_with("web "), "{texts:?}");
            stage.ends().await;
        }
    });
}

#[test]
fn an_announcement_is_the_result_though_the_stream_did_not_tell_of_the_end() {
    story(async || {
        let stage = Stage::announced().await;

        stage.inject(json!({"fault": "lose-events", "events": "st2.execution__update", "times": 3}));
        stage.says("!quietly a").await;
        stage.counts("result", 1).await;
        stage.until_idle().await;

        assert_eq!(stage.texts(), ["a"]);
        stage.ends().await;
    });
}

#[test]
fn what_an_announcement_is_is_asked_again_until_stackstorm_says() {
    story(async || {
        let stage = Stage::announced().await;

        stage.inject(json!({"fault": "lose-events", "events": "st2.execution__update", "times": 3}));
        stage.inject(json!({"fault": "answer", "path": "/v1/executions/*", "times": 2, "status": 500}));
        stage.says("!quietly a").await;
        stage.counts("result", 1).await;
        stage.until_idle().await;

        assert_eq!(stage.texts(), ["a"]);
        stage.ends().await;
    });
}

#[test]
fn a_command_whose_answer_was_lost_is_answered_by_its_announcement() {
    story(async || {
        let stage = Stage::announced().await;

        stage.inject(json!({"fault": "reset", "path": "/v1/aliasexecution", "when": "after"}));
        stage.says("!quietly a").await;
        stage.counts("result", 1).await;
        stage.until_idle().await;

        let texts = stage.texts();
        assert!(texts.len() == 2 && texts[0].starts_with("StackStorm has it") && texts[1] == "a", "{texts:?}");
        stage.ends().await;
    });
}
