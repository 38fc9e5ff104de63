//! Equality, order, membership and hashing.

use std::cmp::Ordering;

use minijinja::Value;

use super::collection::{Dict, Side};
use super::iterate::items;
use super::value::{View, address, type_name, view};
use crate::render::fault::{Outcome, type_error, unsupported};
use crate::render::scope;

/// A dict key: what Python holds equal is equal here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    Float(u64),
    Int(i128),
    None,
    Text(Box<str>),
    Tuple(Vec<Self>),
}

impl Key {
    /// The key of a hashable value.
    pub(crate) fn of(value: &Value) -> Outcome<Self> {
        Ok(match view(value) {
            View::None => Self::None,
            View::Bool(truth) => Self::Int(i128::from(truth)),
            View::Int(number) => Self::Int(number),
            View::Float(number) if number.fract() == 0.0 && number.abs() < 1e30 => Self::Int(number as i128),
            View::Float(number) => Self::Float(number.to_bits()),
            View::Text(text) => Self::Text(text.into()),
            View::Tuple(tuple) => Self::Tuple(tuple.items.iter().map(Self::of).collect::<Outcome<_>>()?),
            View::Dict(_) | View::List(_) => {
                return Err(type_error(format!("unhashable type: '{}'", type_name(value))));
            }
            View::Undefined(undefined) => {
                undefined.tolerate()?;
                return Err(unsupported("an undefined value as a key"));
            }
            _ => return Err(unsupported(format!("a {} as a key", type_name(value)))),
        })
    }
}

/// `left == right`.
pub(crate) fn equal(left: &Value, right: &Value) -> Outcome<bool> {
    scope::spend_items(1)?;
    Ok(match (view(left), view(right)) {
        (View::Undefined(a), View::Undefined(_)) => a.tolerate().map(|()| true)?,
        (View::Undefined(a), _) | (_, View::Undefined(a)) => a.tolerate().map(|()| false)?,
        (View::None, View::None) => true,
        (View::Text(a), View::Text(b)) => a == b,
        (View::List(a), View::List(b)) => all_equal(&a.items, &b.items)?,
        (View::Tuple(a), View::Tuple(b)) => all_equal(&a.items, &b.items)?,
        (View::Dict(a), View::Dict(b)) => dicts_equal(a, b)?,
        (View::Range(a), View::Range(b)) => all_equal(&a.items(), &b.items())?,
        (View::DictSide(a), View::DictSide(b)) if a.side == Side::Keys && b.side == Side::Keys => {
            return Err(unsupported("comparing the keys of dicts"));
        }
        (
            View::Foreign(_) | View::Bound(_) | View::DictSide(_),
            View::Foreign(_) | View::Bound(_) | View::DictSide(_),
        ) => {
            return Err(unsupported("comparing functions or views"));
        }
        (View::Stream(_), View::Stream(_)) | (View::Namespace(_), View::Namespace(_)) => same(left, right),
        (a, b) => match (number(&a), number(&b)) {
            (Some(a), Some(b)) => a.compare(b) == Some(Ordering::Equal),
            _ => false,
        },
    })
}

/// `left is right`, for objects that are told apart by where they are.
pub(crate) fn same(left: &Value, right: &Value) -> bool {
    address(left).is_some_and(|address_of_left| address(right) == Some(address_of_left))
}

fn all_equal(left: &[Value], right: &[Value]) -> Outcome<bool> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (a, b) in left.iter().zip(right) {
        if !same(a, b) && !equal(a, b)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn dicts_equal(left: &Dict, right: &Dict) -> Outcome<bool> {
    if left.entries().len() != right.entries().len() {
        return Ok(false);
    }
    for (key, (_, a)) in left.entries() {
        match right.at(key) {
            Some(b) if equal(a, b)? => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// A number of either kind.
#[derive(Clone, Copy)]
pub(crate) enum Number {
    Float(f64),
    Int(i128),
}

impl Number {
    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(&b),
            (Self::Int(a), Self::Float(b)) => int_with_float(a, b),
            (Self::Float(a), Self::Int(b)) => int_with_float(b, a).map(Ordering::reverse),
        }
    }

    /// As a float, rounded when need be.
    pub(crate) fn float(self) -> f64 {
        match self {
            Self::Float(number) => number,
            Self::Int(number) => number as f64,
        }
    }
}

fn int_with_float(int: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    let whole = float.floor();
    // A float beyond an i128 saturates, and so compares rightly.
    Some(int.cmp(&(whole as i128)).then(if float > whole { Ordering::Less } else { Ordering::Equal }))
}

/// The number that a value is, truth values among them.
pub(crate) fn number(view: &View<'_>) -> Option<Number> {
    match view {
        View::Bool(truth) => Some(Number::Int(i128::from(*truth))),
        View::Int(number) => Some(Number::Int(*number)),
        View::Float(number) => Some(Number::Float(*number)),
        _ => None,
    }
}

/// How `left` stands to `right`; `None` when neither is smaller (`nan`). `op` is for the message.
pub(crate) fn order(left: &Value, op: &str, right: &Value) -> Outcome<Option<Ordering>> {
    scope::spend_items(1)?;
    match (view(left), view(right)) {
        (View::Undefined(undefined), _) | (_, View::Undefined(undefined)) => Err(undefined.fault()),
        (View::Text(a), View::Text(b)) => Ok(Some(a.cmp(b))),
        (View::List(a), View::List(b)) => order_all(&a.items, op, &b.items),
        (View::Tuple(a), View::Tuple(b)) => order_all(&a.items, op, &b.items),
        (View::DictSide(_), View::DictSide(_)) => Err(unsupported("comparing the views of dicts")),
        (a, b) => match (number(&a), number(&b)) {
            (Some(a), Some(b)) => Ok(a.compare(b)),
            _ => Err(type_error(format!(
                "'{op}' not supported between instances of '{}' and '{}'",
                type_name(left),
                type_name(right)
            ))),
        },
    }
}

fn order_all(left: &[Value], op: &str, right: &[Value]) -> Outcome<Option<Ordering>> {
    for (a, b) in left.iter().zip(right) {
        if !same(a, b) && !equal(a, b)? {
            return order(a, op, b);
        }
    }
    Ok(Some(left.len().cmp(&right.len())))
}

/// `left op right` for one of the six comparisons, `in` and `not in`.
pub(crate) fn compare(left: &Value, op: &str, right: &Value) -> Outcome<bool> {
    Ok(match op {
        "==" => equal(left, right)?,
        "!=" => !equal(left, right)?,
        "in" => contains(right, left)?,
        "not in" => !contains(right, left)?,
        "<" => order(left, op, right)? == Some(Ordering::Less),
        "<=" => order(left, op, right)?.is_some_and(Ordering::is_le),
        ">" => order(left, op, right)? == Some(Ordering::Greater),
        ">=" => order(left, op, right)?.is_some_and(Ordering::is_ge),
        _ => return Err(unsupported(format!("the operator {op}"))),
    })
}

/// `item in container`.
pub(crate) fn contains(container: &Value, item: &Value) -> Outcome<bool> {
    match view(container) {
        View::Text(text) => match view(item) {
            View::Text(part) => Ok(text.contains(part)),
            _ => {
                Err(type_error(format!("'in <string>' requires string as left operand, not {}", type_name(item))))
            }
        },
        View::Dict(dict) => Ok(dict.at(&Key::of(item)?).is_some()),
        View::Stream(_) => Err(unsupported("looking into an iterator")),
        View::DictSide(keys) if keys.side == Side::Keys => {
            let wanted = Key::of(item)?;
            Ok(keys.items.iter().any(|key| Key::of(key).is_ok_and(|key| key == wanted)))
        }
        View::Bool(_) | View::Int(_) | View::Float(_) | View::None => {
            Err(type_error(format!("argument of type '{}' is not iterable", type_name(container))))
        }
        _ => {
            for member in items(container)? {
                if same(&member, item) || equal(&member, item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
    }
}
