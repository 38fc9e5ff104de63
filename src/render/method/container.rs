//! Methods of dicts, lists and tuples; those that change the object are refused.

use minijinja::Value;

use crate::render::fault::{Outcome, unsupported, value_error};
use crate::render::filter::Args;
use crate::render::python::collection::{Dict, DictSide, Side};
use crate::render::python::compare::{Key, equal};
use crate::render::python::iterate::side;
use crate::render::python::value::{depth_over, dict as make_dict};
use crate::render::python::{list, repr};

/// `dict.items()` and its like.
pub(super) fn view_of(dict: &Dict, which: Side) -> Outcome {
    let items = side(dict, which)?;
    let depth = depth_over(items.iter())?;
    Ok(Value::from_object(DictSide { side: which, items, depth }))
}

pub(super) fn call_dict(dict: &Dict, name: &str, args: &Args) -> Outcome {
    match name {
        "items" => args.none(name).and_then(|()| view_of(dict, Side::Items)),
        "keys" => args.none(name).and_then(|()| view_of(dict, Side::Keys)),
        "values" => args.none(name).and_then(|()| view_of(dict, Side::Values)),
        "copy" => make_dict(dict.pairs().map(|(key, value)| (key.clone(), value.clone()))),
        "get" => {
            let [key, default] = args.bind(name, ["key", "default"])?;
            let key = Key::of(&args.required(key, name, "key")?)?;
            let found = dict.at(&key).cloned();
            Ok(found.or(default).unwrap_or_else(|| Value::from(())))
        }
        _ => Err(unsupported(format!("dict.{name}"))),
    }
}

pub(super) fn call_sequence(items: &[Value], kind: &str, name: &str, args: &Args) -> Outcome {
    match name {
        "count" => {
            let [wanted] = args.bind(name, ["value"])?;
            let wanted = args.required(wanted, name, "value")?;
            let mut count = 0;
            for item in items {
                count += i64::from(equal(item, &wanted)?);
            }
            Ok(Value::from(count))
        }
        "index" => {
            let [wanted] = args.bind(name, ["value"])?;
            let wanted = args.required(wanted, name, "value")?;
            for (index, item) in items.iter().enumerate() {
                if equal(item, &wanted)? {
                    return Ok(Value::from(index));
                }
            }
            Err(value_error(if kind == "list" {
                format!("{} is not in list", repr(&wanted)?)
            } else {
                "tuple.index(x): x not in tuple".to_owned()
            }))
        }
        "copy" => list(items.to_vec()),
        _ => Err(unsupported(format!("{kind}.{name}"))),
    }
}
