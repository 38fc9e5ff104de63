//! Holds the sandbox to what a real StackStorm was recorded to answer (`tests/st2`).
//!
//! The same request must get the same status, a body of the same shape and, where it is deterministic, the same
//! `faultstring`. What is not replayed is listed in [`NOT_REPLAYED`], with the reason.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test, whose helpers may fail as loudly as it does"
)]

mod st2;

use std::collections::BTreeMap;

use serde_json::Value;

use st2::replay::Replay;
use st2::shape::{self, Detail};

/// Recordings (by the beginning of their names) that are not replayed.
const NOT_REPLAYED: [(&str, &str); 9] = [
    ("actionalias_help_offset", "the pack has grown since: 40 is no longer beyond the end of its help"),
    ("apikeys_", "keys are given at the start; the API to change them is not played"),
    ("inquir", "inquiries are not played: a workflow that asks stays paused, and the list is empty"),
    ("keys_", "the key-value store is not played"),
    ("webhooks_", "webhooks are not played"),
    ("rbac_", "there is no RBAC: everybody is admin"),
    ("nginx_api_backend_down", "an accident of nginx"),
    ("execution_list_limit1", "which execution is the last is chance here; execution_get_last sees to it"),
    ("executions_after_ack_syntax", "the statuses of one moment"),
];

#[actix_web::test]
async fn answers_as_a_real_stackstorm_did() {
    let replay = Replay::start().await;
    let mut failures = BTreeMap::new();
    let (mut replayed, mut left_out) = (0, 0);

    for (name, recording) in st2::recordings("http") {
        if let Some((_, reason)) = NOT_REPLAYED.iter().find(|(prefix, _)| name.starts_with(prefix)) {
            println!("not replayed: {name}: {reason}");
            left_out += 1;
            continue;
        }
        let differences = replay.exchange(&name, &recording).await;
        replayed += 1;
        if !differences.is_empty() {
            failures.insert(name, differences);
        }
    }

    println!("replayed {replayed} exchanges, left out {left_out}");
    assert!(failures.is_empty(), "{} of {replayed} differ: {failures:#?}", failures.len());
    assert!(replayed >= 200, "only {replayed}");
}

#[actix_web::test]
async fn streams_open_and_are_refused_as_recorded() {
    let replay = Replay::start().await;
    let mut failures = BTreeMap::new();

    for (name, recording) in st2::recordings("stream") {
        let accident = ["backend_down", "rbac_stream_denied"].iter().any(|part| name.contains(part));
        if accident {
            println!("not replayed: {name}: no RBAC and no nginx here");
            continue;
        }
        let differences = replay.opening(&recording).await;
        if !differences.is_empty() {
            failures.insert(name, differences);
        }
    }

    assert!(failures.is_empty(), "{failures:#?}");
}

#[actix_web::test]
async fn events_of_a_routed_command_have_the_recorded_shapes() {
    let replay = Replay::start().await;
    let mut recorded = st2::events(&st2::recording("stream", "stream_events_star"));
    let by_hand =
        |data: &Value| !data["payload"]["message"].as_str().is_some_and(|text| text.contains("completed."));
    recorded.retain(|(event, data)| !event.contains("announcement") || !by_hand(data));
    let mut stream = replay.stream("events=*").await;

    replay.command("gw echo hello stream", "#ops", "errbot").await;
    let heard = stream.until("st2.announcement__errbot").await;

    assert_eq!(statuses(&heard, "gwtest.echo"), ["requested", "scheduled", "running", "succeeded"]);
    let mut compared = 0;
    for (event, data) in &heard {
        let Some(example) = example(&recorded, event, data) else { continue };
        let differences = shape::differences(example, data, Detail::Shape);
        assert!(differences.is_empty(), "{event}: {differences:#?}");
        compared += 1;
    }
    println!("compared {compared} of {} events", heard.len());
    assert!(compared >= 12, "only {compared}");
}

#[actix_web::test]
async fn lives_pass_through_the_recorded_statuses() {
    let replay = Replay::start().await;
    let cases = [
        ("events_python", "gw echo hello"),
        ("events_shell", "lab local echo hello"),
        ("events_fail_shell", "lab local exit 3"),
        ("events_fail_py_exit", "gw fail"),
        ("events_timeout", "gw slow 20 timeout=1"),
        ("events_wf_sub", "lab sub"),
    ];

    for (name, command) in cases {
        let recorded = st2::event_list(&st2::recording("executions", name));
        let mut stream = replay.stream("events=st2.execution__*").await;

        let id = replay.command(command, "#ops", "").await;
        let heard = stream.until_end_of(&id).await;

        let top = |events: &[(String, Value)]| {
            let events =
                events.iter().filter(|(event, data)| event.contains("execution__") && data["parent"].is_null());
            let statuses = events.map(|(_, data)| data["status"].as_str().unwrap_or_default().to_owned());
            let mut statuses: Vec<_> = statuses.collect();
            statuses.dedup();
            statuses
        };
        assert_eq!(top(&heard), top(&recorded), "{name}");
        for (event, data) in &heard {
            let Some(example) = example(&recorded, event, data) else { continue };
            let differences = shape::differences(example, data, Detail::Shape);
            assert!(differences.is_empty(), "{name}, {event}: {differences:#?}");
        }
    }
}

#[actix_web::test]
async fn text_that_looks_like_a_template_is_rendered_on_its_way_to_the_chat() {
    let replay = Replay::start().await;
    let mut stream = replay.stream("events=st2.announcement__*").await;

    // As recorded: the first becomes 2, the second is never announced, the others pass as they are.
    for text in ["{{ 1+1 }}", "{{ nope }}", "<% 1 + 1 %>", "{% bad"] {
        replay.command(&format!("gw echo {text}"), "#ops", "errbot").await;
        replay.settle().await;
    }
    replay.command("gw echo the last", "#ops", "hubot").await;
    let heard = stream.until("st2.announcement__chatops").await;

    let said = |data: &Value| data["payload"]["message"].as_str().unwrap().to_owned();
    let messages: Vec<_> = heard.iter().map(|(_, data)| said(data)).collect();
    assert_eq!(messages.len(), 4, "{messages:#?}");
    for (message, part) in messages.iter().zip(["message : 2", "<% 1 + 1 %>", "{% bad", "the last"]) {
        assert!(message.contains(part), "{message}");
    }
}

/// The recorded event of the same name about the same action in the same status.
fn example<'a>(recorded: &'a [(String, Value)], event: &str, data: &Value) -> Option<&'a Value> {
    let key = |data: &Value| (data["status"].clone(), action(data), data["children"].is_null());
    recorded.iter().find(|(name, other)| name == event && key(other) == key(data)).map(|(_, other)| other)
}

fn action(data: &Value) -> Value {
    if data["action"].is_string() { data["action"].clone() } else { data["action"]["ref"].clone() }
}

fn statuses(events: &[(String, Value)], reference: &str) -> Vec<String> {
    let about =
        events.iter().filter(|(event, data)| event.contains("st2.execution__") && action(data) == reference);
    about.map(|(_, data)| data["status"].as_str().unwrap_or_default().to_owned()).collect()
}
