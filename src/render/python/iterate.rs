//! Going through values: loops, unpacking, truth and length.

use minijinja::Value;

use super::collection::Side;
use super::value::{View, tuple, type_name, view};
use crate::render::fault::{Outcome, type_error, unsupported, value_error};
use crate::render::scope;

/// `list(value)`: the items, taken out of an iterator.
pub(crate) fn items(value: &Value) -> Outcome<Vec<Value>> {
    let items = match view(value) {
        View::List(list) => list.items.clone(),
        View::Tuple(tuple) => tuple.items.clone(),
        View::Dict(dict) => dict.pairs().map(|(key, _)| key.clone()).collect(),
        View::DictSide(view) => view.items.clone(),
        View::Range(range) => range.items(),
        View::Stream(stream) => stream.drain(),
        View::Text(_) if value.is_safe() => return Err(unsupported("going through escaped text")),
        View::Text(text) => text.chars().map(|c| Value::from(c.to_string())).collect(),
        View::Undefined(undefined) => undefined.tolerate().map(|()| Vec::new())?,
        _ => return Err(type_error(format!("'{}' object is not iterable", type_name(value)))),
    };
    scope::spend_items(items.len())?;
    Ok(items)
}

/// `bool(value)`.
pub(crate) fn truth(value: &Value) -> Outcome<bool> {
    if let View::Undefined(undefined) = view(value) {
        undefined.tolerate()?;
    }
    Ok(value.is_true())
}

/// `len(value)`.
pub(crate) fn length(value: &Value) -> Outcome<usize> {
    Ok(match view(value) {
        View::List(list) => list.items.len(),
        View::Tuple(tuple) => tuple.items.len(),
        View::Dict(dict) => dict.entries().len(),
        View::DictSide(view) => view.items.len(),
        View::Range(range) => range.length(),
        View::Text(text) => text.chars().count(),
        View::Undefined(undefined) => undefined.tolerate().map(|()| 0)?,
        _ => return Err(type_error(format!("object of type '{}' has no len()", type_name(value)))),
    })
}

/// One side of a dict, as a list of values.
pub(crate) fn side(dict: &super::collection::Dict, side: Side) -> Outcome<Vec<Value>> {
    scope::spend_items(dict.entries().len())?;
    match side {
        Side::Keys => Ok(dict.pairs().map(|(key, _)| key.clone()).collect()),
        Side::Values => Ok(dict.pairs().map(|(_, value)| value.clone()).collect()),
        Side::Items => dict.pairs().map(|(key, value)| tuple(vec![key.clone(), value.clone()])).collect(),
    }
}

/// Cuts a value to the shape of a target: a number for one name, a list for a tuple of them.
pub(crate) fn unpack(value: Value, shape: &Value) -> Outcome {
    let Ok(shapes) = shape.try_iter() else { return Ok(value) };
    let shapes: Vec<Value> = shapes.collect();
    let items = match view(&value) {
        View::Bool(_) | View::Int(_) | View::Float(_) | View::None => {
            return Err(type_error(format!("cannot unpack non-iterable {} object", type_name(&value))));
        }
        _ => items(&value)?,
    };
    if items.len() > shapes.len() {
        return Err(value_error(format!("too many values to unpack (expected {})", shapes.len())));
    }
    if items.len() < shapes.len() {
        let (wanted, got) = (shapes.len(), items.len());
        return Err(value_error(format!("not enough values to unpack (expected {wanted}, got {got})")));
    }
    let parts = items.into_iter().zip(&shapes).map(|(item, shape)| unpack(item, shape));
    Ok(Value::from(parts.collect::<Outcome<Vec<_>>>()?))
}
