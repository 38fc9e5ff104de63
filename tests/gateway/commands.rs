//! From what somebody types to what the room reads.

use serde_json::json;

use crate::stage::{AS_USER, Stage, WITH_KEY, sandbox, story};

#[test]
fn a_command_is_acknowledged_and_answered_where_it_was_given() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!run date on web1").await;

        let ack = stage.hears().await;
        assert!(ack.starts_with("Running date on web1."), "{ack}");
        let result = stage.hears().await;
        assert!(result.starts_with("Ran date on 1 hosts."), "{result}");
        stage.ends().await;
    });
}

#[test]
fn an_api_key_serves_as_well_as_a_user() {
    story(async || {
        let stage = Stage::new(sandbox(), WITH_KEY);
        stage.until_ready().await;

        stage.says("!quietly hello").await;

        assert_eq!(stage.hears().await, "hello");
        stage.ends().await;
    });
}

#[test]
fn every_way_of_addressing_runs_the_command() {
    story(async || {
        let stage = Stage::ready().await;

        for text in ["!quietly a", "!st2 quietly a", "fulmar: quietly a", "Fulmar, quietly a"] {
            stage.says(text).await;
            assert_eq!(stage.hears().await, "a", "{text}");
        }
        stage.ends().await;
    });
}

#[test]
fn an_alias_that_begins_with_the_plugin_prefix_keeps_its_first_word() {
    story(async || {
        let stage = Stage::configured(|config| config.gateway.plugin_prefix = "quietly".into()).await;

        stage.says("!quietly a").await;

        assert_eq!(stage.hears().await, "a");
        stage.ends().await;
    });
}

#[test]
fn talk_among_others_costs_stackstorm_nothing() {
    story(async || {
        let stage = Stage::ready().await;
        let before = stage.sandbox.seen().len();

        for text in ["good morning", "wow!", "!!!", "quietly a", "fulmar is a bird"] {
            stage.says(text).await;
        }
        stage.says("!whoami").await;

        stage.hears_of("You are").await;
        assert_eq!(stage.sandbox.seen().len(), before);
        stage.ends().await;
    });
}

#[test]
fn an_ack_goes_before_its_result_however_quick_the_action() {
    story(async || {
        let stage = Stage::ready().await;

        for number in 0..30 {
            stage.says(&format!("!deploy app{number}")).await;
        }
        let mut heard = Vec::new();
        while heard.len() < 60 {
            heard.push(stage.hears().await);
        }

        for number in 0..30 {
            let at = |what: &str| heard.iter().position(|text| text.starts_with(what)).unwrap();
            assert!(at(&format!("Deploying app{number}.")) < at(&format!("app{number} ")), "{heard:#?}");
        }
        stage.ends().await;
    });
}

#[test]
fn an_answer_stays_in_the_thread_of_its_command() {
    story(async || {
        let stage = Stage::ready().await;

        stage.network.say_in_thread("ops", "t1", "joe", "!deploy web").await;
        stage.hears_of("Deploying web.").await;
        stage.hears_of("web ").await;

        let posts = stage.network.posts();
        assert!(posts.len() == 2 && posts.iter().all(|post| post.thread.as_ref().unwrap().as_str() == "t1"));
        stage.ends().await;
    });
}

#[test]
fn a_command_in_private_needs_no_prefix_and_is_answered_in_private() {
    story(async || {
        let stage = Stage::ready().await;

        stage.network.whisper("joe", "quietly psst").await;

        stage.until("it is posted", |status| status["chats"]["mem"]["posted"] == 1).await;
        let post = stage.network.posts().remove(0);
        assert_eq!(post.text, "psst");
        assert_ne!(post.room, stage.room());
        stage.ends().await;
    });
}

#[test]
fn an_alias_that_wants_no_ack_gets_none_and_one_that_wants_no_result_neither() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!silently a").await;
        assert_eq!(stage.hears().await, "You will hear no more of it.");
        stage.until("it is over", |status| status["journal"]["open"] == 0).await;
        stage.says("!quietly b").await;

        assert_eq!(stage.hears().await, "b");
        stage.ends().await;
    });
}

#[test]
fn a_command_of_several_lines_is_matched_whole() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!quietly one\ntwo").await;

        assert_eq!(stage.hears().await, "one\ntwo");
        stage.ends().await;
    });
}

#[test]
fn an_unknown_command_is_answered_with_what_was_perhaps_meant() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!depoly web").await;
        let typo = stage.hears().await;
        stage.says("!xyzzy").await;
        let unknown = stage.hears().await;

        assert!(typo.contains("Did you mean") && typo.contains("!deploy {{ app }}"), "{typo}");
        assert!(unknown.starts_with("There is no command like \"xyzzy\"."), "{unknown}");
        assert_eq!(stage.sandbox.made(), 0);
        stage.ends().await;
    });
}

#[test]
fn an_ambiguous_command_is_a_choice_and_its_number_runs_it() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!status of web1").await;
        let choice = stage.hears().await;
        assert!(choice.contains("!1 ") && choice.contains("!2 ") && !choice.contains("!3 "), "{choice}");
        assert_eq!(stage.sandbox.made(), 0);
        let service = choice.lines().find(|line| line.contains("status_of_service")).unwrap();
        stage.says(service.split_whitespace().nth(1).unwrap()).await;

        stage.hears_of("demo.status_of_service").await;
        stage.hears_of("message : web1").await;
        stage.ends().await;
    });
}

#[test]
fn a_disabled_alias_is_refused_by_its_name() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!retired x").await;

        assert_eq!(stage.hears().await, "demo.retired is disabled in StackStorm.");
        stage.ends().await;
    });
}

#[test]
fn a_parameter_that_stackstorm_refuses_is_told_in_one_line() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!lines many").await;

        let answer = stage.hears().await;
        assert!(answer.starts_with("Not run: ") && !answer.contains('\n'), "{answer}");
        stage.ends().await;
    });
}

#[test]
fn a_failed_action_is_told_with_its_status() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!fail raise").await;

        stage.hears_of("status : failed").await;
        stage.ends().await;
    });
}

#[test]
fn every_match_of_a_match_multiple_alias_is_answered() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!see OPS-1 and OPS-2, also OPS-3").await;
        let ack = stage.hears().await;
        let mut results = vec![stage.hears().await, stage.hears().await, stage.hears().await];
        results.sort();

        assert_eq!(ack.lines().count(), 3, "{ack}");
        assert_eq!(results, ["OPS-1 is open.", "OPS-2 is open.", "OPS-3 is open."]);
        stage.ends().await;
    });
}

#[test]
fn a_result_is_given_once_and_only_for_the_top_of_a_workflow() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!release web").await;
        stage.hears_of("Released web").await;
        stage.says("!quietly after").await;

        assert_eq!(stage.hears().await, "after");
        stage.ends().await;
    });
}

#[test]
fn stackstorm_is_told_who_asks_where_and_by_which_command() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!quietly x").await;
        stage.hears().await;

        let executions = stage.sandbox.executions();
        let data = &executions[0]["liveaction"]["notify"]["on-complete"]["data"];
        assert_eq!(data["source_channel"], format!("mem/{}", stage.room()));
        assert_eq!(data["source_context"]["fulmar"]["gateway"], "fulmar");
        assert_eq!(executions[0]["context"]["api_user"], data["user"]);
        assert_eq!(executions.len(), 1, "one execution a command: {executions:#?}");
        stage.ends().await;
    });
}

#[test]
fn an_announcement_is_said_in_the_room_that_it_names() {
    story(async || {
        let stage = Stage::ready().await;

        let payload = json!({"channel": format!("mem/{}", stage.room()), "message": "disk full", "user": null});
        stage.inject(json!({"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": payload}}));

        assert_eq!(stage.hears().await, "disk full");
        stage.ends().await;
    });
}

#[test]
fn help_lists_what_there_is_by_pages_and_filters() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!help --limit 3").await;
        let page = stage.hears().await;
        stage.says("!st2help --filter deploy").await;
        let filtered = stage.hears().await;
        stage.says("!help --limit none").await;
        let wrong = stage.hears().await;

        assert!(page.contains(" of ") && page.contains("--offset 3"), "{page}");
        assert!(filtered.contains("deploy {{ app }}") && !filtered.contains("echo {{ message }}"), "{filtered}");
        assert!(wrong.contains("--limit"), "{wrong}");
        stage.ends().await;
    });
}

#[test]
fn whoami_and_status_answer_without_stackstorm() {
    story(async || {
        let stage = Stage::new(sandbox(), AS_USER);
        stage.until_ready().await;

        stage.says("!whoami").await;
        let who = stage.hears().await;
        stage.says("!status").await;
        let status = stage.hears().await;

        assert!(who.starts_with("You are joe") && who.contains("on mem"), "{who}");
        assert!(status.contains("StackStorm default: ") && status.contains(" aliases"), "{status}");
        stage.ends().await;
    });
}

#[test]
fn a_new_alias_can_be_run_at_once() {
    story(async || {
        let stage = Stage::ready().await;
        let alias = json!({
            "name": "brand_new", "pack": "demo", "action_ref": "demo.echo",
            "description": "x", "formats": ["brand new {{ message }}"],
            "result": {"format": "{{ execution.result.result.message }}"}, "ack": {"enabled": false},
        });
        let url = format!("{}/api/v1/actionalias", stage.sandbox.url());
        let made =
            awc::Client::default().post(url).insert_header(("St2-Api-Key", "s3cret-key")).send_json(&alias).await;
        assert_eq!(made.unwrap().status(), 201);

        stage.says("!brand new thing").await;

        assert_eq!(stage.hears().await, "thing");
        stage.until("the registry has it", |status| status["stackstorm"]["default"]["aliases"] == 18).await;
        stage.ends().await;
    });
}

#[test]
fn a_whisper_is_never_said_in_public() {
    story(async || {
        let stage = Stage::ready().await;

        let room = format!("mem/{}", stage.room());
        for user in [json!("joe"), json!(null)] {
            let payload = json!({"channel": room, "message": "psst", "user": user, "whisper": true});
            stage.inject(
                json!({"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": payload}}),
            );
        }
        stage.says("!quietly loud").await;

        assert_eq!(stage.hears().await, "loud");
        let rooms: Vec<_> = stage.network.posts().into_iter().filter(|post| post.text == "psst").collect();
        assert!(rooms.len() == 1 && rooms[0].room != stage.room(), "{rooms:?}");
        let (_, metrics) = stage.get("/metrics").await;
        assert!(metrics.contains("fulmar_announcements_total{outcome=\"nowhere\"} 1"), "{metrics}");
        stage.ends().await;
    });
}

#[test]
fn packs_that_are_left_out_are_not_to_be_had_by_asking_stackstorm() {
    story(async || {
        let stage = Stage::with(sandbox(), "packs = [\"safe_*\"]").await;

        stage.says("!quietly x").await;

        stage.hears_of("There is no command like").await;
        assert_eq!(stage.sandbox.made(), 0);
        stage.ends().await;
    });
}
