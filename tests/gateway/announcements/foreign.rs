//! Announcements that are nobody's answer here.

use fulmar::supervise::Shutdown;
use fulmar_memory::Network;
use serde_json::json;

use super::{ANNOUNCED, DIRECT, ruled};
use crate::stage::{AS_USER, Stage, config, story};

#[test]
fn an_announcement_for_another_gateway_is_ignored() {
    story(async || {
        let stage = Stage::announced().await;

        stage.announces("psst", &json!({"fulmar": {"gateway": "other", "command": "x"}}));
        stage.counts("foreign", 1).await;
        stage.says("!quietly a").await;

        assert_eq!(stage.hears().await, "a");
        stage.ends().await;
    });
}

#[test]
fn an_announcement_without_our_mark_is_said_however_often() {
    story(async || {
        let stage = Stage::announced().await;

        stage.says("!quietly a").await;
        assert_eq!(stage.hears().await.trim(), "a");
        for context in [json!(null), json!({}), json!({"thread": 1}), json!({"fulmar": "x"})] {
            stage.announces("a", &context);
        }

        for _ in 0..4 {
            assert_eq!(stage.hears().await, "a");
        }
        stage.ends().await;
    });
}

#[test]
fn a_mark_that_we_never_made_is_nobodys_and_the_channel_decides() {
    story(async || {
        let stage = Stage::announced().await;

        for command in ["018f0000-0000-7000-8000-000000000000", "nonsense"] {
            stage.announces(command, &json!({"fulmar": {"gateway": "fulmar", "command": command}}));
            assert_eq!(stage.hears().await, command);
        }
        stage.ends().await;
    });
}

#[test]
fn two_gateways_at_one_stackstorm_say_their_own_results_only() {
    story(async || {
        for route in ["errbot", "hubot"] {
            let one = Stage::announced().await;
            let network = Network::new(["ops"]);
            let mut config =
                config(&one.sandbox.url(), &format!("{AS_USER}\n{ANNOUNCED}\nroute_key = \"{route}\""), &network);
            config.gateway.name = "other".into();
            let two = Stage::of(one.sandbox.clone(), network, &config);
            two.until_ready().await;

            one.says("!quietly from one").await;
            two.says("!quietly from two").await;
            one.counts("result", 1).await;
            two.counts("result", 1).await;
            if route == "errbot" {
                one.counts("foreign", 1).await;
                two.counts("foreign", 1).await;
            }

            assert_eq!((one.texts(), two.texts()), (vec!["from one".into()], vec!["from two".into()]));
            two.gateway.supervisor.send(Shutdown).await.unwrap();
            one.ends().await;
        }
    });
}

#[test]
fn what_was_started_elsewhere_is_announced_here() {
    story(async || {
        for results in [ANNOUNCED, DIRECT] {
            let stage = Stage::with(ruled(&[]), results).await;
            let data = json!({"source_channel": format!("mem/{}", stage.room()), "user": "cron"});
            let notify = json!({"on-complete": {"routes": ["errbot"], "data": data}});

            let parameters = json!({"message": "nightly"});
            stage.runs(&json!({"action": "demo.echo", "parameters": parameters, "notify": notify})).await;
            stage.hears_of("message : nightly").await;
            stage.posts_message("by hand").await;

            assert_eq!(stage.hears().await, "by hand");
            stage.counts("said", 2).await;
            stage.ends().await;
        }
    });
}
