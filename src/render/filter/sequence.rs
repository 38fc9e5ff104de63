//! Filters on sequences and dicts.

use minijinja::Value;

use super::{Call, Filter, select, sort};
use crate::render::fault::{Outcome, raise, type_error, unsupported};
use crate::render::python::attribute::{attribute, own};
use crate::render::python::collection::Side;
use crate::render::python::iterate::{items, length, side};
use crate::render::python::undefined::{undefined, undefined_member};
use crate::render::python::value::stream;
use crate::render::python::{View, list, operator, string, text, type_name, view};
use crate::render::scope::spend_items;

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "attr" => attr,
        "batch" => batch,
        "count" | "length" => |call| Ok(Value::from(length(&call.value)?)),
        "dictsort" => sort::dictsort,
        "first" => first,
        "groupby" => sort::groupby,
        "items" => pairs,
        "join" => join,
        "last" => last,
        "list" => |call| list(items(&call.value)?),
        "map" => select::map,
        "max" => |call| sort::extreme(call, true),
        "min" => |call| sort::extreme(call, false),
        "random" => random,
        "reject" => |call| select::select(call, false, false),
        "rejectattr" => |call| select::select(call, true, false),
        "reverse" => reverse,
        "select" => |call| select::select(call, false, true),
        "selectattr" => |call| select::select(call, true, true),
        "slice" => slice,
        "sort" => sort::sort,
        "sum" => sum,
        "unique" => sort::unique,
        _ => return None,
    })
}

fn attr(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [name] = call.args.bind(call.name, ["name"])?;
    let key = call.args.required(name, call.name, "name")?;
    let name = call.args.text(&key)?;
    if let View::Undefined(undefined) = view(&call.value) {
        return Err(undefined.fault());
    }
    match own(&call.value, &name)? {
        Some(_) => attribute(&call.value, &name),
        None => Ok(undefined_member(&call.value, &key)),
    }
}

fn batch(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [count, fill] = call.args.bind(call.name, ["linecount", "fill_with"])?;
    let count = call.args.whole(&call.args.required(count, call.name, "linecount")?)?;
    let count = usize::try_from(count).unwrap_or(0);
    if count == 0 {
        return Err(unsupported("batches of nothing"));
    }
    spend_items(count)?;
    let fill = fill.filter(|fill| !fill.is_none());
    let mut batches = Vec::new();
    for batch in items(&call.value)?.chunks(count) {
        let mut batch = batch.to_vec();
        if let Some(fill) = &fill {
            batch.resize(count, fill.clone());
        }
        batches.push(list(batch)?);
    }
    stream("generator", batches)
}

fn slice(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [count, fill] = call.args.bind(call.name, ["slices", "fill_with"])?;
    let count = call.args.whole(&call.args.required(count, call.name, "slices")?)?;
    let count = usize::try_from(count).unwrap_or(0);
    spend_items(count)?;
    let all = items(&call.value)?;
    if count == 0 {
        return Err(raise("ZeroDivisionError", "integer division or modulo by zero"));
    }
    let fill = fill.filter(|fill| !fill.is_none());
    let (each, extra) = (all.len() / count, all.len() % count);
    let mut rest = all.into_iter();
    let mut slices = Vec::new();
    for index in 0..count {
        let mut slice: Vec<Value> = rest.by_ref().take(each + usize::from(index < extra)).collect();
        if index >= extra {
            slice.extend(fill.clone());
        }
        slices.push(list(slice)?);
    }
    stream("generator", slices)
}

fn first(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    let first = match view(&call.value) {
        View::Stream(stream) => stream.next(),
        _ => items(&call.value)?.into_iter().next(),
    };
    Ok(first.unwrap_or_else(|| undefined("No first item, sequence was empty.")))
}

fn last(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    if let View::Stream(stream) = view(&call.value) {
        return Err(type_error(format!("'{}' object is not reversible", stream.name)));
    }
    Ok(items(&call.value)?.pop().unwrap_or_else(|| undefined("No last item, sequence was empty.")))
}

fn pairs(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    match view(&call.value) {
        View::Undefined(_) => stream("generator", Vec::new()),
        View::Dict(dict) => stream("generator", side(dict, Side::Items)?),
        _ => Err(type_error("Can only get item pairs from a mapping.")),
    }
}

fn join(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [separator, attribute] = call.args.bind(call.name, ["d", "attribute"])?;
    let separator = separator.map_or(Ok(String::new()), |separator| text(&separator))?;
    let attribute = sort::Path::of(attribute.as_ref(), &call.args)?;
    let mut joined = String::new();
    for (index, item) in items(&call.value)?.iter().enumerate() {
        if index > 0 {
            joined.push_str(&separator);
        }
        joined.push_str(&text(&attribute.get(item)?)?);
        if joined.len() > crate::render::scope::TEXT_LIMIT {
            break;
        }
    }
    string(joined)
}

/// One item by chance, of what can be indexed.
fn random(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    if !matches!(view(&call.value), View::List(_) | View::Tuple(_) | View::Text(_) | View::Range(_)) {
        return Err(unsupported("a random item of this"));
    }
    match length(&call.value)? {
        0 => Ok(undefined("No random item, sequence was empty.")),
        1 => Ok(items(&call.value)?.pop().unwrap_or_default()),
        _ => items(&call.value).map(|items| fastrand::choice(items).unwrap_or_default()),
    }
}

fn reverse(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    if let View::Text(text) = view(&call.value) {
        return string(text.chars().rev().collect::<String>());
    }
    if let View::Bool(_) | View::Int(_) | View::Float(_) | View::None = view(&call.value) {
        return Err(raise("FilterArgumentError", "argument must be iterable"));
    }
    if let View::Undefined(undefined) = view(&call.value) {
        return Err(match undefined.tolerate() {
            Err(fault) => fault,
            Ok(()) => unsupported("the reverse of nothing"),
        });
    }
    let mut all = items(&call.value)?;
    all.reverse();
    match view(&call.value) {
        View::Stream(_) => list(all),
        View::List(_) => stream("list_reverseiterator", all),
        View::Dict(_) => stream("dict_reversekeyiterator", all),
        View::Range(_) => stream("range_iterator", all),
        _ => stream("reversed", all),
    }
}

fn sum(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [attribute, start] = call.args.bind(call.name, ["attribute", "start"])?;
    let attribute = sort::Path::of(attribute.as_ref(), &call.args)?;
    let mut total = start.unwrap_or_else(|| Value::from(0));
    if total.as_str().is_some() {
        return Err(type_error("sum() can't sum strings [use ''.join(seq) instead]"));
    }
    for item in items(&call.value)? {
        let item = attribute.get(&item)?;
        if matches!((view(&total), view(&item)), (View::Foreign(_), _) | (_, View::Foreign(_))) {
            return Err(unsupported(format!("the sum of {}", type_name(&item))));
        }
        total = operator::add(&total, &item)?;
    }
    Ok(total)
}
