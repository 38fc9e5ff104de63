//! Values as text: `str()` and `repr()`.

use minijinja::Value;

use super::collection::{Dict, Side};
use super::float::repr_float;
use super::value::{View, type_name, view};
use crate::render::fault::{Outcome, unsupported};
use crate::render::scope;

/// `str(value)`.
pub(crate) fn text(value: &Value) -> Outcome<String> {
    match view(value) {
        View::Text(text) => Ok(text.to_owned()),
        View::Undefined(undefined) => undefined.tolerate().map(|()| String::new()),
        _ => repr(value),
    }
}

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> Outcome<String> {
    let mut out = String::new();
    write(&mut out, value)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value) -> Outcome<()> {
    let before = out.len();
    match view(value) {
        View::None => out.push_str("None"),
        View::Bool(true) => out.push_str("True"),
        View::Bool(false) => out.push_str("False"),
        View::Int(number) => out.push_str(&number.to_string()),
        View::Float(number) => out.push_str(&repr_float(number)),
        View::Text(text) if value.is_safe() => out.push_str(&format!("Markup({})", repr_text(text))),
        View::Text(text) => out.push_str(&repr_text(text)),
        View::List(list) => write_all(out, '[', &list.items, ']')?,
        View::Tuple(tuple) if tuple.items.len() == 1 => {
            write_all(out, '(', &tuple.items, ',')?;
            out.push(')');
        }
        View::Tuple(tuple) => write_all(out, '(', &tuple.items, ')')?,
        View::Dict(dict) => write_dict(out, dict)?,
        View::DictSide(view) => {
            out.push_str(match view.side {
                Side::Items => "dict_items(",
                Side::Keys => "dict_keys(",
                Side::Values => "dict_values(",
            });
            write_all(out, '[', &view.items, ']')?;
            out.push(')');
        }
        View::Range(range) if range.step == 1 => out.push_str(&format!("range({}, {})", range.start, range.stop)),
        View::Range(range) => out.push_str(&format!("range({}, {}, {})", range.start, range.stop, range.step)),
        View::Undefined(_) => out.push_str("Undefined"),
        _ => return Err(unsupported(format!("printing a {}", type_name(value)))),
    }
    scope::spend_text(out.len().saturating_sub(before))
}

fn write_all(out: &mut String, open: char, items: &[Value], close: char) -> Outcome<()> {
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, item)?;
    }
    out.push(close);
    Ok(())
}

fn write_dict(out: &mut String, dict: &Dict) -> Outcome<()> {
    out.push('{');
    for (index, (key, value)) in dict.pairs().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, key)?;
        out.push_str(": ");
        write(out, value)?;
    }
    out.push('}');
    Ok(())
}

/// `repr` of a text: in single quotes unless only they are inside.
pub(crate) fn repr_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::with_capacity(text.len() + 2);
    out.push(quote);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == '\\' || c == quote => out.extend(['\\', c]),
            c if is_printable(c) => out.push(c),
            c => out.push_str(&escaped(c)),
        }
    }
    out.push(quote);
    out
}

fn escaped(c: char) -> String {
    match u32::from(c) {
        code @ ..=0xff => format!("\\x{code:02x}"),
        code @ ..=0xffff => format!("\\u{code:04x}"),
        code => format!("\\U{code:08x}"),
    }
}

/// `str.isprintable` of one character; behind another one, so that combining marks count as Python counts them.
pub(crate) fn is_printable(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    let pair: String = ['a', c].iter().collect();
    pair.escape_debug().count() == 2
}
