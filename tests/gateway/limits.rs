//! What much of one thing does to the rest: nothing.

use std::collections::HashSet;

use fulmar::{config::Mention, supervise::Shutdown};
use serde_json::{Value, json};

use crate::stage::{Stage, story};

impl Stage {
    /// The next `calls` commands are answered only after `seconds`.
    fn hang(&self, calls: u32, seconds: u32) {
        let fault =
            json!({"fault": "hang", "path": "/v1/aliasexecution", "millis": seconds * 1_000, "times": calls});
        self.inject(fault);
    }

    /// Waits until so many calls are in flight and so many wait.
    async fn until_calls(&self, in_flight: u32, waiting: u32) {
        let calls = json!({"in_flight": in_flight, "waiting": waiting});
        self.until("the calls are so", |status| status["stackstorm"]["default"]["calls"] == calls).await;
    }

    /// Ends the gateway without waiting for calls that hang.
    async fn breaks_off(self) {
        self.gateway.supervisor.send(Shutdown).await.unwrap();
    }
}

#[test]
fn hanging_calls_of_one_person_do_not_delay_another() {
    for calls in [1, 12, 40] {
        story(async || {
            let stage = Stage::ready().await;
            let in_flight = calls.min(4);

            stage.hang(in_flight, 30);
            for number in 0..calls {
                stage.says(&format!("!deploy app{number}")).await;
            }
            stage.until_calls(in_flight, calls - in_flight).await;
            stage.says_as("ann", "!deploy web").await;

            assert!(stage.hears().await.starts_with("Deploying web."));
            assert!(stage.hears().await.starts_with("web "));
            stage.breaks_off().await;
        });
    }
}

#[test]
fn hanging_calls_of_a_dozen_people_do_not_delay_another() {
    story(async || {
        let stage = Stage::ready().await;

        stage.hang(48, 30);
        for number in 0..60 {
            stage.says_as(&format!("joe{}", number % 12), "!deploy app").await;
        }
        stage.until_calls(48, 12).await;
        stage.says_as("ann", "!deploy web").await;

        assert!(stage.hears().await.starts_with("Deploying web."));
        stage.breaks_off().await;
    });
}

#[test]
fn many_commands_of_one_person_all_run_and_another_goes_before_them() {
    story(async || {
        let stage = Stage::ready().await;

        stage.hang(4, 5);
        for number in 0..200 {
            stage.says(&format!("!quietly {number}")).await;
        }
        stage.until_calls(4, 196).await;
        stage.says_as("ann", "!quietly ann").await;
        let mut heard = Vec::new();
        while heard.len() < 201 {
            heard.push(stage.hears().await);
        }

        assert_eq!(heard[0], "ann");
        let message = |execution: &Value| execution["parameters"]["message"].as_str().unwrap().to_owned();
        let ran: Vec<String> = stage.sandbox.executions().iter().rev().map(message).skip(1).collect();
        let each: HashSet<&String> = ran.iter().collect();
        assert_eq!((each.len(), ran.len()), (200, 200));
        stage.ends().await;
    });
}

#[test]
fn a_flood_is_bounded_and_told_once_and_another_does_not_notice() {
    story(async || {
        let stage = Stage::ready().await;

        stage.hang(4, 30);
        for number in 0..5_000 {
            stage.says(&format!("!quietly {number}")).await;
        }
        stage.until_calls(4, 954).await;
        let notice = stage.hears().await;
        stage.says_as("ann", "!quietly ann").await;

        assert!(notice.starts_with("Not taken: StackStorm is busy"), "{notice}");
        assert_eq!(stage.hears().await, "ann");
        assert!(stage.get("/metrics").await.1.contains("fulmar_refused_total{why=\"busy\"} 4042\n"));
        assert_eq!(stage.status().await["journal"]["open"], 958);
        stage.breaks_off().await;
    });
}

#[test]
fn who_asks_too_fast_is_told_once_wherever_they_ask() {
    story(async || {
        let stage = Stage::configured(|config| {
            config.gateway.rate = 1;
            config.gateway.burst = 3;
            config.gateway.mention = Mention::Always;
        })
        .await;

        for _ in 0..200 {
            stage.says("!whoami").await;
            assert!(stage.network.say("dev", "joe", "!whoami").await);
        }
        stage.says_as("ann", "!whoami").await;

        stage.hears_of("ann: You are ann").await;
        let posts = stage.network.posts();
        let notices: Vec<_> =
            posts.iter().filter(|post| post.text.starts_with("Not taken: that was too fast")).collect();
        let answers = posts.iter().filter(|post| post.text.starts_with("You are joe")).count();
        assert_eq!(notices.len(), 1, "{notices:#?}");
        assert_eq!(notices[0].mention.as_ref().map(|who| who.name.as_str()), Some("joe"));
        assert!((3..100).contains(&answers), "{answers}");
        stage.ends().await;
    });
}

#[test]
fn talk_among_others_is_not_counted() {
    story(async || {
        let stage = Stage::configured(|config| {
            config.gateway.rate = 1;
            config.gateway.burst = 1;
        })
        .await;

        for _ in 0..50 {
            stage.says("quietly a").await;
        }
        stage.says("!quietly a").await;

        assert_eq!(stage.hears().await, "a");
        stage.ends().await;
    });
}
