//! Recordings of a real StackStorm, and what replays them.

pub(crate) mod replay;
pub(crate) mod shape;
pub(crate) mod stream;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The folder of a kind of recordings.
pub(crate) fn folder(kind: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/st2").join(kind)
}

/// All recordings of a kind, by name.
pub(crate) fn recordings(kind: &str) -> BTreeMap<String, Value> {
    let paths = fs::read_dir(folder(kind)).unwrap().map(|entry| entry.unwrap().path());
    let names = paths.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let names = names.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    names.map(|name| (name.clone(), recording(kind, &name))).collect()
}

/// One recording.
pub(crate) fn recording(kind: &str, name: &str) -> Value {
    let text = fs::read_to_string(folder(kind).join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The events of a recorded stream, as far as their data was kept whole.
pub(crate) fn events(recording: &Value) -> Vec<(String, Value)> {
    recording["body_text"].as_str().unwrap().split("\n\n").filter_map(stream::event).collect()
}

/// The events of a recording in `executions/`.
pub(crate) fn event_list(recording: &Value) -> Vec<(String, Value)> {
    let events = recording.as_array().unwrap().iter();
    events.map(|event| (event["event"].as_str().unwrap().to_owned(), event["data"].clone())).collect()
}
