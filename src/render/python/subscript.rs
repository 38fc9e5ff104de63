//! `value[key]` and `value[start:stop:step]`.

use minijinja::Value;

use super::compare::Key;
use super::undefined::undefined_member;
use super::value::{View, list, string, tuple, type_name, view};
use crate::render::fault::{Outcome, type_error, unsupported, value_error};

/// `object[key]` without Jinja's fallback; `None` where Python raises `LookupError` or `TypeError`.
pub(crate) fn lookup(object: &Value, key: &Value) -> Outcome<Option<Value>> {
    let index = match view(key) {
        View::Int(index) => Some(index),
        View::Bool(index) => Some(i128::from(index)),
        _ => None,
    };
    match view(object) {
        View::Dict(_) if matches!(view(key), View::List(_) | View::Dict(_)) => Ok(None),
        View::Dict(dict) => Ok(dict.at(&Key::of(key)?).cloned()),
        View::List(list) => Ok(index.and_then(|index| at(&list.items, index))),
        View::Tuple(tuple) => Ok(index.and_then(|index| at(&tuple.items, index))),
        View::Range(range) => Ok(index.and_then(|index| at(&range.items(), index))),
        View::Text(text) => {
            let Some(index) = index else { return Ok(None) };
            let chars: Vec<char> = text.chars().collect();
            position(chars.len(), index)
                .and_then(|index| chars.get(index))
                .map(|c| string(c.to_string()))
                .transpose()
        }
        View::Undefined(undefined) => Err(undefined.fault()),
        _ => Ok(None),
    }
}

fn at(items: &[Value], index: i128) -> Option<Value> {
    position(items.len(), index).and_then(|index| items.get(index)).cloned()
}

fn position(length: usize, index: i128) -> Option<usize> {
    let length = i128::try_from(length).ok()?;
    usize::try_from(if index < 0 { index + length } else { index }).ok()
}

/// `object[start:stop:step]`; undefined when the object has no slices.
pub(crate) fn slice(object: &Value, bounds: [&Value; 3]) -> Outcome {
    if let View::Undefined(undefined) = view(object) {
        return Err(undefined.fault());
    }
    let cut = |length: usize| indices(length, bounds);
    match view(object) {
        View::Text(_) if object.is_safe() => Err(unsupported("cutting escaped text")),
        View::Text(text) => {
            let chars: Vec<char> = text.chars().collect();
            let picked = cut(chars.len())?.into_iter().filter_map(|index| chars.get(index));
            string(picked.collect::<String>())
        }
        View::List(items) => list(pick(&items.items, cut(items.items.len())?)),
        View::Tuple(items) => tuple(pick(&items.items, cut(items.items.len())?)),
        View::Range(_) => Err(unsupported("a slice of a range")),
        View::Dict(_) => Err(unsupported("a slice of a dict")),
        _ => Ok(undefined_member(object, &Value::from("slice"))),
    }
}

fn pick(items: &[Value], indices: Vec<usize>) -> Vec<Value> {
    indices.into_iter().filter_map(|index| items.get(index)).cloned().collect()
}

/// The indices that a slice picks from a sequence of `length`.
fn indices(length: usize, [start, stop, step]: [&Value; 3]) -> Outcome<Vec<usize>> {
    let length = i128::try_from(length).unwrap_or(i128::MAX);
    let step = bound(step)?.unwrap_or(1);
    if step == 0 {
        return Err(value_error("slice step cannot be zero"));
    }
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let clamp = |index: i128| if index < 0 { index.saturating_add(length) } else { index }.clamp(low, high);
    let start = bound(start)?.map_or(if step > 0 { low } else { high }, clamp);
    let stop = bound(stop)?.map_or(if step > 0 { high } else { low }, clamp);
    let mut picked = Vec::new();
    let mut at = start;
    while (step > 0 && at < stop) || (step < 0 && at > stop) {
        picked.extend(usize::try_from(at));
        at = at.saturating_add(step);
    }
    Ok(picked)
}

fn bound(value: &Value) -> Outcome<Option<i128>> {
    match view(value) {
        View::None => Ok(None),
        View::Int(index) => Ok(Some(index)),
        View::Bool(index) => Ok(Some(i128::from(index))),
        View::Undefined(undefined) => Err(undefined.fault()),
        _ => Err(type_error(format!(
            "slice indices must be integers or None or have an __index__ method, not {}",
            type_name(value)
        ))),
    }
}
