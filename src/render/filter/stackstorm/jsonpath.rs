//! `jsonpath_query`: the expressions of the Python package `jsonpath-rw`.

use minijinja::Value;

use crate::render::fault::{Outcome, raise, unsupported};
use crate::render::python::iterate::items;
use crate::render::python::{View, view};
use crate::render::scope::spend_items;

/// One step of a path.
enum Step {
    /// `a`, `a,b`, `*`
    Fields(Vec<String>),
    /// `[*]`, `[1:3]`
    Slice(Option<usize>, Option<usize>),
    /// `[0]`
    Index(usize),
    /// `..`
    Descend,
}

/// What `query` finds in `value`, in order.
pub(super) fn find(query: &str, value: &Value) -> Outcome<Vec<Value>> {
    if let View::Undefined(undefined) = view(value) {
        undefined.tolerate()?;
        return Err(unsupported("JSONPath on nothing"));
    }
    let mut found = vec![value.clone()];
    for step in parse(query)? {
        let mut next = Vec::new();
        for value in found {
            apply(&step, &value, &mut next)?;
        }
        spend_items(next.len())?;
        found = next;
    }
    Ok(found)
}

fn apply(step: &Step, value: &Value, out: &mut Vec<Value>) -> Outcome<()> {
    match step {
        Step::Fields(names) => {
            let View::Dict(dict) = view(value) else { return Ok(()) };
            for name in names {
                if name == "*" {
                    out.extend(dict.pairs().map(|(_, value)| value.clone()));
                } else {
                    out.extend(dict.find(name).cloned());
                }
            }
        }
        Step::Index(index) => {
            if let View::List(list) = view(value) {
                out.extend(list.items.get(*index).cloned());
            }
        }
        Step::Slice(start, stop) => match view(value) {
            View::List(list) => {
                let stop = stop.unwrap_or(usize::MAX).min(list.items.len());
                out.extend(list.items.get(start.unwrap_or(0)..stop).unwrap_or_default().iter().cloned());
            }
            View::Dict(_) | View::Text(_) => {
                out.extend([value.clone()].into_iter().skip(start.unwrap_or(0)).take(stop.unwrap_or(1)));
            }
            _ => return Err(unsupported("a slice of this in JSONPath")),
        },
        Step::Descend => descend(value, out)?,
    }
    Ok(())
}

fn descend(value: &Value, out: &mut Vec<Value>) -> Outcome<()> {
    out.push(value.clone());
    let inner = match view(value) {
        View::Dict(dict) => dict.pairs().map(|(_, value)| value.clone()).collect(),
        View::List(_) => items(value)?,
        _ => return Ok(()),
    };
    inner.iter().try_for_each(|value| descend(value, out))
}

fn parse(query: &str) -> Outcome<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = query.trim();
    rest = rest.strip_prefix('$').unwrap_or(rest);
    let mut first = rest.len() == query.trim().len();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (body, after) = inside.split_once(']').ok_or_else(|| wrong(query))?;
            steps.push(bracket(body.trim()).ok_or_else(|| wrong(query))?);
            rest = after;
        } else {
            if let Some(after) = rest.strip_prefix("..") {
                steps.push(Step::Descend);
                rest = after;
            } else if !first {
                rest = rest.strip_prefix('.').ok_or_else(|| wrong(query))?;
            }
            if rest.starts_with('[') {
                first = false;
                continue;
            }
            let (names, after) = fields(rest).ok_or_else(|| wrong(query))?;
            steps.push(Step::Fields(names));
            rest = after;
        }
        first = false;
    }
    Ok(steps)
}

fn wrong(query: &str) -> minijinja::Error {
    if query.is_empty() {
        return raise("Exception", "Parse error near the end of string!");
    }
    unsupported("this JSONPath expression")
}

fn fields(source: &str) -> Option<(Vec<String>, &str)> {
    let mut names = Vec::new();
    let mut rest = source;
    loop {
        let (name, after) = field(rest)?;
        names.push(name);
        match after.strip_prefix(',') {
            Some(more) => rest = more,
            None => return Some((names, after)),
        }
    }
}

fn field(source: &str) -> Option<(String, &str)> {
    if let Some(after) = source.strip_prefix('*') {
        return Some(("*".to_owned(), after));
    }
    let quote = source.chars().next().filter(|c| "'\"".contains(*c));
    if let Some(quote) = quote {
        let (name, after) = source.get(1..)?.split_once(quote)?;
        return (name != "*" && !name.contains('\\')).then(|| (name.to_owned(), after));
    }
    let end = source
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '@' && c != '-')
        .unwrap_or(source.len());
    let (name, after) = source.split_at(end);
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '@');
    (starts && name != "where").then(|| (name.to_owned(), after))
}

fn bracket(body: &str) -> Option<Step> {
    if body == "*" {
        return Some(Step::Slice(None, None));
    }
    let bound = |text: &str| match text.trim() {
        "" => Some(None),
        digits => digits.parse::<usize>().ok().map(Some),
    };
    match body.split_once(':') {
        Some((start, stop)) => Some(Step::Slice(bound(start)?, bound(stop)?)),
        None => body.parse().ok().map(Step::Index),
    }
}
