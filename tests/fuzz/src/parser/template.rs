//! The template of an alias, which whoever may write to StackStorm may write.

use std::sync::{Arc, LazyLock};

use fulmar::render::{Effort, result};
use serde_json::json;

use super::{Target, text};

pub(super) const TARGET: Target =
    Target { name: "template", words: include_str!("../../words/template.toml"), longest: 1 << 15, run };

/// Rendered where undefined names are empty, and where they are errors.
fn run(input: &[u8]) {
    let text = text(input);
    drop(result(&EXECUTION, &json!({"result": {"format": text}}), Effort::Brief));
    drop(result(&EXECUTION, &json!({"result": {"format": "", "extra": {"irc": text}}}), Effort::Brief));
}

/// One that has ended in a real StackStorm.
static EXECUTION: LazyLock<Arc<str>> = LazyLock::new(|| {
    json!({"id": "5f", "status": "succeeded", "elapsed_seconds": 1.25, "web_url": "https://st2/#/history/5f/general",
        "parameters": {"cmd": "date", "n": 3}, "context": {"user": "ada"}, "start_timestamp": "2026-11-21T03:41:35.290301Z",
        "result": {"stdout": "one\ntwo three\n", "stderr": "", "return_code": 0, "succeeded": true, "list": [3, 1, 2],
            "deep": {"a": [{"b": "c", "n": null}, {"b": "d", "n": 2.5}]}, "text": "żółw <b>&amp;</b> 🐢"}})
    .to_string()
    .into()
});
