//! Attributes and keys, looked up in Jinja's order and with its sandbox.

use minijinja::Value;

use super::operator::sign;
use super::singleton::Bound;
use super::subscript::lookup;
use super::undefined::{undefined, undefined_member, unsafe_attribute};
use super::value::{View, view};
use crate::render::fault::{Outcome, unsupported};

/// `object.name`: the attribute first, then the key.
pub(crate) fn attribute(object: &Value, name: &str) -> Outcome {
    if let View::Undefined(undefined) = view(object) {
        return Err(undefined.fault());
    }
    if let Some(found) = own(object, name)? {
        return Ok(found);
    }
    let key = Value::from(name);
    Ok(lookup(object, &key)?.unwrap_or_else(|| undefined_member(object, &key)))
}

/// `object[key]`: the key first, then the attribute.
pub(crate) fn item(object: &Value, key: &Value) -> Outcome {
    if let View::Undefined(undefined) = view(object) {
        return Err(undefined.fault());
    }
    if let Some(found) = lookup(object, key)? {
        return Ok(found);
    }
    let found = match view(key) {
        View::Text(name) => own(object, name)?,
        _ => None,
    };
    Ok(found.unwrap_or_else(|| undefined_member(object, key)))
}

/// The Python attribute `name`, if the type has it.
pub(crate) fn own(object: &Value, name: &str) -> Outcome<Option<Value>> {
    if name.starts_with("__") && name.ends_with("__") {
        return Ok(is_dunder(name).then(|| unsafe_attribute(object, name)));
    }
    let methods: &[&str] = match view(object) {
        View::Text(_) => STR,
        View::Dict(_) => DICT,
        View::List(_) => LIST,
        View::Tuple(tuple) => match tuple.names.iter().position(|known| *known == name) {
            Some(index) => return Ok(tuple.items.get(index).cloned()),
            None => &["count", "index"],
        },
        View::Int(_) | View::Bool(_) => match name {
            "real" | "numerator" => return sign(object, false).map(Some),
            "imag" => return Ok(Some(Value::from(0))),
            "denominator" => return Ok(Some(Value::from(1))),
            _ => INT,
        },
        View::Float(_) => match name {
            "real" => return Ok(Some(object.clone())),
            "imag" => return Ok(Some(Value::from(0.0))),
            _ => FLOAT,
        },
        View::Range(range) => match name {
            "start" => return Ok(Some(Value::from(range.start))),
            "step" => return Ok(Some(Value::from(range.step))),
            "stop" => return Ok(Some(Value::from(range.stop))),
            _ => &["count", "index"],
        },
        View::Stream(_) => &["close", "gi_code", "gi_frame", "gi_running", "gi_yieldfrom", "send", "throw"],
        View::DictSide(_) => &["isdisjoint", "mapping"],
        View::Namespace(namespace) => return Ok(namespace.get(name)),
        View::Cycler(cycler) if name == "current" => return Ok(Some(cycler.current())),
        View::Cycler(_) => &["next", "reset", "items", "pos"],
        View::Joiner(_) => &["sep", "used"],
        View::Six => &["iteritems", "iterkeys", "itervalues", "viewitems", "viewkeys", "viewvalues"],
        View::Foreign(value) => return foreign(value, name).map(Some),
        View::None | View::Bound(_) | View::Undefined(_) => &[],
    };
    if methods.contains(&name) {
        let bound = Bound { object: object.clone(), name: name.to_owned() };
        return Ok(Some(Value::from_object(bound)));
    }
    if matches!(view(object), View::Six) {
        return Err(unsupported(format!("six.{name}")));
    }
    Ok(None)
}

/// Attributes of the engine's own objects: loops and macros.
fn foreign(value: &Value, name: &str) -> Outcome {
    let known = [
        "depth",
        "depth0",
        "first",
        "index",
        "index0",
        "last",
        "length",
        "nextitem",
        "previtem",
        "revindex",
        "revindex0",
    ];
    let found = value.get_attr(name).unwrap_or_default();
    match name {
        "previtem" if found.is_undefined() => Ok(undefined("there is no previous item")),
        "nextitem" if found.is_undefined() => Ok(undefined("there is no next item")),
        "changed" | "cycle" => Ok(Value::from_object(Bound { object: value.clone(), name: name.to_owned() })),
        _ if known.contains(&name) && !found.is_undefined() => Ok(found),
        "name" if found.as_str().is_some() => Ok(found),
        _ if value.get_attr("index0").is_ok_and(|index| !index.is_undefined()) => {
            Ok(undefined_member(value, &Value::from(name)))
        }
        _ => Err(unsupported(format!("the attribute {name} of a function"))),
    }
}

fn is_dunder(name: &str) -> bool {
    DUNDER.contains(&name.trim_matches('_'))
}

const DUNDER: &[&str] = &[
    "class",
    "delattr",
    "dir",
    "doc",
    "eq",
    "format",
    "ge",
    "getattribute",
    "getstate",
    "gt",
    "hash",
    "init",
    "init_subclass",
    "le",
    "lt",
    "ne",
    "new",
    "reduce",
    "reduce_ex",
    "repr",
    "setattr",
    "sizeof",
    "str",
    "subclasshook",
];

const STR: &[&str] = &[
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "format",
    "format_map",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "maketrans",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
];

const DICT: &[&str] =
    &["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

const LIST: &[&str] =
    &["append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"];

const INT: &[&str] = &["as_integer_ratio", "bit_count", "bit_length", "conjugate", "from_bytes", "to_bytes"];

const FLOAT: &[&str] = &["as_integer_ratio", "conjugate", "fromhex", "hex", "is_integer"];
