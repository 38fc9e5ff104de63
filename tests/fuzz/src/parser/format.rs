//! One format of an alias and one command: what a parameter is given, the command or the format says.

use fulmar::alias::{Format, Params};

use super::{Target, first_line, text};

pub(super) const TARGET: Target =
    Target { name: "format", words: include_str!("../../words/format.toml"), longest: 1 << 14, run };

/// The first line is the format, the rest the command.
fn run(input: &[u8]) {
    let text = text(input);
    let (pattern, command) = first_line(&text);
    let Ok(format) = Format::compile(pattern) else { return };
    let first = format.parse(command);
    let all = format.parse_all(command);
    for params in first.iter().chain(all.iter().flatten()) {
        said(params, pattern, command);
    }
}

/// Every value stands in the command, though not always in one piece: a tail that stands twice is taken out twice.
fn said(params: &Params, format: &str, command: &str) {
    let command = format!(" {command} ");
    for (name, value) in params {
        let Some(value) = value.as_str() else { continue };
        let mut rest = command.chars();
        let is_said = value.chars().all(|c| rest.any(|other| other == c));
        assert!(is_said || format.contains(value), "{name} is {value:?}, which nobody said");
    }
}
