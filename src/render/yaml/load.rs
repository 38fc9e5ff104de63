//! `yaml.safe_load`.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};
use minijinja::Value;

use super::resolve::{self, Kind};
use crate::render::fault::{Outcome, raise, unsupported};
use crate::render::python::value::int;
use crate::render::python::{dict, list, string};
use crate::render::scope::spend_items;

/// Reads one document.
///
/// # Errors
/// What is no YAML, and what has no place in JSON: tags, dates, merge keys.
pub(crate) fn load(source: &str) -> Outcome {
    let odd = |line: &str| line.starts_with(['\t', '%']) || line.starts_with("...");
    if source.contains(['\u{85}', '\u{2028}', '\u{2029}']) || source.lines().any(odd) {
        // Here the two parsers are known to differ.
        return Err(unsupported("this YAML"));
    }
    let mut events = Parser::new_from_str(source);
    let mut loader = Loader { anchors: HashMap::new(), closed: source.ends_with('\n') };
    let mut document = None;
    while let Some(event) = next(&mut events)? {
        match event {
            Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd | Event::StreamEnd => {}
            _ if document.is_some() => {
                return Err(raise("ComposerError", "expected a single document in the stream"));
            }
            event => document = Some(loader.node(event, &mut events)?),
        }
    }
    Ok(document.unwrap_or_else(|| Value::from(())))
}

type Events<'a> = Parser<'a, granit_parser::StrInput<'a>>;

fn next<'a>(events: &mut Events<'a>) -> Outcome<Option<Event<'a>>> {
    spend_items(1)?;
    match events.next_event() {
        None => Ok(None),
        Some(Ok((event, _))) => Ok(Some(event)),
        Some(Err(error)) => Err(raise("ScannerError", error.to_string())),
    }
}

struct Loader {
    anchors: HashMap<usize, Value>,
    /// Whether the last line has an end.
    closed: bool,
}

impl Loader {
    fn node<'a>(&mut self, event: Event<'a>, events: &mut Events<'a>) -> Outcome {
        let (anchor, value) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    return Err(unsupported("a tag in YAML"));
                }
                if !self.closed && matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
                    return Err(unsupported("a block text in YAML without a last line break"));
                }
                (anchor, scalar(&text, style)?)
            }
            Event::SequenceStart(_, anchor, None) => (anchor, self.sequence(events)?),
            Event::MappingStart(_, anchor, None) => (anchor, self.mapping(events)?),
            Event::Alias(anchor) => {
                let found = self.anchors.get(&anchor).cloned();
                return found.ok_or_else(|| raise("ComposerError", "found undefined alias"));
            }
            _ => return Err(unsupported("this YAML")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, value.clone());
        }
        Ok(value)
    }

    fn sequence(&mut self, events: &mut Events<'_>) -> Outcome {
        let mut items = Vec::new();
        loop {
            match next(events)? {
                Some(Event::SequenceEnd) => return list(items),
                Some(event) => items.push(self.node(event, events)?),
                None => return Err(unsupported("this YAML")),
            }
        }
    }

    fn mapping(&mut self, events: &mut Events<'_>) -> Outcome {
        let mut pairs = Vec::new();
        loop {
            let key = match next(events)? {
                Some(Event::MappingEnd) => return dict(pairs),
                Some(event) => self.node(event, events)?,
                None => return Err(unsupported("this YAML")),
            };
            let Some(event) = next(events)? else { return Err(unsupported("this YAML")) };
            pairs.push((key, self.node(event, events)?));
        }
    }
}

fn scalar(text: &str, style: ScalarStyle) -> Outcome {
    if style != ScalarStyle::Plain {
        return string(text);
    }
    let too_large = || unsupported("this number in YAML");
    match resolve::resolve(text) {
        Kind::Null => Ok(Value::from(())),
        Kind::Bool => Ok(Value::from(resolve::truth(text))),
        Kind::Int => resolve::int(text).map(int).ok_or_else(too_large),
        Kind::Float => resolve::float(text).map(Value::from).ok_or_else(too_large),
        Kind::Text => string(text),
        Kind::Merge | Kind::Timestamp | Kind::Value => Err(unsupported("dates and merge keys in YAML")),
    }
}
