//! An event of a room on Matrix: what is said to us stands in it.

use serde_json::Value;

use super::{Target, text};

pub(super) const TARGET: Target =
    Target { name: "matrix", words: include_str!("../../words/matrix.toml"), longest: 1 << 17, run };

fn run(input: &[u8]) {
    let event = text(input);
    let Some(said) = fulmar_matrix::said(&event, "@fulmar:example.org", "Ful Mar") else { return };
    // What is of no interest to us may be no number that others could read.
    let Ok(event) = serde_json::from_str::<Value>(&event) else { return };
    let body = event.pointer("/content/body").and_then(Value::as_str);
    assert!(body.is_some_and(|body| body.ends_with(&said)), "{said:?} is not the end of {body:?}");
    assert_ne!(event.get("sender").and_then(Value::as_str), Some("@fulmar:example.org"), "our own words");
}
