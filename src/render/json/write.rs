//! `json.dumps`.

use minijinja::Value;

use crate::render::fault::{Outcome, type_error, unsupported};
use crate::render::python::compare::order;
use crate::render::python::float::repr_float;
use crate::render::python::{View, type_name, view};
use crate::render::scope::spend_text;

/// How JSON is laid out.
pub(crate) struct Style {
    /// What one level of nesting is indented by; `None` for one line.
    pub(crate) indent: Option<String>,
    /// Between items.
    pub(crate) item: String,
    /// Between a key and its value.
    pub(crate) key: String,
    /// Whether keys are sorted.
    pub(crate) sort_keys: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self { indent: None, item: ", ".to_owned(), key: ": ".to_owned(), sort_keys: false }
    }
}

impl Style {
    /// The style of `json.dumps(indent=indent)`; a number of spaces or a text.
    pub(crate) fn with_indent(indent: Option<&Value>) -> Outcome<Self> {
        let Some(indent) = indent else { return Ok(Self::default()) };
        let indent = match view(indent) {
            View::Int(spaces) => " ".repeat(usize::try_from(spaces).unwrap_or(0).min(1000)),
            View::Bool(spaces) => " ".repeat(usize::from(spaces)),
            View::Text(text) => text.to_owned(),
            _ => {
                return Err(type_error(format!(
                    "can't multiply sequence by non-int of type '{}'",
                    type_name(indent)
                )));
            }
        };
        Ok(Self { indent: Some(indent), item: ",".to_owned(), ..Self::default() })
    }
}

/// `json.dumps(value)`: everything beyond ASCII is escaped.
pub(crate) fn dumps(value: &Value, style: &Style) -> Outcome<String> {
    let mut out = String::new();
    write(&mut out, value, style, 0)?;
    Ok(out)
}

fn write(out: &mut String, value: &Value, style: &Style, depth: usize) -> Outcome<()> {
    let before = out.len();
    match view(value) {
        View::None => out.push_str("null"),
        View::Bool(truth) => out.push_str(if truth { "true" } else { "false" }),
        View::Int(number) => out.push_str(&number.to_string()),
        View::Float(number) => out.push_str(&float(number)),
        View::Text(text) => write_text(out, text),
        View::List(list) => write_items(out, &list.items, style, depth)?,
        View::Tuple(tuple) => write_items(out, &tuple.items, style, depth)?,
        View::Dict(dict) => write_members(out, dict.pairs().collect(), style, depth)?,
        _ => return Err(type_error(format!("Object of type {} is not JSON serializable", type_name(value)))),
    }
    spend_text(out.len() - before)
}

fn float(number: f64) -> String {
    match number {
        number if number.is_nan() => "NaN".to_owned(),
        f64::INFINITY => "Infinity".to_owned(),
        f64::NEG_INFINITY => "-Infinity".to_owned(),
        number => repr_float(number),
    }
}

/// Writes a text in quotes.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            c => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    out.push('"');
}

fn line(out: &mut String, style: &Style, depth: usize) {
    if let Some(indent) = &style.indent {
        out.push('\n');
        out.push_str(&indent.repeat(depth));
    }
}

fn write_items(out: &mut String, items: &[Value], style: &Style, depth: usize) -> Outcome<()> {
    if items.is_empty() {
        out.push_str("[]");
        return Ok(());
    }
    out.push('[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(&style.item);
        }
        line(out, style, depth + 1);
        write(out, item, style, depth + 1)?;
    }
    line(out, style, depth);
    out.push(']');
    Ok(())
}

fn write_members(
    out: &mut String,
    mut members: Vec<(&Value, &Value)>,
    style: &Style,
    depth: usize,
) -> Outcome<()> {
    if members.is_empty() {
        out.push_str("{}");
        return Ok(());
    }
    if style.sort_keys {
        for ((a, _), (b, _)) in members.iter().zip(members.iter().skip(1)) {
            order(b, "<", a)?;
        }
        members.sort_by(|(a, _), (b, _)| order(a, "<", b).ok().flatten().unwrap_or(std::cmp::Ordering::Equal));
    }
    out.push('{');
    for (index, (key, value)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push_str(&style.item);
        }
        line(out, style, depth + 1);
        write_text(out, &key_text(key)?);
        out.push_str(&style.key);
        write(out, value, style, depth + 1)?;
    }
    line(out, style, depth);
    out.push('}');
    Ok(())
}

fn key_text(key: &Value) -> Outcome<String> {
    Ok(match view(key) {
        View::Text(text) => text.to_owned(),
        View::None => "null".to_owned(),
        View::Bool(truth) => truth.to_string(),
        View::Int(number) => number.to_string(),
        View::Float(number) => float(number),
        View::Tuple(_) => {
            return Err(type_error(format!("keys must be str, int, float, bool or None, not {}", type_name(key))));
        }
        _ => return Err(unsupported("this key in JSON")),
    })
}
