//! StackStorm's answers: executions, aliases, answers to commands, faults.

use fulmar::{
    alias::{Alias, HelpQuery, Registry},
    st2::wire::{AliasAnswer, Announcement, Cancelled, Execution, Fault, Mark, Matched},
};
use serde_json::Value;

use super::{Target, text};

pub(super) const TARGET: Target =
    Target { name: "wire", words: include_str!("../../words/json.toml"), longest: 1 << 17, run };

fn run(input: &[u8]) {
    let text = text(input);
    execution(&text);
    if let Ok(page) = serde_json::from_str::<Vec<Execution>>(&text) {
        page.iter().for_each(look);
    }
    fault(input);
    if let Ok(value) = serde_json::from_str::<Value>(&text) {
        answers(&value);
        aliases(&value);
        said(&value);
    }
}

fn execution(json: &str) {
    let read = Execution::from_json(json);
    let as_a_part: Option<Execution> = serde_json::from_str(json).ok();
    assert_eq!(read.as_ref().ok().map(Execution::id), as_a_part.as_ref().map(Execution::id), "alone or in a list");
    if let Ok(execution) = read {
        let cancelled = serde_json::from_str(json).ok();
        assert_eq!(cancelled, Some(Cancelled::Begun(execution.status().clone())), "the end is begun");
        look(&execution);
    } else {
        drop(serde_json::from_str::<Cancelled>(json));
    }
}

fn look(execution: &Execution) {
    for member in ["context", "elapsed_seconds", "liveaction", "parameters", "parent", "result", "id"] {
        execution.member(member);
    }
    execution.started();
    execution.ended();
    assert!(execution.web_url().is_none_or(|url| !url.is_empty()), "an address");
    if let Some(mark) = execution.mark() {
        assert_eq!(Mark::in_context(&mark.to_context()).as_ref(), Some(mark), "a mark comes back as it went");
    }
    if let Some(announcement) = Announcement::from_execution(execution) {
        announcement.fingerprint();
    }
}

fn said(payload: &Value) {
    let mut sorted = payload.clone();
    sorted.sort_all_objects();
    let (one, other) = (Announcement::read("errbot", payload), Announcement::read("errbot", &sorted));
    if payload.get("message").is_none_or(|it| !it.is_object() && !it.is_array()) {
        let whole = |key| payload.get(key).is_none_or(|it: &Value| !it.is_object() && !it.is_array());
        assert!(
            !whole("channel") || !whole("user") || one.fingerprint() == other.fingerprint(),
            "whatever the order of its members"
        );
    }
}

fn answers(value: &Value) {
    for answer in value.get("results").and_then(Value::as_array).into_iter().flatten().chain([value]) {
        let Ok(answer) = serde_json::from_value::<AliasAnswer>(answer.clone()) else { continue };
        assert!(!answer.execution.id.as_str().is_empty(), "an id");
        answer.message();
    }
    if let Ok(matched) = serde_json::from_value::<Matched>(value.clone()) {
        let registry = Registry::new(vec![matched.actionalias.clone()], &["*"]);
        registry.admit(matched.actionalias, &matched.representation);
    }
}

fn aliases(value: &Value) {
    let all = value.as_array().map_or_else(|| vec![value.clone()], Clone::clone);
    let aliases: Vec<Alias> = all.into_iter().filter_map(|alias| serde_json::from_value(alias).ok()).collect();
    if aliases.is_empty() {
        return;
    }
    let registry = Registry::new(aliases, &["*"]);
    let query = HelpQuery::default();
    if let Ok(page) = registry.help(&query, |_| true) {
        page.text(&query, "");
    }
    registry.find("say hello");
    registry.suggest("say hello", |_| true);
}

fn fault(body: &[u8]) {
    let fault = Fault::in_body(body);
    let line = fault.line();
    assert!(line.chars().count() <= 301 && !line.contains(char::is_control), "one line: {line:?}");
    let _ = (fault.is_ambiguous(), fault.is_no_match(), fault.is_no_path(), fault.is_ttl_too_large());
}
