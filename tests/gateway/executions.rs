//! Which executions there are, and what people do with them.

use std::time::Duration;

use fulmar::config::Administrator;
use serde_json::{Value, json};

use crate::stage::{Stage, story};

/// A room and another, and an administrator called root.
async fn stage() -> Stage {
    let admin = Administrator { chat: "mem".into(), identity: "root".into() };
    let stage = Stage::configured(|config| config.gateway.admins = vec![admin]).await;
    stage.alias("sh", "core.local", "sh {{ cmd }}").await;
    stage
}

impl Stage {
    /// Makes an alias, acknowledged by its name.
    pub(crate) async fn alias(&self, name: &str, action: &str, format: &str) {
        let alias = json!({
            "name": name, "pack": "demo", "action_ref": action, "formats": [format], "description": name,
            "ack": {"format": format!("ack of {name}"), "append_url": false},
        });
        let url = format!("{}/api/v1/actionalias", self.sandbox.url());
        let made = awc::Client::default().post(url).insert_header(("St2-Api-Key", "s3cret-key"));
        assert_eq!(made.send_json(&alias).await.unwrap().status(), 201);
    }

    /// The newest execution of `action`, once it runs; its short id.
    async fn running(&self, action: &str) -> String {
        let is_it = |it: &&Value| it["action"]["ref"] == action && it["status"] == "running";
        let deadline = tokio::time::Instant::now() + crate::stage::PATIENCE;
        loop {
            let executions = self.sandbox.executions();
            if let Some(found) = executions.iter().find(is_it) {
                let id = found["id"].as_str().unwrap();
                return id[id.len() - 6..].to_owned();
            }
            assert!(tokio::time::Instant::now() < deadline, "no {action} runs: {executions:#?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[test]
fn those_of_the_room_are_listed_with_how_stackstorm_has_them() {
    story(async || {
        let stage = stage().await;
        stage.says("!executions").await;
        assert_eq!(stage.hears().await, "Nothing runs here.");
        stage.says("!quietly done").await;
        stage.hears_of("done").await;
        stage.says_as("ann", "!wait 60").await;
        stage.hears().await;
        let id = stage.running("demo.wait").await;

        stage.says("!executions").await;
        let here = stage.hears().await;
        let lines: Vec<&str> = here.lines().collect();
        assert_eq!(lines.len(), 4, "{here}");
        assert_eq!(lines[0], "1 runs:");
        assert!(lines[1].starts_with(&format!("- {id}  wait 60  (ann)  running for ")), "{here}");
        assert_eq!(lines[2], "Over:");
        assert!(lines[3].contains("  quietly done  (joe)  succeeded after "), "{here}");
        stage.ends().await;
    });
}

#[test]
fn only_administrators_see_those_of_everywhere_and_not_what_was_said_there() {
    story(async || {
        let stage = stage().await;
        stage.network.whisper("ann", "wait 60").await;
        stage.running("demo.wait").await;

        stage.says("!executions all").await;
        let refused = stage.hears().await;
        stage.says("!executions").await;
        let here = stage.hears().await;
        stage.says_as("root", "!executions all").await;
        let all = stage.hears().await;

        assert!(refused.starts_with("Only administrators may do that"), "{refused}");
        assert_eq!(here, "Nothing runs here.");
        assert!(all.contains("demo.wait in mem  (ann)  running for ") && !all.contains("wait 60"), "{all}");
        stage.ends().await;
    });
}

#[test]
fn a_cancelled_execution_is_told_as_any_end_is() {
    story(async || {
        let stage = stage().await;
        stage.says("!wait 60").await;
        stage.hears().await;
        let id = stage.running("demo.wait").await;

        stage.says(&format!("!cancel {id}")).await;

        let mut said = [stage.hears().await, stage.hears().await];
        said.sort();
        assert_eq!(said[1], format!("Cancelling {id} (wait 60): StackStorm has it as canceling."));
        assert!(said[0].contains("status : canceled"), "{said:?}");
        stage.says(&format!("!cancel {id}")).await;
        let again = stage.hears().await;
        assert_eq!(again, "Not cancelled. StackStorm says: Action cannot be canceled. State = canceled.");
        stage.ends().await;
    });
}

#[test]
fn somebody_elses_execution_is_cancelled_by_administrators_only() {
    story(async || {
        let stage = stage().await;
        stage.says("!wait 60").await;
        stage.hears().await;
        let id = stage.running("demo.wait").await;

        stage.says_as("ann", &format!("!cancel {id}")).await;
        let refused = stage.hears().await;
        stage.says_as("root", &format!("!cancel {id}")).await;

        assert_eq!(refused, format!("Only joe, who gave the command, or an administrator may cancel {id}."));
        stage.hears_of(&format!("Cancelling {id}")).await;
        stage.hears_of("status : canceled").await;
        stage.ends().await;
    });
}

#[test]
fn without_an_id_it_is_the_only_one_of_ones_own_here_or_a_choice() {
    story(async || {
        let stage = stage().await;
        stage.says("!cancel").await;
        assert_eq!(stage.hears().await, "Nothing of yours runs here.");
        for (who, seconds) in [("joe", 61), ("joe", 62), ("ann", 63)] {
            stage.says_as(who, &format!("!wait {seconds}")).await;
            stage.hears().await;
        }

        stage.says("!cancel").await;
        let choice = stage.hears().await;
        let line = choice.lines().find(|line| line.ends_with("  wait 61")).unwrap();
        stage.says(line.trim_start_matches("- ").split("  ").next().unwrap()).await;
        stage.hears_of("(wait 61): StackStorm has it as cancel").await;
        stage.until("it is over", |status| status["journal"]["open"] == 2).await;
        stage.says("!cancel").await;

        assert!(choice.starts_with("Several of yours run here, say which:\n- !cancel "), "{choice}");
        assert!(choice.contains("  wait 62") && !choice.contains("wait 63"), "{choice}");
        stage.hears_of("(wait 62): StackStorm has it as cancel").await;
        stage.ends().await;
    });
}

#[test]
fn what_is_not_known_here_cannot_be_cancelled_given_again_or_shown() {
    story(async || {
        let stage = stage().await;
        stage.network.whisper("ann", "wait 60").await;
        let id = stage.running("demo.wait").await;

        for verb in ["cancel", "rerun", "tail"] {
            stage.says(&format!("!{verb} {id}")).await;
            let answer = stage.hears().await;
            assert_eq!(answer, format!("No execution that I know of here ends with {id}. Try !executions."));
        }
        stage.ends().await;
    });
}

#[test]
fn a_command_is_given_again_as_the_askers_own() {
    story(async || {
        let stage = stage().await;
        stage.says("!deploy shop").await;
        stage.hears_of("shop latest runs at").await;
        let first = stage.sandbox.executions()[0].clone();

        stage.says_as("ann", &format!("!rerun {}", first["id"].as_str().unwrap())).await;

        stage.hears_of("Deploying shop.").await;
        stage.hears_of("shop latest runs at").await;
        let again = &stage.sandbox.executions()[0];
        assert_eq!(stage.sandbox.made(), 2);
        assert_eq!(again["context"]["api_user"], "ann");
        let mark = |it: &Value| it["liveaction"]["notify"]["on-complete"]["data"]["source_context"].clone();
        assert!(mark(again)["fulmar"]["command"].is_string(), "{again:#}");
        assert_ne!(mark(again), mark(&first));
        stage.ends().await;
    });
}

#[test]
fn what_is_printed_is_shown_as_it_is_printed_and_before_the_result() {
    story(async || {
        let stage = stage().await;
        stage.says("!sh echo one; sleep 3; echo two; sleep 1; echo three").await;
        stage.hears_of("ack of sh").await;
        let id = stage.running("core.local").await;

        stage.says_as("ann", &format!("!tail {id}")).await;

        let begun = stage.hears().await;
        assert!(begun.starts_with(&format!("What {id} (sh echo one")), "{begun}");
        assert_eq!(stage.hears().await, "one");
        assert_eq!(stage.hears().await, "two\nthree");
        stage.hears_of("status : succeeded").await;
        stage.says_as("ann", &format!("!tail {id}")).await;
        stage.hears_of("prints comes here").await;
        assert_eq!(stage.hears().await, "one\ntwo\nthree");
        stage.ends().await;
    });
}

#[test]
fn a_cut_stream_is_opened_again_and_nothing_is_shown_twice() {
    story(async || {
        let stage = stage().await;
        stage.says("!sh echo one; sleep 3; echo two; sleep 2; echo three").await;
        let id = stage.running("core.local").await;
        stage.says(&format!("!tail {id}")).await;
        stage.hears_of("prints comes here").await;
        assert_eq!(stage.hears().await, "one");

        stage.inject(json!({"fault": "cut-streams"}));

        assert_eq!(stage.hears().await, "two\nthree");
        stage.hears_of("status : succeeded").await;
        stage.ends().await;
    });
}

#[test]
fn of_endless_output_the_first_lines_are_shown_and_where_the_rest_is() {
    story(async || {
        let stage = stage().await;
        let talk = vec!["echo x"; 250].join("; ");
        stage.says(&format!("!sh {talk}; sleep 60")).await;
        let id = stage.running("core.local").await;

        stage.says(&format!("!tail {id}")).await;

        stage.hears_of("prints comes here").await;
        for _ in 0..10 {
            assert_eq!(stage.hears().await.lines().count(), 20);
        }
        let end = stage.hears().await;
        assert!(end.starts_with("… 200 lines are shown; all of it shows: st2 execution tail "), "{end}");
        stage.ends().await;
    });
}

#[test]
fn one_is_shown_to_a_person_until_they_say_stop() {
    story(async || {
        let stage = stage().await;
        stage.says("!sh echo one; sleep 60; echo two").await;
        let id = stage.running("core.local").await;
        stage.says(&format!("!tail {id}")).await;
        stage.hears_of("prints comes here").await;

        stage.says(&format!("!tail {id}")).await;
        stage.hears_of("You are shown one already").await;
        stage.says("!tail stop").await;
        stage.hears_of("No more of it is shown.").await;
        stage.says("!tail stop").await;

        assert_eq!(stage.hears().await, "You are shown nothing.");
        stage.ends().await;
    });
}
