//! Commands of which it is not known at once whether StackStorm has them.

use std::fs;

use fulmar::sandbox::SandboxConfig;
use serde_json::{Value, json};

use crate::stage::{Stage, sandbox, story};

/// Gives a command whose POST fails after it ran, as the first of these faults says.
fn runs_once_though(faults: &[Value]) {
    story(async || {
        let stage = Stage::ready().await;

        faults.iter().for_each(|fault| stage.inject(fault.clone()));
        stage.says("!quietly once").await;

        stage.hears_of("StackStorm has it").await;
        assert_eq!(stage.hears().await, "once");
        assert_eq!(stage.sandbox.made(), 1);
        stage.ends().await;
    });
}

#[test]
fn a_command_whose_answer_was_lost_is_found_and_not_sent_again() {
    runs_once_though(&[json!({"fault": "reset", "path": "/v1/aliasexecution", "when": "after"})]);
}

#[test]
fn an_error_after_the_command_ran_is_not_taken_for_a_refusal() {
    runs_once_though(&[json!({"fault": "answer", "path": "/v1/aliasexecution", "status": 500, "when": "after"})]);
}

#[test]
fn an_error_before_the_command_ran_is_told_and_nothing_runs() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "answer", "path": "/v1/aliasexecution", "status": 500}));
        stage.says("!quietly never").await;

        let answer = stage.hears().await;
        assert!(answer.starts_with("Not run: "), "{answer}");
        assert_eq!(stage.sandbox.made(), 0);
        stage.ends().await;
    });
}

#[test]
fn a_command_that_came_too_soon_is_not_sent_again_and_the_next_one_not_at_all() {
    story(async || {
        let stage = Stage::ready().await;
        let sent = || stage.sandbox.seen().iter().filter(|it| it.path == "/v1/aliasexecution").count();

        let soon = json!({"fault": "answer", "path": "/v1/aliasexecution", "status": 429, "retry_after": 15});
        stage.inject(soon);
        stage.says("!quietly one").await;
        stage.until("it is refused", |_| sent() == 1).await;
        stage.says("!quietly two").await;

        stage.hears_of("Not run: StackStorm asks not to be called for 1").await;
        stage.hears_of("Not run: StackStorm answered 429").await;
        assert_eq!((sent(), stage.sandbox.made()), (1, 0));
        stage.ends().await;
    });
}

#[test]
fn a_command_that_ran_though_it_is_said_to_come_too_soon_is_found() {
    let path = "/v1/aliasexecution";
    runs_once_though(&[
        json!({"fault": "answer", "path": path, "status": 429, "retry_after": 1, "when": "after"}),
    ]);
}

#[test]
fn a_look_up_that_fails_proves_nothing() {
    runs_once_though(&[
        json!({"fault": "answer", "path": "/v1/aliasexecution", "status": 503, "when": "after"}),
        json!({"fault": "answer", "path": "/v1/executions", "status": 503}),
    ]);
}

#[test]
fn a_command_of_several_matches_whose_answer_was_lost_is_said_to_be_unknown() {
    story(async || {
        let stage = Stage::ready().await;

        let path = "/v1/aliasexecution/match_and_execute";
        stage.inject(json!({"fault": "reset", "path": path, "when": "after"}));
        stage.says("!see OPS-1").await;

        let answer = stage.hears().await;
        assert!(answer.starts_with("It may or may not run: "), "{answer}");
        assert_eq!(stage.sandbox.made(), 1);
        stage.ends().await;
    });
}

#[test]
fn a_post_in_doubt_is_said_to_be_once_and_then_found() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "reset", "path": "/v1/aliasexecution", "when": "after"}));
        stage.inject(json!({"fault": "answer", "path": "/v1/executions", "status": 500, "times": 2}));
        stage.says("!quietly once").await;

        let heard = [stage.hears().await, stage.hears().await, stage.hears().await];
        assert_eq!(heard[0], "StackStorm's answer is outstanding; looking whether it runs.");
        assert!(heard[1].starts_with("StackStorm has it") && heard[2] == "once", "{heard:?}");
        assert_eq!((stage.sandbox.made(), stage.network.posts().len()), (1, 3));
        stage.ends().await;
    });
}

#[test]
fn a_post_that_is_not_answered_is_said_to_be_after_a_quarter_of_a_minute_and_no_second_time() {
    story(async || {
        let stage = Stage::ready().await;

        stage.inject(json!({"fault": "hang", "path": "/v1/aliasexecution", "when": "after", "millis": 16_000}));
        stage.says("!quietly once").await;

        let heard = [stage.hears().await, stage.hears().await];
        assert_eq!(heard[0], "StackStorm has not answered yet; you will be told whether it runs.");
        assert_eq!((heard[1].as_str(), stage.sandbox.made()), ("once", 1));
        stage.ends().await;
    });
}

#[test]
fn what_cannot_be_looked_for_is_not_said_not_to_run() {
    story(async || {
        let pack = tempfile::tempdir().unwrap();
        for (path, text) in PAGER {
            let path = pack.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let stage = Stage::with(SandboxConfig { packs: vec![pack.path().into()], ..sandbox() }, "").await;

        stage.inject(json!({"fault": "answer", "path": "/v1/aliasexecution", "status": 500, "when": "after"}));
        stage.says("!page joe").await;

        let answer = stage.hears().await;
        assert!(answer.starts_with("It may or may not run: StackStorm answered 500"), "{answer}");
        assert_eq!(stage.sandbox.made(), 1);
        stage.ends().await;
    });
}

/// A pack whose action has a `notify` of its own, so that it carries no mark.
const PAGER: [(&str, &str); 3] = [
    ("pack.yaml", "name: pager"),
    (
        "actions/page.yaml",
        "name: page\nrunner_type: noop\nparameters: {who: {type: string}}\nnotify: {on-complete: {routes: [pager]}}",
    ),
    ("aliases/page.yaml", "name: page\naction_ref: pager.page\nformats: ['page {{ who }}']"),
];
