//! `pprint`: `repr` with sorted keys, one item a line where a line would be too long.

use minijinja::Value;

use crate::render::fault::{Outcome, unsupported};
use crate::render::python::compare::order;
use crate::render::python::{View, repr, view};

/// Columns of a line.
const WIDTH: usize = 80;

/// `pprint.pformat(value)`.
pub(super) fn pprint(value: &Value) -> Outcome<String> {
    let mut out = String::new();
    write(&mut out, value, 0, 0)?;
    Ok(out)
}

/// Writes `value` at the column `indent`, with `allowance` columns needed behind it.
fn write(out: &mut String, value: &Value, indent: usize, allowance: usize) -> Outcome<()> {
    let flat = flat(value)?;
    if flat.chars().count() <= WIDTH.saturating_sub(indent + allowance) {
        out.push_str(&flat);
        return Ok(());
    }
    match view(value) {
        View::Dict(dict) => {
            let pairs = sorted(dict.pairs().collect())?;
            out.push('{');
            for (index, (key, value)) in pairs.iter().enumerate() {
                let last = index + 1 == pairs.len();
                let key = repr(key)?;
                out.push_str(&key);
                out.push_str(": ");
                let indent = indent + 1 + key.chars().count() + 2;
                write(out, value, indent, if last { allowance + 1 } else { 1 })?;
                out.push_str(&separator(last, indent - key.chars().count() - 2));
            }
            out.push('}');
        }
        View::List(list) => write_items(out, '[', &list.items, ']', (indent + 1, allowance))?,
        View::Tuple(tuple) if tuple.items.len() > 1 => {
            write_items(out, '(', &tuple.items, ')', (indent + 1, allowance))?;
        }
        View::Text(_) | View::Tuple(_) | View::DictSide(_) => {
            return Err(unsupported("pprint of so long a value"));
        }
        _ => out.push_str(&flat),
    }
    Ok(())
}

fn separator(last: bool, indent: usize) -> String {
    if last { String::new() } else { format!(",\n{}", " ".repeat(indent)) }
}

fn write_items(out: &mut String, open: char, items: &[Value], close: char, at: (usize, usize)) -> Outcome<()> {
    let (indent, allowance) = at;
    out.push(open);
    for (index, item) in items.iter().enumerate() {
        let last = index + 1 == items.len();
        write(out, item, indent, if last { allowance + 1 } else { 1 })?;
        out.push_str(&separator(last, indent));
    }
    out.push(close);
    Ok(())
}

/// `repr` with the keys of dicts in order.
fn flat(value: &Value) -> Outcome<String> {
    Ok(match view(value) {
        View::Dict(dict) => {
            let mut parts = Vec::new();
            for (key, value) in sorted(dict.pairs().collect())? {
                parts.push(format!("{}: {}", flat(key)?, flat(value)?));
            }
            format!("{{{}}}", parts.join(", "))
        }
        View::List(list) => {
            let parts = list.items.iter().map(flat).collect::<Outcome<Vec<_>>>()?;
            format!("[{}]", parts.join(", "))
        }
        View::Tuple(tuple) if tuple.items.len() > 1 => {
            let parts = tuple.items.iter().map(flat).collect::<Outcome<Vec<_>>>()?;
            format!("({})", parts.join(", "))
        }
        _ => repr(value)?,
    })
}

fn sorted<'a>(mut pairs: Vec<(&'a Value, &'a Value)>) -> Outcome<Vec<(&'a Value, &'a Value)>> {
    let same_kind =
        pairs.iter().all(|(key, _)| key.as_str().is_some()) || pairs.iter().all(|(key, _)| key.is_integer());
    if !same_kind {
        return Err(unsupported("pprint of a dict with mixed keys"));
    }
    pairs.sort_by(|(a, _), (b, _)| order(a, "<", b).ok().flatten().unwrap_or(std::cmp::Ordering::Equal));
    Ok(pairs)
}
