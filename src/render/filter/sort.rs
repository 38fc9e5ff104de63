//! Order: `sort`, `unique`, `groupby`, `dictsort`, `min`, `max`, and the attribute paths that they take.

use std::cmp::Ordering;

use minijinja::{Error, Value};

use super::{Args, Call};
use crate::render::fault::{Outcome, raise};
use crate::render::python::attribute::item;
use crate::render::python::collection::Side;
use crate::render::python::compare::{Key, equal, order};
use crate::render::python::iterate::{items, side};
use crate::render::python::undefined::undefined;
use crate::render::python::value::{named_tuple, stream};
use crate::render::python::{View, list, view};

/// A dotted path of attributes, as `address.city` or `0.name`.
pub(super) struct Path {
    parts: Vec<Value>,
    default: Option<Value>,
}

impl Path {
    pub(super) fn of(attribute: Option<&Value>, args: &Args) -> Outcome<Self> {
        let parts = match attribute.map(|attribute| (attribute, view(attribute))) {
            None | Some((_, View::None)) => Vec::new(),
            Some((_, View::Text(path))) => path.split('.').map(part).collect(),
            Some((number, _)) => vec![Value::from(args.whole(number)?)],
        };
        Ok(Self { parts, default: None })
    }

    pub(super) fn with_default(self, default: Option<Value>) -> Self {
        Self { default: default.filter(|default| !default.is_none()), ..self }
    }

    pub(super) fn get(&self, value: &Value) -> Outcome {
        let mut value = value.clone();
        for part in &self.parts {
            value = item(&value, part)?;
            if let (Some(default), View::Undefined(_)) = (&self.default, view(&value)) {
                value = default.clone();
            }
        }
        Ok(value)
    }
}

fn part(name: &str) -> Value {
    let digits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
    match name.parse::<i64>() {
        Ok(index) if digits => Value::from(index),
        _ => Value::from(name),
    }
}

/// A value as a key of order: texts without regard to case unless told so.
fn folded(value: Value, case_sensitive: bool) -> Value {
    match value.as_str() {
        Some(text) if !case_sensitive => Value::from(text.to_lowercase()),
        _ => value,
    }
}

/// Python's stable sort with keys; the first failing comparison ends it.
fn sorted(mut keyed: Vec<(Value, Value)>, reverse: bool) -> Outcome<Vec<(Value, Value)>> {
    let mut fault: Option<Error> = None;
    keyed.sort_by(|(a, _), (b, _)| {
        if fault.is_some() {
            return Ordering::Equal;
        }
        let ordering = order(a, "<", b).unwrap_or_else(|error| {
            fault = Some(error);
            None
        });
        let ordering = ordering.unwrap_or(Ordering::Equal);
        if reverse { ordering.reverse() } else { ordering }
    });
    match fault {
        // Python asks whether the later is smaller than the earlier, and so names their types the other way round.
        Some(fault) => Err(keyed.first().map_or(fault, |_| swap_types(&keyed))),
        None => Ok(keyed),
    }
}

fn swap_types(keyed: &[(Value, Value)]) -> Error {
    for ((a, _), (b, _)) in keyed.iter().zip(keyed.iter().skip(1)) {
        if let Err(error) = order(b, "<", a) {
            return error;
        }
    }
    raise("TypeError", "'<' not supported between these items")
}

fn truthy(value: Option<Value>) -> bool {
    value.is_some_and(|value| value.is_true())
}

pub(super) fn sort(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [reverse, case, attribute] = call.args.bind(call.name, ["reverse", "case_sensitive", "attribute"])?;
    let case = truthy(case);
    let paths = match attribute.as_ref().and_then(Value::as_str) {
        Some(many) => many
            .split(',')
            .map(|path| Path::of(Some(&Value::from(path)), &call.args))
            .collect::<Outcome<Vec<_>>>()?,
        None => vec![Path::of(attribute.as_ref(), &call.args)?],
    };
    let mut keyed = Vec::new();
    for item in items(&call.value)? {
        let mut keys = Vec::new();
        for path in &paths {
            keys.push(folded(path.get(&item)?, case));
        }
        keyed.push((list(keys)?, item));
    }
    list(sorted(keyed, truthy(reverse))?.into_iter().map(|(_, item)| item).collect())
}

pub(super) fn unique(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [case, attribute] = call.args.bind(call.name, ["case_sensitive", "attribute"])?;
    let case = truthy(case);
    let path = Path::of(attribute.as_ref(), &call.args)?;
    let mut seen = std::collections::HashSet::new();
    let mut kept = Vec::new();
    for item in items(&call.value)? {
        if seen.insert(Key::of(&folded(path.get(&item)?, case))?) {
            kept.push(item);
        }
    }
    stream("generator", kept)
}

pub(super) fn extreme(call: &mut Call<'_, '_, '_>, largest: bool) -> Outcome {
    let [case, attribute] = call.args.bind(call.name, ["case_sensitive", "attribute"])?;
    let case = truthy(case);
    let path = Path::of(attribute.as_ref(), &call.args)?;
    let mut best: Option<(Value, Value)> = None;
    for item in items(&call.value)? {
        let key = folded(path.get(&item)?, case);
        let better = match &best {
            None => true,
            Some((than, _)) if largest => order(&key, ">", than)? == Some(Ordering::Greater),
            Some((than, _)) => order(&key, "<", than)? == Some(Ordering::Less),
        };
        if better {
            best = Some((key, item));
        }
    }
    Ok(best.map_or_else(|| undefined("No aggregated item, sequence was empty."), |(_, item)| item))
}

pub(super) fn groupby(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [attribute, default, case] = call.args.bind(call.name, ["attribute", "default", "case_sensitive"])?;
    let attribute = call.args.required(attribute, call.name, "attribute")?;
    let case = truthy(case);
    let path = Path::of(Some(&attribute), &call.args)?.with_default(default);
    let mut keyed = Vec::new();
    for item in items(&call.value)? {
        keyed.push((folded(path.get(&item)?, case), item));
    }
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (key, item) in sorted(keyed, false)? {
        match groups.last_mut() {
            Some((last, members)) if equal(last, &key)? => members.push(item),
            _ => groups.push((key, vec![item])),
        }
    }
    let mut out = Vec::new();
    for (key, members) in groups {
        let shown = match members.first() {
            Some(first) if !case => path.get(first)?,
            _ => key,
        };
        out.push(named_tuple(vec![shown, list(members)?], &["grouper", "list"])?);
    }
    list(out)
}

pub(super) fn dictsort(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [case, by, reverse] = call.args.bind(call.name, ["case_sensitive", "by", "reverse"])?;
    let by = by.map_or(Ok("key".to_owned()), |by| call.args.text(&by))?;
    let index = match by.as_str() {
        "key" => 0,
        "value" => 1,
        _ => return Err(raise("FilterArgumentError", "You can only sort by either \"key\" or \"value\"")),
    };
    let View::Dict(dict) = view(&call.value) else {
        return Err(call.lacks("items"));
    };
    let case = truthy(case);
    let mut keyed = Vec::new();
    for pair in side(dict, Side::Items)? {
        keyed.push((folded(item(&pair, &Value::from(index))?, case), pair));
    }
    list(sorted(keyed, truthy(reverse))?.into_iter().map(|(_, pair)| pair).collect())
}
