//! What a real StackStorm said, from `tests/st2`.

use std::{fs, path::Path};

use serde_json::{Value, json};

/// A file of the recordings.
pub(crate) fn read(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/st2").join(file);
    String::from_utf8_lossy(&fs::read(path).expect("the recordings")).into_owned()
}

/// The body of a recorded answer.
pub(crate) fn body(name: &str) -> Value {
    let mut exchange: Value = serde_json::from_str(&read(&format!("http/{name}.json"))).expect("an exchange");
    exchange.pointer_mut("/response/body_json").map(Value::take).expect("a body")
}

/// The execution of a recorded stream with this status, in the words of its event.
pub(crate) fn execution(status: &str) -> Value {
    let stream = read("stream/stream_default_direct.raw");
    let mut events = stream.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok());
    let of_status = |event: &Value| event["status"] == status && event["runner"].is_object();
    events.find(of_status).expect("an execution with this status")
}

/// As [`execution`], but run for a command of ours.
pub(crate) fn ours(status: &str) -> Value {
    let mut execution = execution(status);
    let context = execution.pointer_mut("/liveaction/notify/on-complete/data/source_context");
    *context.expect("notify data") =
        json!({"fulmar": {"gateway": "fulmar", "command": "01936f5e-0000-7000-8000-000000000000"}});
    execution
}
