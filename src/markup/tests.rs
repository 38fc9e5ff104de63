//! What texts look like in each dialect, and what holds of any text.

mod checker;
mod law;
mod message;
mod small;
mod snapshot;

use fulmar_contract::{Counts, Limit, Markup, Unit};
use serde_json::Value;

use super::*;

/// Every dialect, as a network of its sort has it.
fn looks() -> Vec<(&'static str, Look<'static>)> {
    let look = |markup, max, unit, counts, multiline| Look {
        kind: "x",
        markup,
        limit: Limit { max, unit },
        counts,
        multiline,
        triggers: &[],
        calls_all: false,
    };
    vec![
        ("ansi", look(Markup::Ansi, 16_384, Unit::Chars, Counts::Marked, true)),
        ("html", look(Markup::Html, 48_000, Unit::Bytes, Counts::Both, true)),
        ("inline_html", look(Markup::InlineHtml, 4_096, Unit::Utf16, Counts::Shown, true)),
        ("mirc", look(Markup::Mirc, 350, Unit::Bytes, Counts::Marked, false)),
        ("plain", look(Markup::Plain, 4_096, Unit::Chars, Counts::Marked, true)),
        ("styling", look(Markup::Styling, 10_000, Unit::Bytes, Counts::Marked, true)),
    ]
}

fn look(name: &str) -> Look<'static> {
    looks().into_iter().find(|(known, _)| *known == name).map(|(_, look)| look).unwrap()
}

/// All parts of a text, cut as its look says.
fn said(text: &str, format: Format, extra: &Value, look: &Look<'_>) -> Vec<Part> {
    let document = document(text, format, extra, look);
    (0..document.passages(look))
        .flat_map(|passage| document.parts(passage, look, look.limit, usize::MAX).0)
        .collect()
}

fn markdown(text: &str, look: &Look<'_>) -> Vec<Part> {
    said(text, Format::Markdown, &Value::Null, look)
}
