//! Making values and looking at them.

use minijinja::Value;
use minijinja::value::ValueKind;

use super::collection::{Dict, DictSide, Entries, List, Range, Stream, Tuple};
use super::compare::Key;
use super::singleton::{Bound, Cycler, Joiner, Namespace, Six};
use super::undefined::Undefined;
use crate::render::fault::{Outcome, raise};
use crate::render::scope;

/// How deep values may nest; a text of JSON nests at most 128 deep.
const DEPTH: usize = 200;

/// A value as Python sees it.
pub(crate) enum View<'a> {
    Bool(bool),
    Bound(&'a Bound),
    Cycler(&'a Cycler),
    Dict(&'a Dict),
    DictSide(&'a DictSide),
    Float(f64),
    /// Something of the engine's own: a loop, a macro, a function.
    Foreign(&'a Value),
    Int(i128),
    Joiner(&'a Joiner),
    List(&'a List),
    Namespace(&'a Namespace),
    None,
    Range(&'a Range),
    Six,
    Stream(&'a Stream),
    Text(&'a str),
    Tuple(&'a Tuple),
    Undefined(&'a Undefined),
}

/// Looks at a value.
pub(crate) fn view(value: &Value) -> View<'_> {
    match value.kind() {
        ValueKind::None => View::None,
        ValueKind::Bool => View::Bool(value.is_true()),
        ValueKind::String => value.as_str().map_or(View::Foreign(value), View::Text),
        ValueKind::Number => number(value),
        _ => object(value),
    }
}

fn number(value: &Value) -> View<'_> {
    if value.is_integer() {
        return i128::try_from(value.clone()).map_or(View::Foreign(value), View::Int);
    }
    f64::try_from(value.clone()).map_or(View::Foreign(value), View::Float)
}

fn object(value: &Value) -> View<'_> {
    macro_rules! try_as {
        ($($type:ident),*) => {
            $(if let Some(found) = value.downcast_object_ref::<$type>() { return View::$type(found); })*
        };
    }
    try_as!(Dict, List, Undefined, Tuple, Stream, DictSide, Range, Bound, Namespace, Cycler, Joiner);
    match value.downcast_object_ref::<Six>() {
        Some(_) => View::Six,
        None => View::Foreign(value),
    }
}

/// Python's name of the value's type.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match view(value) {
        View::Bool(_) => "bool",
        View::Bound(_) => "builtin_function_or_method",
        View::Cycler(_) => "Cycler",
        View::Dict(_) => "dict",
        View::DictSide(view) => match view.side {
            super::collection::Side::Items => "dict_items",
            super::collection::Side::Keys => "dict_keys",
            super::collection::Side::Values => "dict_values",
        },
        View::Float(_) => "float",
        View::Foreign(_) => "function",
        View::Int(_) => "int",
        View::Joiner(_) => "Joiner",
        View::List(_) => "list",
        View::Namespace(_) => "Namespace",
        View::None => "NoneType",
        View::Range(_) => "range",
        View::Six => "module",
        View::Stream(stream) => stream.name,
        View::Text(_) if value.is_safe() => "Markup",
        View::Text(_) => "str",
        View::Tuple(_) => "tuple",
        View::Undefined(undefined) => undefined.type_name(),
    }
}

/// Where an object lies in memory, which tells it from its equals.
pub(crate) fn address(value: &Value) -> Option<usize> {
    fn of<T>(object: &T) -> usize {
        std::ptr::from_ref(object).addr()
    }
    Some(match view(value) {
        View::Dict(object) => of(object),
        View::DictSide(object) => of(object),
        View::List(object) => of(object),
        View::Namespace(object) => of(object),
        View::Range(object) => of(object),
        View::Stream(object) => of(object),
        View::Tuple(object) => of(object),
        _ => return None,
    })
}

/// How deep the value nests; 0 for a scalar.
pub(crate) fn depth(value: &Value) -> usize {
    match view(value) {
        View::Dict(dict) => dict.depth,
        View::DictSide(view) => view.depth,
        View::List(list) => list.depth,
        View::Stream(stream) => stream.depth,
        View::Tuple(tuple) => tuple.depth,
        View::Bound(bound) => depth(&bound.object) + 1,
        // They can change, and so could hold themselves.
        View::Namespace(_) | View::Cycler(_) | View::Joiner(_) | View::Foreign(_) => DEPTH,
        _ => 0,
    }
}

/// The depth of something that holds `items`.
pub(crate) fn depth_over<'a>(items: impl Iterator<Item = &'a Value>) -> Outcome<usize> {
    let mut deepest = 0;
    let mut count = 0;
    for item in items {
        deepest = deepest.max(depth(item));
        count += 1;
    }
    scope::spend_items(count)?;
    if deepest >= DEPTH {
        return Err(raise("RecursionError", "maximum recursion depth exceeded"));
    }
    Ok(deepest + 1)
}

/// Makes a list.
pub(crate) fn list(items: Vec<Value>) -> Outcome {
    let depth = depth_over(items.iter())?;
    Ok(Value::from_object(List { items, depth }))
}

/// Makes a tuple.
pub(crate) fn tuple(items: Vec<Value>) -> Outcome {
    named_tuple(items, &[])
}

/// Makes a tuple whose items have names.
pub(crate) fn named_tuple(items: Vec<Value>, names: &'static [&'static str]) -> Outcome {
    let depth = depth_over(items.iter())?;
    Ok(Value::from_object(Tuple { items, depth, names }))
}

/// Makes a dict; a key given twice keeps its first place and its last value.
pub(crate) fn dict(pairs: impl IntoIterator<Item = (Value, Value)>) -> Outcome {
    let mut entries = Entries::new();
    for (key, value) in pairs {
        let hash = Key::of(&key)?;
        match entries.get_mut(&hash) {
            Some(entry) => entry.1 = value,
            None => drop(entries.insert(hash, (key, value))),
        }
    }
    let depth = depth_over(entries.values().flat_map(|(key, value)| [key, value]))?;
    Ok(Value::from_object(Dict::new(entries, depth)))
}

/// Makes an iterator of the type that Python calls `name`.
pub(crate) fn stream(name: &'static str, items: Vec<Value>) -> Outcome {
    let depth = depth_over(items.iter())?;
    Ok(Value::from_object(Stream::new(name, items, depth)))
}

/// Makes a text.
pub(crate) fn string(text: impl Into<String>) -> Outcome {
    let text = text.into();
    scope::spend_text(text.len())?;
    Ok(Value::from(text))
}

/// Makes a text that counts as HTML.
pub(crate) fn markup(text: impl Into<String>) -> Outcome {
    let text = text.into();
    scope::spend_text(text.len())?;
    Ok(Value::from_safe_string(text))
}

/// Makes a whole number.
pub(crate) fn int(number: i128) -> Value {
    i64::try_from(number).map_or_else(|_| Value::from(number), Value::from)
}

/// Takes a value of JSON into Python.
pub(crate) fn from_json(json: &serde_json::Value) -> Outcome {
    use serde_json::Value as Json;
    match json {
        Json::Null => Ok(Value::from(())),
        Json::Bool(truth) => Ok(Value::from(*truth)),
        Json::Number(number) => Ok(match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => int(i128::from(number)),
            (None, None) => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        }),
        Json::String(text) => Ok(Value::from(text.as_str())),
        Json::Array(items) => list(items.iter().map(from_json).collect::<Outcome<_>>()?),
        Json::Object(members) => {
            let pairs = members.iter().map(|(key, value)| Ok((Value::from(key.as_str()), from_json(value)?)));
            dict(pairs.collect::<Outcome<Vec<_>>>()?)
        }
    }
}
