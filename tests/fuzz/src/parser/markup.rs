//! Any text in every dialect: each part is within the limit, nothing in it acts, and no letter is lost.

use fulmar::markup::{self, Format, Look, Part};
use fulmar_contract::{Counts, Limit, Markup, Unit};
use serde_json::Value;

use super::{Target, text};

pub(super) const TARGET: Target =
    Target { name: "markup", words: include_str!("../../words/markup.toml"), longest: 1 << 14, run };

const DIALECTS: [(Markup, Counts, bool); 6] = [
    (Markup::Ansi, Counts::Marked, true),
    (Markup::Html, Counts::Both, true),
    (Markup::InlineHtml, Counts::Shown, true),
    (Markup::Mirc, Counts::Marked, false),
    (Markup::Plain, Counts::Marked, true),
    (Markup::Styling, Counts::Marked, true),
];

fn run(input: &[u8]) {
    let text = text(input);
    let triggers = ["!".to_owned()];
    let Some((markup, counts, multiline)) = DIALECTS.into_iter().cycle().nth(input.len() % DIALECTS.len()) else {
        return;
    };
    // In HTML, the deepest blocks take that much by themselves.
    let max = if markup == Markup::Html { 500 } else { 200 };
    let limit = Limit { max, unit: if input.len().is_multiple_of(2) { Unit::Bytes } else { Unit::Utf16 } };
    let look = Look { kind: "x", markup, limit, counts, multiline, triggers: &triggers, calls_all: false };
    for format in [Format::Markdown, Format::Mrkdwn, Format::Plain] {
        let document = markup::document(&text, format, &Value::Null, &look);
        let parts =
            (0..document.passages(&look)).flat_map(|passage| document.parts(passage, &look, limit, usize::MAX).0);
        let parts: Vec<Part> = parts.collect();
        parts.iter().for_each(|part| well_said(part, &look));
        if format == Format::Plain {
            let read = solid(&markup::plain(&text).replace("{~}", ""));
            let said: String = parts.iter().map(|part| solid(&part.text)).collect();
            assert!(said.len() >= read.len(), "letters of {text:?} are lost");
        }
    }
}

fn well_said(part: &Part, look: &Look<'_>) {
    assert!(part.fits(look, look.limit), "{part:?} is too long");
    let acts = |c: char| c.is_control() && c != '\t' && (c != '\n' || !look.multiline);
    assert!(!part.text.contains(acts), "{part:?} acts");
    assert!(!part.text.trim_start().starts_with('!'), "{part:?} is a command");
    let lower = part.text.to_lowercase();
    let calls = |call: &str| {
        lower.split(call).skip(1).any(|after| !after.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
    };
    assert!(
        !["@everyone", "@here", "@room", "@all", "@channel"].iter().any(|call| calls(call)),
        "{part:?} calls all"
    );
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}
