//! Texts in YAML: plain, in single quotes or in double quotes, as libyaml chooses.

use super::dump::{WIDTH, Writer};
use super::resolve::{Kind, resolve};
use crate::render::fault::Outcome;

/// Where a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Item,
    Key,
    Root,
    Value,
}

/// Writes a text; answers whether a document that ends with it needs an end mark.
pub(super) fn write_scalar(writer: &mut Writer, text: &str, indent: usize, place: Place) -> Outcome<bool> {
    let indent = if place == Place::Root { writer.best_indent } else { indent };
    let traits = Traits::of(text, writer.unicode);
    let breakable = place != Place::Key;
    if traits.special {
        double_quoted(writer, text, indent, breakable);
        return Ok(false);
    }
    if traits.plain && resolve(text) == Kind::Text && !(place == Place::Key && traits.multiline) {
        plain(writer, text, indent, breakable);
        return Ok(place == Place::Root);
    }
    single_quoted(writer, text, indent, breakable);
    Ok(false)
}

/// What libyaml finds out about a text.
struct Traits {
    plain: bool,
    special: bool,
    multiline: bool,
}

impl Traits {
    fn of(text: &str, unicode: bool) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let at = |index: usize| chars.get(index).copied();
        let mut plain = !text.is_empty() && !text.starts_with("---") && !text.starts_with("...");
        let mut special = false;
        let mut multiline = false;
        for (index, c) in chars.iter().copied().enumerate() {
            let followed = at(index + 1).is_none_or(is_blank);
            let preceded = index == 0 || at(index - 1).is_some_and(is_blank);
            let indicator = if index == 0 {
                "#,[]{}&*!|>'\"%@`".contains(c) || (c == '-' && followed) || ("?:".contains(c) && followed)
            } else {
                (c == ':' && followed) || (c == '#' && preceded)
            };
            let edge = index == 0 || index + 1 == chars.len();
            plain &= !(indicator || is_break(c) || (is_blank(c) && edge));
            multiline |= is_break(c);
            special |= !is_printable(c) || (!c.is_ascii() && !unicode);
            // A space next to a line break survives only in double quotes.
            let after_break = index > 0 && at(index - 1).is_some_and(is_break);
            special |= c == ' ' && (after_break || at(index + 1).is_some_and(is_break));
        }
        Self { plain, special, multiline }
    }
}

pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

fn is_blank(c: char) -> bool {
    c == ' ' || c == '\t' || is_break(c)
}

/// What libyaml holds for printable: nothing beyond the basic plane.
fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}') && c != '\u{feff}'
}

fn plain(writer: &mut Writer, text: &str, indent: usize, breakable: bool) {
    folded(writer, text, indent, breakable, |writer, c| writer.put(&c.to_string()));
}

fn single_quoted(writer: &mut Writer, text: &str, indent: usize, breakable: bool) {
    writer.put("'");
    folded(writer, text, indent, breakable, |writer, c| {
        if c == '\'' {
            writer.put("'");
        }
        writer.put(c.encode_utf8(&mut [0; 4]));
    });
    writer.put("'");
}

/// Writes the characters, folding at single spaces and doubling line breaks.
fn folded(writer: &mut Writer, text: &str, indent: usize, breakable: bool, put: fn(&mut Writer, char)) {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied();
    let mut spaces = false;
    let mut breaks = false;
    for (index, c) in chars.iter().copied().enumerate() {
        if c == ' ' {
            let inner = index > 0 && index + 1 < chars.len();
            let single = !spaces && at(index + 1) != Some(' ');
            if breakable && single && inner && writer.column > WIDTH {
                writer.indent(indent);
            } else {
                writer.put(" ");
            }
            spaces = true;
        } else if is_break(c) {
            if !breaks && c == '\n' {
                writer.put("\n");
            }
            writer.put(&c.to_string());
            if c != '\n' {
                writer.column = 0;
            }
            breaks = true;
        } else {
            if breaks {
                writer.put(&" ".repeat(indent));
            }
            put(writer, c);
            spaces = false;
            breaks = false;
        }
    }
    if breaks {
        writer.put(&" ".repeat(indent));
    }
}

fn double_quoted(writer: &mut Writer, text: &str, indent: usize, breakable: bool) {
    let chars: Vec<char> = text.chars().collect();
    let mut spaces = false;
    writer.put("\"");
    for (index, c) in chars.iter().copied().enumerate() {
        let printable = is_printable(c) && (c.is_ascii() || writer.unicode);
        if !printable || is_break(c) || c == '"' || c == '\\' {
            let escape = escaped(c);
            writer.put(&escape);
            spaces = false;
        } else if c == ' ' {
            let inner = index > 0 && index + 1 < chars.len();
            if breakable && !spaces && inner && writer.column > WIDTH {
                writer.indent(indent);
                if chars.get(index + 1) == Some(&' ') {
                    writer.put("\\");
                }
            } else {
                writer.put(" ");
            }
            spaces = true;
        } else {
            writer.put(c.encode_utf8(&mut [0; 4]));
            spaces = false;
        }
    }
    writer.put("\"");
}

fn escaped(c: char) -> String {
    let short = match c {
        '\0' => '0',
        '\u{7}' => 'a',
        '\u{8}' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\u{b}' => 'v',
        '\u{c}' => 'f',
        '\r' => 'r',
        '\u{1b}' => 'e',
        '"' | '\\' => c,
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        _ => {
            return match u32::from(c) {
                code @ ..=0xff => format!("\\x{code:02X}"),
                code @ ..=0xffff => format!("\\u{code:04X}"),
                code => format!("\\U{code:08X}"),
            };
        }
    };
    format!("\\{short}")
}
