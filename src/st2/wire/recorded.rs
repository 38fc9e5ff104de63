//! The wire types against what a real StackStorm answered.

use std::{fs, path::Path};

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::{alias::Alias, st2::sse::Event};

fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/st2").join(file);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

fn body(name: &str) -> Value {
    read(&format!("http/{name}.json"))["response"]["body_json"].take()
}

fn parse<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

/// The executions in the update events of a recorded run, in order.
fn updates(name: &str) -> Vec<Execution> {
    let Value::Array(events) = read(&format!("executions/{name}.json")) else { panic!("no events in {name}") };
    let mut updates = Vec::new();
    for event in &events {
        let name = event["event"].as_str().unwrap().to_owned();
        let is_update = name.ends_with("update");
        let data = &event["data"];
        let happening = Happening::read(Event::Complete { name: name.clone(), data: data.to_string() });
        assert!(!matches!(happening, Happening::Garbled(_)), "{happening:?}");
        let is_execution = name.starts_with("st2.execution__");
        let execution = is_execution.then(|| parse::<Execution>(data.clone()));
        let ends = execution.as_ref().is_some_and(|it| it.status().is_terminal() && !it.is_child());
        assert_eq!(matches!(happening, Happening::Ended(_)), ends, "{data}");
        updates.extend(execution.filter(|_| is_update));
    }
    updates
}

#[test]
fn answers_to_commands_are_read() {
    let acked: AliasAnswer = parse(body("aliasexecution_ok_ack"));
    let results: Vec<AliasAnswer> = parse(body("match_and_execute_multi_two")["results"].take());
    let broken: Vec<AliasAnswer> = parse(body("match_and_execute_ack_bad")["results"].take());
    let extra: Vec<AliasAnswer> = parse(body("match_and_execute_ack_extra")["results"].take());

    assert!(acked.message().is_some() && acked.execution.web_url.is_some());
    assert!(results.len() > 1 && results.iter().all(|it| it.actionalias.reference.is_some()));
    assert!(broken[0].extra.as_str().unwrap().starts_with("Cannot render"));
    assert!(extra[0].extra.is_object());
}

#[test]
fn aliases_and_matches_are_read() {
    let matched: Matched = parse(body("actionalias_match_plain"));
    let aliases: Vec<Alias> = parse(body("actionalias_list_all"));

    assert_eq!(
        (matched.representation.as_str(), matched.actionalias.reference().as_str()),
        ("gw ping", "gwtest.gw_ping")
    );
    assert!(!aliases.is_empty());
}

#[test]
fn faults_of_many_lines_become_one() {
    let line = |name| Fault::new(body(name)["faultstring"].as_str().unwrap()).line();

    assert_eq!(
        line("match_and_execute_fail_bad_enum"),
        "how: 'nonsense' is not one of ['exit', 'raise', 'tuple']"
    );
    assert_eq!(line("match_and_execute_missing_required"), "'message' is a required property");
    assert!(line("inquiry_put_bad_schema").ends_with("'maybe' is not of type 'boolean'"));
}

#[test]
fn announcements_are_read_from_the_executions_that_made_them() {
    let executions: Vec<Execution> = parse(body("execution_list_post_message_since"));

    let announcement = Announcement::from_execution(&executions[0]).unwrap();

    assert_eq!((announcement.route.as_str(), announcement.channel.as_deref()), ("errbot", Some("#ops")));
    assert!(announcement.message.starts_with('\n') && announcement.context.is_object());
}

#[test]
fn runs_end_once_their_last_update_says_so() {
    for (name, status) in [("events_cancel", Status::Canceled), ("events_timeout", Status::Timeout)] {
        let updates = updates(name);

        let ended = updates.iter().position(|it| it.status().is_terminal()).unwrap();

        assert_eq!(*updates[ended].status(), status);
        assert!(updates[ended].member("end_timestamp").is_some() && updates[ended].started().is_some());
        assert!(updates.iter().all(|it| !it.is_child()));
    }
}

#[test]
fn steps_of_a_workflow_are_children_and_the_workflow_is_none() {
    let updates = updates("events_inquiry");
    let top = updates[0].id();

    assert!(updates.iter().any(Execution::is_child));
    assert!(updates.iter().all(|it| it.is_child() != (it.id() == top)));
    assert!(updates.iter().any(|it| *it.status() == Status::Paused));
}

#[test]
fn an_end_without_a_result_is_an_end() {
    let last = |updates| parse::<Vec<Execution>>(updates).pop().unwrap();
    let abandoned = last(read("executions/odd_put-abandoned.json"));
    let failed = last(read("executions/odd_put-failed.json"));

    assert_eq!((abandoned.status(), failed.status()), (&Status::Abandoned, &Status::Failed));
    assert!(abandoned.status().is_terminal() && abandoned.result().is_none());
}

#[test]
fn a_cancel_is_taken_on_or_refused_as_recorded() {
    let (first, second) = ("execution_cancel", "execution_cancel_again");

    assert_eq!(parse::<Cancelled>(body(first)), Cancelled::Begun(Status::Canceling));
    let refused = Cancelled::Refused(Fault::new("Action cannot be canceled. State = canceling."));
    assert_eq!(parse::<Cancelled>(body(second)), refused);
}

#[test]
fn a_workflow_tells_how_many_tasks_it_has_started_and_each_task_its_name() {
    let updates = updates("events_wf_create_vm");

    let tops = updates.iter().filter(|it| !it.is_child());
    let counts: Vec<usize> = tops.map(Execution::started_tasks).collect();
    assert!(counts.is_sorted() && counts.last() > Some(&1), "{counts:?}");
    let task = updates.iter().rfind(|it| it.is_child()).and_then(Execution::task);
    assert_eq!(task.as_deref(), Some("notify"));
}
