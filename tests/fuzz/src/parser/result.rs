//! The text of a result, of an execution that may be any JSON, and through the filters that read JSON, YAML and more.

use std::sync::Arc;

use fulmar::render::{Effort, result};
use serde_json::{Value, json};

use super::{Target, first_line, text};

pub(super) const TARGET: Target =
    Target { name: "result", words: include_str!("../../words/result.toml"), longest: 1 << 17, run };

/// What does not begin with an odd character is the output of an action, and its first line an argument. All of it says which
/// format there is.
fn run(input: &[u8]) {
    let text = text(input);
    if let Some(json) = text.strip_prefix('\u{1}') {
        drop(result(&Arc::from(json), &Value::Null, Effort::Brief));
        drop(result(&Arc::from(json), &json!({"result": {"format": "{{ execution }}"}}), Effort::Brief));
        return;
    }
    let (argument, output) = first_line(&text);
    let execution: Arc<str> =
        json!({"id": "5f", "status": "failed", "result": {"a": argument, "out": output}}).to_string().into();
    let which = input.iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)))
        % FORMATS.len();
    if let Some(format) = FORMATS.get(which) {
        drop(result(&execution, &json!({"result": {"format": format}}), Effort::Brief));
    }
}

const FORMATS: &[&str] = &[
    "{{ execution.result.out | from_json_string | to_json_string }}",
    "{{ execution.result.out | from_yaml_string | to_yaml_string }}",
    "{{ execution.result.out | from_json_string | to_yaml_string }}",
    "{{ execution.result.out | from_json_string | jsonpath_query(execution.result.a) }}",
    "{{ execution.result.out | regex_match(execution.result.a) }}",
    "{{ execution.result.out | regex_replace(execution.result.a, '\\\\1-') }}",
    "{{ execution.result.out | regex_substring(execution.result.a) }}",
    "{{ execution.result.out | version_compare(execution.result.a) }}",
    "{{ execution.result.out | version_match(execution.result.a) }}",
    "{{ execution.result.out | wordwrap(9) | indent | urlize | title | truncate(40) }}",
    "{{ execution.result.out | striptags | urlencode | center(80) | wordcount }}",
    "{{ execution.result.out.split(execution.result.a) | unique | sort | join(', ') }}",
    "{{ execution.result.a % (execution.result.out, 1, 2) }}",
    "{{ execution.result.a.format(execution.result.out, 1, x=2) }}",
    "{{ execution.result.a | int }} {{ execution.result.a | float | round(2) }} {{ execution.result.a | filesizeformat }}",
];
