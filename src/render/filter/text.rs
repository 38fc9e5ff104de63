//! Filters on texts.

use minijinja::Value;

use super::{Call, Filter, pretty, wrap};
use crate::render::fault::{Outcome, raise, type_error, unsupported};
use crate::render::python::collection::List;
use crate::render::python::iterate::length;
use crate::render::python::value::markup;
use crate::render::python::{View, is_space, operator, string, text, tuple, type_name, view};
use crate::render::text as words;

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "capitalize" => |call| changed(call, words::capitalize),
        "center" => center,
        "default" | "d" => default,
        "format" => format,
        "indent" => indent,
        "lower" => |call| changed(call, str::to_lowercase),
        "pprint" => |call| string(pretty::pprint(&call.value)?),
        "replace" => replace,
        "string" => soft_string,
        "title" => |call| changed(call, title),
        "trim" => trim,
        "truncate" => truncate,
        "upper" => |call| changed(call, str::to_uppercase),
        "urlize" => |call| Err(unsupported(call.name)),
        "wordcount" => |call| Ok(Value::from(word_count(&text(&call.value)?))),
        "wordwrap" => wrap::wordwrap,
        _ => return None,
    })
}

fn changed(call: &mut Call<'_, '_, '_>, change: fn(&str) -> String) -> Outcome {
    call.args.none(call.name)?;
    let changed = change(&text(&call.value)?);
    if call.value.is_safe() { markup(changed) } else { string(changed) }
}

/// A letter behind a space or an opening bracket is large, every other one small.
fn title(text: &str) -> String {
    let mut out = String::new();
    let mut first = true;
    for c in text.chars() {
        let boundary = is_space(c) || "-({[<".contains(c);
        if first && !boundary {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        first = boundary;
    }
    out
}

fn center(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [width] = call.args.bind(call.name, ["width"])?;
    let width = width.map_or(Ok(80), |width| call.args.whole(&width))?;
    let width = usize::try_from(width).unwrap_or(0);
    crate::render::scope::spend_text(width)?;
    string(words::center(&text(&call.value)?, width, ' '))
}

fn default(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [default, boolean] = call.args.bind(call.name, ["default_value", "boolean"])?;
    let absent = matches!(view(&call.value), View::Undefined(_));
    let falsy = boolean.is_some_and(|boolean| boolean.is_true()) && !call.value.is_true();
    Ok(if absent || falsy { default.unwrap_or_else(|| Value::from("")) } else { call.value.clone() })
}

fn format(call: &mut Call<'_, '_, '_>) -> Outcome {
    let Call { value, args, .. } = call;
    let values = match (args.positional.is_empty(), args.keywords.is_empty()) {
        (false, false) => {
            let message = "can't handle positional and keyword arguments at the same time";
            return Err(raise("FilterArgumentError", message));
        }
        (_, true) => tuple(args.positional.clone())?,
        (true, false) => {
            let pairs = args.keywords.iter().map(|(name, value)| (Value::from(name.as_str()), value.clone()));
            crate::render::python::dict(pairs)?
        }
    };
    let template = if value.is_safe() { value.clone() } else { string(text(value)?)? };
    operator::modulo(&template, &values)
}

fn indent(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [width, first, blank] = call.args.bind(call.name, ["width", "first", "blank"])?;
    let indention = match width {
        Some(width) if width.as_str().is_some() => text(&width)?,
        Some(width) => " ".repeat(usize::try_from(call.args.whole(&width)?).unwrap_or(0).min(1 << 16)),
        None => "    ".to_owned(),
    };
    if let View::List(_) = view(&call.value) {
        return Err(call.lacks("splitlines"));
    }
    let source = operator::add(&call.value, &Value::from("\n"))?;
    let source = text(&source)?;
    let blank = blank.is_some_and(|blank| blank.is_true());
    let mut out = String::new();
    for (index, line) in words::split_lines(&source, false).into_iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if index > 0 && (blank || !line.is_empty()) {
            out.push_str(&indention);
        }
        out.push_str(line);
    }
    string(if first.is_some_and(|first| first.is_true()) { indention + out.as_str() } else { out })
}

fn replace(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [old, new, count] = call.args.bind(call.name, ["old", "new", "count"])?;
    let old = text(&call.args.required(old, call.name, "old")?)?;
    let new = text(&call.args.required(new, call.name, "new")?)?;
    let count = count.filter(|count| !count.is_none()).map_or(Ok(-1), |count| call.args.whole(&count))?;
    words::replace(&text(&call.value)?, &old, &new, usize::try_from(count).ok()).and_then(string)
}

fn soft_string(call: &mut Call<'_, '_, '_>) -> Outcome {
    call.args.none(call.name)?;
    if call.value.as_str().is_some() { Ok(call.value.clone()) } else { string(text(&call.value)?) }
}

fn trim(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [chars] = call.args.bind(call.name, ["chars"])?;
    let chars = chars.filter(|chars| !chars.is_none()).map(|chars| call.args.text(&chars)).transpose()?;
    let source = text(&call.value)?;
    let trimmed = words::strip(&source, chars.as_deref(), true, true);
    if call.value.is_safe() { markup(trimmed) } else { string(trimmed) }
}

fn truncate(call: &mut Call<'_, '_, '_>) -> Outcome {
    let names = ["length", "killwords", "end", "leeway"];
    let [limit, kill, end, leeway] = call.args.bind(call.name, names)?;
    let limit = limit.map_or(Ok(255), |limit| call.args.whole(&limit))?;
    let end = end.map_or(Ok("...".to_owned()), |end| call.args.text(&end))?;
    let leeway = leeway.filter(|leeway| !leeway.is_none()).map_or(Ok(5), |leeway| call.args.whole(&leeway))?;
    let end_length = i64::try_from(end.chars().count()).unwrap_or(i64::MAX);
    if limit < end_length {
        return Err(raise("AssertionError", format!("expected length >= {end_length}, got {limit}")));
    }
    if leeway < 0 {
        return Err(raise("AssertionError", format!("expected leeway >= 0, got {leeway}")));
    }
    let size = i64::try_from(length(&call.value)?).unwrap_or(i64::MAX);
    if size <= limit.saturating_add(leeway) {
        return Ok(call.value.clone());
    }
    let View::Text(source) = view(&call.value) else {
        return match call.value.downcast_object_ref::<List>() {
            Some(_) => Err(type_error("can only concatenate list (not \"str\") to list")),
            None => Err(type_error(format!("'{}' object is not subscriptable", type_name(&call.value)))),
        };
    };
    let kept: String = source.chars().take(usize::try_from(limit - end_length).unwrap_or(0)).collect();
    let kept = match kept.rsplit_once(' ') {
        Some((words, _)) if !kill.is_some_and(|kill| kill.is_true()) => words,
        _ => &kept,
    };
    string(format!("{kept}{end}"))
}

fn word_count(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).count()
}
