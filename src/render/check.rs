//! Jinja's tests, and StackStorm's `in`.

use minijinja::Value;

use super::fault::{Outcome, raise, unsupported};
use super::filter::{self, Args};
use super::python::compare::{compare, same};
use super::python::iterate::length;
use super::python::{View, operator, text, view};
use super::text::{is_lower, is_upper};

const NAMES: &[&str] = &[
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "callable",
    "defined",
    "divisibleby",
    "eq",
    "equalto",
    "escaped",
    "even",
    "false",
    "filter",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "string",
    "test",
    "true",
    "undefined",
    "upper",
];

/// Whether there is such a test.
pub(crate) fn exists(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Asks the test `name` about `value`.
pub(crate) fn apply(name: &str, value: &Value, args: &Args) -> Outcome<bool> {
    if !exists(name) {
        return Err(raise("TemplateRuntimeError", format!("No test named '{name}' found.")));
    }
    if let Some(op) = comparison(name) {
        let [other] = args.bind(name, ["other"])?;
        return compare(value, op, &args.required(other, name, "other")?);
    }
    match name {
        "divisibleby" => {
            let [by] = args.bind(name, ["num"])?;
            remainder(value, &args.required(by, name, "num")?, 0)
        }
        "sameas" => {
            let [other] = args.bind(name, ["other"])?;
            identical(value, &args.required(other, name, "other")?)
        }
        _ => {
            args.none(name)?;
            property(name, value)
        }
    }
}

fn comparison(name: &str) -> Option<&'static str> {
    Some(match name {
        "==" | "eq" | "equalto" => "==",
        "!=" | "ne" => "!=",
        ">" | "gt" | "greaterthan" => ">",
        ">=" | "ge" => ">=",
        "<" | "lt" | "lessthan" => "<",
        "<=" | "le" => "<=",
        "in" => "in",
        _ => return None,
    })
}

fn remainder(value: &Value, by: &Value, wanted: i64) -> Outcome<bool> {
    compare(&operator::modulo(value, by)?, "==", &Value::from(wanted))
}

fn identical(value: &Value, other: &Value) -> Outcome<bool> {
    match (view(value), view(other)) {
        (View::None, View::None) => Ok(true),
        (View::Bool(a), View::Bool(b)) => Ok(a == b),
        (View::Text(_), View::Text(_)) | (View::Int(_), View::Int(_)) | (View::Float(_), View::Float(_)) => {
            Err(unsupported("whether two plain values are the same object"))
        }
        _ => Ok(same(value, other)),
    }
}

fn property(name: &str, value: &Value) -> Outcome<bool> {
    let seen = view(value);
    Ok(match name {
        "boolean" => matches!(seen, View::Bool(_)),
        "callable" => matches!(seen, View::Bound(_) | View::Joiner(_) | View::Foreign(_) | View::Undefined(_)),
        "defined" => !matches!(seen, View::Undefined(_)),
        "escaped" => value.is_safe(),
        "even" => remainder(value, &Value::from(2), 0)?,
        "false" => matches!(seen, View::Bool(false)),
        "filter" => matches!(seen, View::Text(name) if filter::exists(name)),
        "float" => matches!(seen, View::Float(_)),
        "integer" => matches!(seen, View::Int(_)),
        "iterable" => match seen {
            View::Undefined(undefined) => undefined.tolerate().map(|()| true)?,
            View::Foreign(_) => return Err(unsupported("whether this is iterable")),
            _ => iterable(&seen),
        },
        "lower" => is_lower(&text(value)?),
        "mapping" => matches!(seen, View::Dict(_)),
        "none" => matches!(seen, View::None),
        "number" => matches!(seen, View::Bool(_) | View::Int(_) | View::Float(_)),
        "odd" => remainder(value, &Value::from(2), 1)?,
        "sequence" => match seen {
            View::DictSide(_) => false,
            _ => length(value).is_ok(),
        },
        "string" => matches!(seen, View::Text(_)),
        "test" => matches!(seen, View::Text(name) if exists(name)),
        "true" => matches!(seen, View::Bool(true)),
        "undefined" => matches!(seen, View::Undefined(_)),
        _ => is_upper(&text(value)?),
    })
}

fn iterable(seen: &View<'_>) -> bool {
    matches!(
        seen,
        View::Dict(_)
            | View::DictSide(_)
            | View::List(_)
            | View::Range(_)
            | View::Stream(_)
            | View::Text(_)
            | View::Tuple(_)
    )
}
