//! `yaml.safe_dump` with `default_flow_style` off: keys sorted, lines of 80 columns.

use minijinja::Value;

use super::scalar::{Place, is_break, write_scalar};
use crate::render::fault::{Outcome, raise, unsupported};
use crate::render::python::compare::order;
use crate::render::python::float::repr_float;
use crate::render::python::{View, type_name, view};
use crate::render::scope::spend_text;

/// Columns after which texts are folded.
pub(super) const WIDTH: usize = 80;

/// The text so far and where it stands.
pub(super) struct Writer {
    pub(super) out: String,
    pub(super) column: usize,
    pub(super) unicode: bool,
    pub(super) best_indent: usize,
}

impl Writer {
    pub(super) fn put(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rfind('\n') {
            Some(at) => self.column = text.get(at + 1..).unwrap_or_default().chars().count(),
            None => self.column += text.chars().count(),
        }
    }

    /// Starts a line at `indent`, unless there is nothing but indentation before it.
    pub(super) fn indent(&mut self, indent: usize) {
        self.put("\n");
        self.put(&" ".repeat(indent));
    }
}

/// `yaml.safe_dump(value, indent=indent, allow_unicode=unicode, default_flow_style=False)`.
pub(crate) fn dump(value: &Value, indent: i64, unicode: bool) -> Outcome<String> {
    // libyaml holds everything else for two.
    let best_indent = usize::try_from(indent).ok().filter(|indent| (2..=9).contains(indent)).unwrap_or(2);
    let mut writer = Writer { out: String::new(), column: 0, unicode, best_indent };
    writer.node(value, 0, Place::Root)?;
    writer.put("\n");
    spend_text(writer.out.len())?;
    Ok(writer.out)
}

impl Writer {
    /// Writes a value; answers whether it is an open-ended plain scalar.
    fn node(&mut self, value: &Value, indent: usize, place: Place) -> Outcome<bool> {
        match view(value) {
            View::Dict(dict) if dict.entries().is_empty() => self.put("{}"),
            View::Dict(dict) => self.mapping(dict.pairs().collect(), indent, place)?,
            View::List(list) => self.sequence(&list.items, indent, place)?,
            View::Tuple(tuple) => self.sequence(&tuple.items, indent, place)?,
            _ => return self.scalar(value, indent, place),
        }
        Ok(false)
    }

    fn sequence(&mut self, items: &[Value], indent: usize, place: Place) -> Outcome<()> {
        if items.is_empty() {
            self.put("[]");
            return Ok(());
        }
        for (index, item) in items.iter().enumerate() {
            if index > 0 || place == Place::Value {
                self.indent(indent);
            }
            self.put("-");
            self.put(&" ".repeat(if compact(item) { self.best_indent - 1 } else { 1 }));
            self.node(item, indent + self.best_indent, Place::Item)?;
        }
        Ok(())
    }

    fn mapping(&mut self, mut pairs: Vec<(&Value, &Value)>, indent: usize, place: Place) -> Outcome<()> {
        for ((a, _), (b, _)) in pairs.iter().zip(pairs.iter().skip(1)) {
            // PyYAML leaves keys that cannot be ordered as they are.
            order(a, "<", b).map_err(|_| unsupported("mixed keys in YAML"))?;
        }
        pairs.sort_by(|(a, _), (b, _)| order(a, "<", b).ok().flatten().unwrap_or(std::cmp::Ordering::Equal));
        for (index, (key, value)) in pairs.into_iter().enumerate() {
            if index > 0 || place == Place::Value {
                self.indent(indent);
            }
            if key.as_str().is_some_and(|key| key.chars().count() > 128 - 2 || key.contains(is_break)) {
                return Err(unsupported("so long a key in YAML"));
            }
            self.node(key, indent, Place::Key)?;
            self.put(":");
            let (inner, gap) = match view(value) {
                View::List(list) if !list.items.is_empty() => (indent, ""),
                View::Tuple(tuple) if !tuple.items.is_empty() => (indent, ""),
                View::Dict(dict) if !dict.entries().is_empty() => (indent + self.best_indent, ""),
                _ => (indent + self.best_indent, " "),
            };
            self.put(gap);
            self.node(value, inner, Place::Value)?;
        }
        Ok(())
    }

    fn scalar(&mut self, value: &Value, indent: usize, place: Place) -> Outcome<bool> {
        let plain = match view(value) {
            View::None => "null".to_owned(),
            View::Bool(truth) => truth.to_string(),
            View::Int(number) => number.to_string(),
            View::Float(number) => float(number),
            View::Text(text) if !value.is_safe() => return write_scalar(self, text, indent, place),
            _ => {
                let name = type_name(value);
                return Err(raise("RepresenterError", format!("cannot represent an object of type {name}")));
            }
        };
        self.put(&plain);
        Ok(place == Place::Root)
    }
}

/// Whether a nested block begins on the line of its dash.
fn compact(item: &Value) -> bool {
    match view(item) {
        View::Dict(dict) => !dict.entries().is_empty(),
        View::List(list) => !list.items.is_empty(),
        View::Tuple(tuple) => !tuple.items.is_empty(),
        _ => false,
    }
}

fn float(number: f64) -> String {
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = repr_float(number);
    if !text.contains('.') && text.contains('e') { text.replacen('e', ".0e", 1) } else { text }
}
