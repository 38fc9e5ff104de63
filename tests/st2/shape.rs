//! Whether two JSON values agree: the same keys and types all the way down, and the same texts if wanted.

use serde_json::{Map, Value};

/// How closely values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    /// Keys and types.
    Shape,
    /// Texts too, but for what changes from moment to moment.
    Texts,
}

/// Where `actual` is not as `recorded`.
pub(crate) fn differences(recorded: &Value, actual: &Value, detail: Detail) -> Vec<String> {
    let mut found = Vec::new();
    compare(recorded, actual, Place { path: String::new(), detail }, &mut found);
    found
}

#[derive(Clone)]
struct Place {
    path: String,
    detail: Detail,
}

impl Place {
    fn below(&self, part: &str) -> Self {
        Self { path: format!("{}{part}", self.path), detail: self.detail }
    }

    fn is_among(&self, ends: &[&str]) -> bool {
        ends.iter().any(|end| self.path.ends_with(end))
    }
}

fn compare(recorded: &Value, actual: &Value, place: Place, found: &mut Vec<String>) {
    let path = &place.path;
    match (recorded, actual) {
        (Value::Object(recorded), Value::Object(actual)) => compare_objects(recorded, actual, place, found),
        (Value::Array(recorded), Value::Array(actual)) => compare_arrays(recorded, actual, &place, found),
        (Value::String(recorded), Value::String(actual)) => {
            let counts = place.detail == Detail::Texts || path.ends_with(".faultstring");
            let differ = normal(recorded) != normal(actual) && actual != SYSTEM_USER;
            if counts && differ && !place.is_among(&CHANGING) {
                found.push(format!("{path}: {:?} recorded, {:?} answered", normal(recorded), normal(actual)));
            }
        }
        _ if kind(recorded) == kind(actual) => {}
        (Value::Null, _) | (_, Value::Null) if place.is_among(&OPTIONAL) => {}
        _ => found.push(format!("{path}: {recorded} recorded, {actual} answered")),
    }
}

fn compare_arrays(recorded: &[Value], actual: &[Value], place: &Place, found: &mut Vec<String>) {
    let path = &place.path;
    if recorded.is_empty() != actual.is_empty() {
        found.push(format!("{path}: {} recorded, {} answered", recorded.len(), actual.len()));
    }
    for (index, item) in recorded.iter().enumerate() {
        let part = format!("[{index}]");
        let known_by = ["ref", "display"].into_iter().find(|key| item.get(key).is_some());
        let other = match known_by {
            Some(key) => actual.iter().find(|other| other.get(key) == item.get(key)),
            None => actual.get(index),
        };
        match other {
            Some(other) => compare(item, other, place.below(&part), found),
            None if known_by.is_some() => found.push(format!("{path}{part}: missing")),
            None => {}
        }
    }
}

fn compare_objects(
    recorded: &Map<String, Value>,
    actual: &Map<String, Value>,
    mut place: Place,
    found: &mut Vec<String>,
) {
    if place.is_among(&FREE) {
        return;
    }
    if recorded.get("pack").is_some_and(|pack| pack == "examples") {
        place.detail = Detail::Shape;
    }
    for (name, value) in recorded {
        match actual.get(name) {
            Some(other) => compare(value, other, place.below(&format!(".{name}")), found),
            None => found.push(format!("{}.{name}: missing", place.path)),
        }
    }
    // Some recordings keep of an action and its runner only what names them.
    let cut = place.is_among(&[".action", ".runner"]) && !recorded.contains_key("uid");
    let more = actual.keys().filter(|name| !cut && !recorded.contains_key(*name));
    found.extend(more.map(|name| format!("{}.{name}: not recorded", place.path)));
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A text without what changes: times, ids, how long it took, the wording of runner schemas, the words of a database.
fn normal(text: &str) -> String {
    let is_time = |text: &str| text.len() >= 20 && text.as_bytes()[4] == b'-' && text.as_bytes()[10] == b'T';
    if is_time(text) {
        return "TIME".to_owned();
    }
    let text = text.replace("State = canceled", "State = canceling");
    let text = text.split("keys (").next().unwrap_or_default();
    let took = |line: &&str| !line.starts_with("Took ");
    let mut paragraphs: Vec<_> = text.split("\n\n").filter(took).collect();
    if paragraphs.len() == 3 && paragraphs[1].contains("'type': 'object'") {
        paragraphs[1] = paragraphs[1].lines().next().unwrap_or_default();
    }
    let text = paragraphs.join("\n\n");
    let is_id = |word: &str| word.len() >= 24 && word.chars().all(|c| c.is_ascii_hexdigit());
    let mask = |word: &str| {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
        if is_id(bare) { word.replace(bare, "ID") } else { word.to_owned() }
    };
    text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).map(mask).collect()
}

/// Texts of their moment, or our own wording of what StackStorm's packs and runners say of themselves.
const CHANGING: [&str; 3] = [".description", ".web_url", ".token"];

/// What is null for those who did not give it.
const OPTIONAL: [&str; 3] = [".context", ".source_context", ".routes[0]"];

/// Objects whose keys are anybody's: what a host is called, what the recordings cut.
const FREE: [&str; 2] = [".runner_info", ".runner_parameters"];

/// Whom rules run as: a setting of the StackStorm recorded.
const SYSTEM_USER: &str = "stanley";
