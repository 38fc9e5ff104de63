//! What goes wrong, and how it heals by itself.

use std::{net::TcpListener, time::Duration};

use fulmar::{
    actors::router::Overdue,
    journal::{Entry, RunId},
    sandbox::{Sandbox, SandboxConfig},
    supervise::Shutdown,
};
use fulmar_contract::Undelivered;
use fulmar_memory::Answer;
use serde_json::json;

use crate::stage::{AS_USER, Stage, WITH_KEY, config, sandbox, story};

#[test]
fn stackstorm_may_come_later() {
    story(async || {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let unused = Sandbox::start(sandbox()).unwrap();
        let mut stage = Stage::against(unused, &format!("http://{free}"), AS_USER);
        stage.network.online().await;

        stage.says("!echo x").await;
        let answer = stage.hears().await;
        assert!(answer.starts_with("The commands are not known yet"), "{answer}");
        assert_eq!(stage.get("/ready").await.0, 503);
        stage.sandbox = Sandbox::start(SandboxConfig { listen: free, ..sandbox() }).unwrap();

        stage.until_ready().await;
        stage.says("!quietly x").await;
        assert_eq!(stage.hears().await, "x");
        stage.ends().await;
    });
}

#[test]
fn nobody_waits_long_for_a_stackstorm_that_says_nothing() {
    story(async || {
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let unused = Sandbox::start(sandbox()).unwrap();
        let stage = Stage::against(unused, &format!("http://{}", silent.local_addr().unwrap()), AS_USER);
        stage.network.online().await;

        stage.says("!echo x").await;

        assert_eq!(stage.hears().await, "The commands are not known yet: they are being loaded.");
        stage.ends().await;
    });
}

#[test]
fn what_nothing_matches_is_soon_told_though_stackstorm_does_not_say_what_it_knows() {
    story(async || {
        let stage = Stage::ready().await;
        stage.inject(json!({"fault": "hang", "path": "/v1/actionalias/match", "millis": 60_000}));

        stage.says("!ecko x").await;

        let answer = stage.hears().await;
        assert!(answer.contains("!echo"), "{answer}");
        stage.ends().await;
    });
}

#[test]
fn a_result_that_the_stream_did_not_bring_is_asked_for_after_the_reconnect() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "delay-results", "millis": 300}));
        stage.says("!deploy web").await;
        stage.hears_of("Deploying web.").await;
        stage.inject(json!({"fault": "refuse-streams", "status": 503, "millis": 1000}));
        stage.inject(json!({"fault": "cut-streams"}));

        stage.hears_of("web ").await;
        stage.ends().await;
    });
}

#[test]
fn an_expired_token_is_replaced_and_nobody_notices() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "expire-tokens"}));
        stage.says("!quietly x").await;

        assert_eq!(stage.hears().await, "x");
        assert_eq!(stage.sandbox.made(), 1);
        stage.ends().await;
    });
}

#[test]
fn one_renewal_serves_all_who_ask() {
    story(async || {
        let stage = Stage::ready().await;
        let logins = |stage: &Stage| stage.sandbox.seen().iter().filter(|seen| seen.path == "/v1/tokens").count();
        let before = logins(&stage);

        stage.inject(json!({"fault": "expire-tokens"}));
        for _ in 0..10 {
            stage.says("!quietly x").await;
        }
        for _ in 0..10 {
            assert_eq!(stage.hears().await, "x");
        }

        assert_eq!(logins(&stage) - before, 1);
        stage.ends().await;
    });
}

#[test]
fn a_hopeless_credential_is_said_and_tried_seldom_and_the_gateway_goes_on() {
    story(async || {
        let wrong = r#"{ user = { name = "bot", password = "wrong" } }"#;
        let stage = Stage::new(sandbox(), wrong);
        stage.network.online().await;

        let status =
            stage.until("it is refused", |status| status["stackstorm"]["default"]["auth"] == "refused").await;
        stage.says("!echo x").await;
        stage.hears_of("refuses the gateway's credential").await;

        let tries = stage.sandbox.seen().iter().filter(|seen| seen.path == "/v1/tokens").count();
        assert!(tries <= 2, "{tries} tries lock accounts");
        assert!(!status.to_string().contains("wrong"));
        stage.ends().await;
    });
}

#[test]
fn a_login_without_an_answer_is_tried_again_soon_and_not_for_each_command() {
    story(async || {
        let stage = Stage::ready().await;
        stage.inject(json!({"fault": "answer", "path": "/v1/tokens", "status": 502, "times": 1_000_000}));
        let before = stage.sandbox.seen().len();

        stage.inject(json!({"fault": "expire-tokens"}));
        for n in 0..20 {
            stage.says(&format!("!quietly {n}")).await;
            let answer = stage.hears_of("Not run: ").await;
            assert!(
                answer.starts_with("Not run: the gateway cannot log in: StackStorm is not available"),
                "{answer}"
            );
        }

        let tries = stage.sandbox.seen().iter().skip(before).filter(|seen| seen.path == "/v1/tokens").count();
        assert!(tries < 10, "{tries} logins for twenty commands");
        stage.sandbox.forget_faults();
        let answer = async || {
            stage.says("!quietly well").await;
            stage.hears().await
        };
        while answer().await != "well" {}
        stage.ends().await;
    });
}

#[test]
fn garbage_in_the_stream_is_passed_over() {
    story(async || {
        let stage = Stage::ready().await;
        let connects = stage.child("listener/default").await["restarts"].clone();

        for data in
            [json!({"payload": null}), json!([]), json!("x"), json!({}), json!({"payload": {"channel": 5}})]
        {
            stage.inject(json!({"fault": "emit", "event": "st2.announcement__errbot", "data": data}));
            stage.inject(json!({"fault": "emit", "event": "st2.execution__update", "data": data}));
        }
        for text in
            ["garbage\n\n", "data\n\n", ":::\n", "event: st2.execution__update\ndata: {\n\n", "\u{0}\r\r\n\n"]
        {
            stage.inject(json!({"fault": "raw", "text": text}));
        }
        stage.says("!quietly still here").await;

        assert_eq!(stage.hears().await, "still here");
        assert_eq!(stage.child("listener/default").await["restarts"], connects);
        stage.ends().await;
    });
}

#[test]
fn a_panic_in_a_session_ends_only_that_session() {
    story(async || {
        let stage = Stage::ready().await;

        stage.network.make_it_panic().await;
        stage
            .until("it restarts", |status| {
                status["children"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|child| child["name"] == "chat/mem" && child["restarts"] == 1 && child["phase"] == "up")
            })
            .await;
        stage.says("!quietly again").await;

        assert_eq!(stage.hears().await, "again");
        assert!(stage.child("chat/mem").await["last_error"].as_str().unwrap().contains("panicked"));
        stage.ends().await;
    });
}

#[test]
fn a_panic_in_any_actor_heals() {
    story(async || {
        let stage = Stage::ready().await;

        for child in
            ["journal", "delivery", "router", "auth:default", "aliases:default", "listener:default", "chat:mem"]
        {
            assert_eq!(stage.post(&format!("/test/{child}/panic")).await.0, 202);
            let name = child.replace(':', "/");
            stage
                .until("it is up again", |status| {
                    status["children"].as_array().unwrap().iter().any(|child| {
                        child["name"] == name.as_str() && child["restarts"] == 1 && child["phase"] == "up"
                    })
                })
                .await;
            stage.until_ready().await;
            stage.says(&format!("!quietly after {child}")).await;
            assert_eq!(stage.hears().await, format!("after {child}"));
        }
        stage.ends().await;
    });
}

#[test]
fn a_chat_that_is_cut_off_gets_its_results_when_it_is_back() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "delay-results", "millis": 300}));
        stage.says("!deploy web").await;
        stage.hears_of("Deploying web.").await;
        stage.network.refuse_logins(false);
        stage.network.sever();
        stage.network.offline().await;

        stage.hears_of("web ").await;
        stage.ends().await;
    });
}

#[test]
fn a_post_that_the_network_refuses_blocks_nothing() {
    story(async || {
        let stage = Stage::ready().await;

        stage.network.answer(Answer::Fail(Undelivered::Refused { why: "no such room".into() }));
        stage.says("!quietly a").await;
        stage.until("it is given up", |status| status["journal"]["dead"] == 1).await;
        stage.network.answer(Answer::Accept);
        stage.says("!quietly b").await;

        assert_eq!(stage.hears().await, "b");
        stage.ends().await;
    });
}

#[test]
fn refused_credentials_park_the_chat_and_an_operator_wakes_it() {
    story(async || {
        let stage = Stage::ready().await;

        stage.network.refuse_logins(true);
        stage.network.sever();
        stage.until("it parks", |status| status["chats"]["mem"]["phase"] == "parked").await;
        stage.network.refuse_logins(false);
        assert_eq!(stage.post("/chats/mem/restart").await.0, 202);

        stage.until_ready().await;
        stage.says("!quietly back").await;
        assert_eq!(stage.hears().await, "back");
        stage.ends().await;
    });
}

#[test]
fn a_key_that_is_refused_once_is_tried_again() {
    story(async || {
        let stage = Stage::new(sandbox(), WITH_KEY);
        stage.until_ready().await;

        stage.inject(json!({"fault": "answer", "path": "/v1/actionalias", "status": 500}));
        assert_eq!(stage.post("/aliases/refresh").await.0, 502);
        assert_eq!(stage.post("/aliases/refresh").await.0, 200);

        stage.says("!quietly x").await;
        assert_eq!(stage.hears().await, "x");
        stage.ends().await;
    });
}

#[test]
fn a_post_that_the_network_did_not_confirm_is_sent_again_under_the_same_key() {
    story(async || {
        let stage = Stage::ready().await;

        stage.network.answer(Answer::Silence);
        stage.says("!quietly a").await;
        assert_eq!(stage.hears().await, "a");
        stage.network.answer(Answer::Accept);
        stage.network.sever();
        stage.until("it is confirmed", |status| status["journal"]["pending"] == 0).await;

        assert_eq!(stage.network.posts().len(), 1);
        assert_eq!(stage.status().await["chats"]["mem"]["posted"], 1);
        stage.ends().await;
    });
}

#[test]
fn results_that_came_meanwhile_are_given_in_the_order_of_their_ends() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "refuse-streams", "status": 503, "millis": 4_500}));
        stage.inject(json!({"fault": "cut-streams"}));
        for seconds in [3, 1, 2] {
            stage.says(&format!("!wait {seconds}")).await;
            stage.hears().await;
        }
        stage.until("all is told", |status| status["journal"]["open"] == 0).await;

        let ended = |id: &str| {
            stage.sandbox.executions().iter().find(|it| it["id"] == id).unwrap()["end_timestamp"].clone()
        };
        let told = stage.disk.entries().into_iter().filter_map(|entry| match entry {
            Entry::Queued(delivery) => delivery.execution,
            _ => None,
        });
        let ends: Vec<String> = told.map(|run| ended(&run.id).as_str().unwrap().to_owned()).collect();
        assert!(ends.len() == 3 && ends.is_sorted(), "{ends:?}");
        stage.ends().await;
    });
}

#[test]
fn an_execution_that_does_not_begin_is_told_once_and_its_result_when_it_comes() {
    story(async || {
        let stage = Stage::ready().await;
        stage.inject(json!({"fault": "delay-results", "millis": 500}));
        stage.says("!quietly x").await;
        stage.until("it runs", |_| stage.disk.entries().iter().any(|it| matches!(it, Entry::Submitted(..)))).await;
        let id = stage.sandbox.executions()[0]["id"].as_str().unwrap().to_owned();

        let run = RunId { stackstorm: "default".into(), id: id.clone() };
        for _ in 0..2 {
            let since = Duration::from_secs(960);
            stage.gateway.reach.router.send(Overdue { run: run.clone(), since }).await.unwrap();
        }
        let told = stage.hears().await;

        let expected = format!(
            "StackStorm took demo.quiet 16 minutes ago and has not begun it yet (execution {id}). Its result is still waited for."
        );
        assert_eq!((told, stage.hears().await), (expected, "x".into()));
        stage.until("all is told", |status| status["journal"]["open"] == 0).await;
        stage.ends().await;
    });
}

#[test]
fn an_execution_that_never_begins_is_told_once_over_restarts_and_so_is_its_end() {
    story(async || {
        for results in ["direct", "announcement"] {
            let lines = format!("results = \"{results}\"");
            let first = Stage::with(sandbox(), &lines).await;
            first.inject(json!({"fault": "strand", "ago": 990_000}));
            first.says("!quietly x").await;
            first.until("it is there", |status| status["journal"]["open"] == 1).await;

            first.inject(json!({"fault": "cut-streams"}));
            let told = first.hears().await;
            first.until("it is said", |status| status["journal"]["pending"] == 0).await;
            first.gateway.supervisor.send(Shutdown).await.unwrap();
            let lists = || first.sandbox.seen().iter().filter(|it| it.path == "/v1/executions").count();
            let (network, before) = (&first.network, lists());
            network.offline().await;
            let settings = config(&first.sandbox.url(), &format!("{AS_USER}\n{lines}"), network);
            let second = Stage::kept(&first.disk, first.sandbox.clone(), network.clone(), &settings);
            second.until_ready().await;
            second.until("it was asked for", |_| lists() > before).await;

            assert!(
                told.starts_with("StackStorm took demo.quiet 16 minutes ago and has not begun it yet"),
                "{told}"
            );
            second.says("!cancel").await;
            let heard = [second.hears().await, second.hears().await];
            assert!(heard.iter().any(|it| it.contains("canceled")), "{results}: {heard:?}");
            second.until("all is told", |status| status["journal"]["open"] == 0).await;
            second.ends().await;
        }
    });
}

#[test]
fn a_stream_that_is_never_opened_holds_up_no_result_however_slow_the_answers() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "refuse-streams", "status": 503, "millis": 600_000}));
        stage.inject(json!({"fault": "cut-streams"}));
        stage.inject(json!({"fault": "hang", "path": "/v1/executions", "millis": 300, "times": 1000}));
        stage.says("!deploy web").await;

        stage.hears_of("Deploying web.").await;
        stage.hears_of("web ").await;
        stage.ends().await;
    });
}

#[test]
fn what_ended_before_the_stream_was_open_is_asked_for_though_an_older_question_is_still_open() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "delay-results", "millis": 1000}));
        stage.says("!deploy web").await;
        stage.hears_of("Deploying web.").await;
        stage.inject(json!({"fault": "hang", "path": "/v1/executions", "when": "after", "millis": 5000}));
        stage.inject(json!({"fault": "hang", "path": "/v1/stream", "millis": 3500}));
        stage.inject(json!({"fault": "cut-streams"}));

        stage.hears_of("web ").await;
        stage.ends().await;
    });
}
