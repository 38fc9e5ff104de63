//! Filters for HTML, URLs and JSON inside them.

use minijinja::Value;

use super::{Call, Filter};
use crate::render::fault::{Outcome, value_error};
use crate::render::json::{Style, dumps};
use crate::render::python::iterate::{items, unpack};
use crate::render::python::value::markup;
use crate::render::python::{View, is_space, repr_text, string, text, view};

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "e" | "escape" => escape,
        "forceescape" => |call| markup(escaped(&text(&call.value)?)),
        "safe" => |call| markup(text(&call.value)?),
        "striptags" => |call| string(strip_tags(&text(&call.value)?)),
        "tojson" => to_json,
        "urlencode" => url_encode,
        "xmlattr" => xml_attributes,
        _ => return None,
    })
}

fn escape(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    if call.value.is_safe() {
        return Ok(call.value.clone());
    }
    markup(escaped(&text(&call.value)?))
}

/// `text` with the five special characters replaced as MarkupSafe does.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// Drops comments and tags, joins white space, and turns the common entities back.
fn strip_tags(text: &str) -> String {
    let text = without(text, "<!--", "-->");
    let text = without(&text, "<", ">");
    let words: Vec<&str> = text.split(is_space).filter(|word| !word.is_empty()).collect();
    let plain = words.join(" ");
    [("&lt;", "<"), ("&gt;", ">"), ("&#34;", "\""), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .iter()
        .fold(plain, |plain, (entity, c)| plain.replace(entity, c))
}

fn without(text: &str, open: &str, close: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, inside)) = rest.split_once(open) {
        let Some((_, after)) = inside.split_once(close) else { break };
        out.push_str(before);
        rest = after;
    }
    out + rest
}

fn to_json(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [indent] = call.args.bind(call.name, ["indent"])?;
    let indent = indent.filter(|indent| !indent.is_none());
    let style = Style { sort_keys: true, ..Style::with_indent(indent.as_ref())? };
    let json = dumps(&call.value, &style)?;
    let safe = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026"), ("'", "\\u0027")];
    markup(safe.iter().fold(json, |json, (c, escape)| json.replace(c, escape)))
}

fn url_encode(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    let pairs = match view(&call.value) {
        View::Text(text) => return string(quoted(text, "/")),
        View::Dict(dict) => dict.pairs().map(|(key, value)| (key.clone(), value.clone())).collect(),
        View::List(_)
        | View::Tuple(_)
        | View::DictSide(_)
        | View::Stream(_)
        | View::Range(_)
        | View::Undefined(_) => pairs(&items(&call.value)?)?,
        _ => return string(quoted(&text(&call.value)?, "/")),
    };
    let mut parts = Vec::new();
    for (key, value) in pairs {
        let [key, value] = [&key, &value].map(|side| text(side).map(|text| quoted(&text, "").replace("%20", "+")));
        parts.push(format!("{}={}", key?, value?));
    }
    string(parts.join("&"))
}

fn pairs(items: &[Value]) -> Outcome<Vec<(Value, Value)>> {
    let shape = Value::from(vec![0, 0]);
    let mut pairs = Vec::new();
    for item in items {
        let pair = unpack(item.clone(), &shape)?;
        pairs.push((pair.get_item_by_index(0)?, pair.get_item_by_index(1)?));
    }
    Ok(pairs)
}

fn quoted(text: &str, safe: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        let c = char::from(byte);
        if c.is_ascii_alphanumeric() || "_.-~".contains(c) || safe.contains(c) {
            out.push(c);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn xml_attributes(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [autospace] = call.args.bind(call.name, ["autospace"])?;
    let View::Dict(dict) = view(&call.value) else {
        return Err(call.lacks("items"));
    };
    let mut parts = Vec::new();
    for (key, value) in dict.pairs() {
        if value.is_none() || matches!(view(value), View::Undefined(_)) {
            continue;
        }
        let key = call.args.text(key)?;
        if key.contains(|c: char| " \t\n\r\u{b}\u{c}/>=".contains(c)) {
            return Err(value_error(format!("Invalid character in attribute name: {}", repr_text(&key))));
        }
        let shown = if value.is_safe() { text(value)? } else { escaped(&text(value)?) };
        parts.push(format!("{}=\"{shown}\"", escaped(&key)));
    }
    let joined = parts.join(" ");
    let space = autospace.is_none_or(|autospace| autospace.is_true()) && !joined.is_empty();
    string(if space { format!(" {joined}") } else { joined })
}
