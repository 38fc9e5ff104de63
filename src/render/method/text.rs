//! Methods of texts.

use minijinja::Value;

use crate::render::fault::{Outcome, type_error, unsupported, value_error};
use crate::render::filter::Args;
use crate::render::python::format::{format, pad};
use crate::render::python::iterate::items;
use crate::render::python::value::markup;
use crate::render::python::{View, is_space, list, string, tuple, type_name, view};
use crate::render::text::{self as words, expand_tabs, split_lines};

pub(super) fn call(object: &Value, name: &str, args: &Args) -> Outcome {
    let View::Text(text) = view(object) else { return Err(unsupported(name)) };
    if let Some(changed) = plain(text, name) {
        args.none(name)?;
        return if object.is_safe() { markup(changed) } else { string(changed) };
    }
    if let Some(answer) = question(text, name) {
        return args.none(name).map(|()| Value::from(answer));
    }
    if object.is_safe() {
        return Err(unsupported(format!("Markup.{name}")));
    }
    match name {
        "strip" | "lstrip" | "rstrip" => strip(text, name, args),
        "split" | "rsplit" => split(text, name, args),
        "splitlines" => {
            let [keep] = args.bind(name, ["keepends"])?;
            strings(split_lines(text, keep.is_some_and(|keep| keep.is_true())))
        }
        "partition" | "rpartition" => partition(text, name, args),
        "join" => join(text, args),
        "replace" => replace(text, args),
        "startswith" | "endswith" => affix(text, name, args),
        "removeprefix" => string(text.strip_prefix(&one(args, name)?).unwrap_or(text)),
        "removesuffix" => string(text.strip_suffix(&one(args, name)?).unwrap_or(text)),
        "count" | "find" | "rfind" | "index" | "rindex" => search(text, name, args),
        "center" | "ljust" | "rjust" => justify(text, name, args),
        "zfill" => zfill(text, args),
        "format" => string(format(text, args)?),
        "expandtabs" => {
            let [size] = args.bind(name, ["tabsize"])?;
            string(expand_tabs(text, size.map_or(Ok(8), |size| args.whole(&size))?))
        }
        _ => Err(unsupported(format!("str.{name}"))),
    }
}

fn plain(text: &str, name: &str) -> Option<String> {
    Some(match name {
        "capitalize" => words::capitalize(text),
        "lower" | "casefold" => text.to_lowercase(),
        "swapcase" => text.chars().flat_map(words::swap_case).collect(),
        "title" => words::title(text),
        "upper" => text.to_uppercase(),
        _ => return None,
    })
}

fn question(text: &str, name: &str) -> Option<bool> {
    let all = |test: fn(char) -> bool| !text.is_empty() && text.chars().all(test);
    Some(match name {
        "isalnum" => all(char::is_alphanumeric),
        "isalpha" => all(char::is_alphabetic),
        "isascii" => text.is_ascii(),
        "isdecimal" | "isdigit" | "isnumeric" if text.is_ascii() => all(|c| c.is_ascii_digit()),
        "isidentifier" => words::is_identifier(text),
        "islower" => words::is_lower(text),
        "isspace" => all(is_space),
        "isupper" => words::is_upper(text),
        _ => return None,
    })
}

fn one(args: &Args, name: &str) -> Outcome<String> {
    let [value] = args.bind(name, ["value"])?;
    args.text(&args.required(value, name, "value")?)
}

fn strings(parts: Vec<impl Into<String>>) -> Outcome {
    list(parts.into_iter().map(string).collect::<Outcome<_>>()?)
}

fn strip(text: &str, name: &str, args: &Args) -> Outcome {
    let [chars] = args.bind(name, ["chars"])?;
    let chars = chars.filter(|chars| !chars.is_none()).map(|chars| args.text(&chars)).transpose()?;
    string(words::strip(text, chars.as_deref(), name != "rstrip", name != "lstrip"))
}

fn split(text: &str, name: &str, args: &Args) -> Outcome {
    let [separator, limit] = args.bind(name, ["sep", "maxsplit"])?;
    let limit = limit.map_or(Ok(-1), |limit| args.whole(&limit))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let parts = match separator.filter(|separator| !separator.is_none()) {
        None => words::split_space(text, limit, name == "rsplit"),
        Some(separator) => {
            let separator = args.text(&separator)?;
            if separator.is_empty() {
                return Err(value_error("empty separator"));
            }
            words::split(text, &separator, limit, name == "rsplit")
        }
    };
    strings(parts)
}

fn partition(text: &str, name: &str, args: &Args) -> Outcome {
    let separator = one(args, name)?;
    if separator.is_empty() {
        return Err(value_error("empty separator"));
    }
    let parts = match name {
        "partition" => {
            text.split_once(separator.as_str()).map(|(a, b)| [a, separator.as_str(), b]).unwrap_or([text, "", ""])
        }
        _ => {
            text.rsplit_once(separator.as_str()).map(|(a, b)| [a, separator.as_str(), b]).unwrap_or(["", "", text])
        }
    };
    tuple(parts.into_iter().map(string).collect::<Outcome<_>>()?)
}

fn join(text: &str, args: &Args) -> Outcome {
    let [parts] = args.bind("join", ["iterable"])?;
    let mut joined = Vec::new();
    for (index, part) in items(&args.required(parts, "join", "iterable")?)?.iter().enumerate() {
        match view(part) {
            View::Text(part) => joined.push(part.to_owned()),
            _ => {
                let name = type_name(part);
                return Err(type_error(format!("sequence item {index}: expected str instance, {name} found")));
            }
        }
    }
    string(joined.join(text))
}

fn replace(text: &str, args: &Args) -> Outcome {
    let [old, new, count] = args.bind("replace", ["old", "new", "count"])?;
    let old = args.text(&args.required(old, "replace", "old")?)?;
    let new = args.text(&args.required(new, "replace", "new")?)?;
    let count = count.map_or(Ok(-1), |count| args.whole(&count))?;
    words::replace(text, &old, &new, usize::try_from(count).ok()).and_then(string)
}

fn affix(text: &str, name: &str, args: &Args) -> Outcome {
    let [affix] = args.bind(name, ["prefix"])?;
    let affix = args.required(affix, name, "prefix")?;
    let test = |affix: &str| if name == "startswith" { text.starts_with(affix) } else { text.ends_with(affix) };
    let wrong = |value: &Value| {
        type_error(format!("{name} first arg must be str or a tuple of str, not {}", type_name(value)))
    };
    match view(&affix) {
        View::Text(affix) => Ok(Value::from(test(affix))),
        View::Tuple(affixes) => {
            let affixes: Option<Vec<&str>> = affixes.items.iter().map(Value::as_str).collect();
            Ok(Value::from(affixes.ok_or_else(|| wrong(&affix))?.into_iter().any(test)))
        }
        _ => Err(wrong(&affix)),
    }
}

fn search(text: &str, name: &str, args: &Args) -> Outcome {
    let wanted = one(args, name)?;
    if name == "count" {
        let count =
            if wanted.is_empty() { text.chars().count() + 1 } else { text.matches(wanted.as_str()).count() };
        return Ok(Value::from(count));
    }
    let found = if name.starts_with('r') { text.rfind(&wanted) } else { text.find(&wanted) };
    match found.and_then(|at| text.get(..at)) {
        Some(before) => Ok(Value::from(before.chars().count())),
        None if name.ends_with("find") => Ok(Value::from(-1)),
        None => Err(value_error("substring not found")),
    }
}

fn justify(text: &str, name: &str, args: &Args) -> Outcome {
    let [width, fill] = args.bind(name, ["width", "fillchar"])?;
    let width = args.whole(&args.required(width, name, "width")?)?;
    let width = usize::try_from(width).unwrap_or(0);
    crate::render::scope::spend_text(width)?;
    let fill = fill.map_or(Ok(" ".to_owned()), |fill| args.text(&fill))?;
    let mut chars = fill.chars();
    let (Some(fill), None) = (chars.next(), chars.next()) else {
        return Err(type_error("The fill character must be exactly one character long"));
    };
    match name {
        "center" => string(words::center(text, width, fill)),
        "ljust" => string(pad(text, Some(width), fill, '<')),
        _ => string(pad(text, Some(width), fill, '>')),
    }
}

fn zfill(text: &str, args: &Args) -> Outcome {
    let [width] = args.bind("zfill", ["width"])?;
    let width = usize::try_from(args.whole(&args.required(width, "zfill", "width")?)?).unwrap_or(0);
    crate::render::scope::spend_text(width)?;
    let signs = usize::from(text.starts_with(['+', '-']));
    let (sign, digits) = text.split_at(signs);
    string(format!("{sign}{}", pad(digits, Some(width.saturating_sub(signs)), '0', '>')))
}
