//! JSON values as Python prints them: StackStorm's faults quote values and whole schemas in that form.

use serde_json::{Map, Value};

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(repr).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let pairs: Vec<_> =
                map.iter().map(|(key, value)| format!("{}: {}", quoted(key), repr(value))).collect();
            format!("{{{}}}", pairs.join(", "))
        }
    }
}

/// `pprint.pformat(value, width=72)`, but long texts are never folded; `indent` is the column it begins in.
pub(crate) fn pretty(value: &Value, indent: usize) -> String {
    let flat = repr(value);
    if indent + flat.len() <= WIDTH {
        return flat;
    }
    match value {
        Value::Array(items) => {
            bracketed('[', ']', indent, &items.iter().map(|item| pretty(item, indent + 1)).collect::<Vec<_>>())
        }
        Value::Object(map) => bracketed('{', '}', indent, &pairs(map, indent)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => flat,
    }
}

fn pairs(map: &Map<String, Value>, indent: usize) -> Vec<String> {
    let pair = |(key, value): (&String, &Value)| {
        let key = quoted(key);
        format!("{key}: {}", pretty(value, indent + 3 + key.chars().count()))
    };
    map.iter().map(pair).collect()
}

fn bracketed(open: char, close: char, indent: usize, items: &[String]) -> String {
    let separator = format!(",\n{}", " ".repeat(indent + 1));
    format!("{open}{}{close}", items.join(&separator))
}

fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut out = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c == quote => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push(quote);
    out
}

const WIDTH: usize = 72;

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_look_like_python() {
        let value = json!({"a": [1, true, null, 2.5], "b": "it's", "c": "say \"hi\" it's\n"});

        assert_eq!(repr(&value), r#"{'a': [1, True, None, 2.5], 'b': "it's", 'c': 'say "hi" it\'s\n'}"#);
    }

    #[test]
    fn long_values_are_broken_at_their_commas() {
        let value = json!({"first": "x".repeat(40), "second": ["y".repeat(40), 1]});

        let text = pretty(&value, 0);

        let (x, y) = ("x".repeat(40), "y".repeat(40));
        assert_eq!(text, format!("{{'first': '{x}',\n 'second': ['{y}', 1]}}"));
    }
}
