//! The `regex_*` filters: Python's `re` on a backtracking engine with a bound on its steps.

use fancy_regex::{Captures, Regex};
use minijinja::Value;

use super::super::{Call, Filter};
use super::pattern::{compile, expand};
use crate::render::fault::{Outcome, raise, unsupported};
use crate::render::python::{list, string, text, tuple};
use crate::render::scope::{self, spend_text};

pub(super) fn find(name: &str) -> Option<Filter> {
    Some(match name {
        "regex_match" => |call| {
            let (regex, text) = prepare(call)?;
            let found = regex.find(&text).map_err(|_| too_long())?;
            Ok(Value::from(found.is_some()))
        },
        "regex_replace" => replace,
        "regex_search" => |call| {
            let (regex, text) = prepare(call)?;
            Ok(Value::from(regex.is_match(&text).map_err(|_| too_long())?))
        },
        "regex_substring" => substring,
        _ => return None,
    })
}

fn too_long() -> minijinja::Error {
    if scope::is_brief() {
        return scope::too_much();
    }
    unsupported("a regular expression that takes so many steps")
}

fn prepare(call: &Call<'_, '_, '_>) -> Outcome<(Regex, String)> {
    let [pattern, ignore_case] = call.args.bind(call.name, ["pattern", "ignorecase"])?;
    let pattern = call.args.text(&call.args.required(pattern, call.name, "pattern")?)?;
    let ignore_case = ignore_case.is_some_and(|ignore| ignore.is_true());
    let text = text(&call.value)?;
    spend_text(text.len())?;
    Ok((compile(&pattern, ignore_case, call.name == "regex_match")?, text))
}

/// All matches as Python finds them: an empty one may follow a longer one at once.
fn find_all<'t>(regex: &Regex, text: &'t str) -> Outcome<Vec<Captures<'t, str>>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at <= text.len() {
        let Some(captures) = regex.captures_from_pos(text, at).map_err(|_| too_long())? else { break };
        let Some(whole) = captures.get(0) else { break };
        at = if whole.end() > whole.start() {
            whole.end()
        } else {
            let rest = text.get(whole.end()..).unwrap_or_default();
            whole.end() + rest.chars().next().map_or(1, char::len_utf8)
        };
        found.push(captures);
        spend_text(64)?;
    }
    Ok(found)
}

fn replace(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [pattern, replacement, ignore_case] =
        call.args.bind(call.name, ["pattern", "replacement", "ignorecase"])?;
    let pattern = call.args.text(&call.args.required(pattern, call.name, "pattern")?)?;
    let replacement = call.args.text(&call.args.required(replacement, call.name, "replacement")?)?;
    let regex = compile(&pattern, ignore_case.is_some_and(|ignore| ignore.is_true()), false)?;
    let text = text(&call.value)?;
    let mut out = String::new();
    let mut at = 0;
    // A template is refused even where it is not used.
    expand(&replacement, &regex, None)?;
    for captures in find_all(&regex, &text)? {
        let Some(whole) = captures.get(0) else { continue };
        out.push_str(text.get(at..whole.start()).unwrap_or_default());
        out.push_str(&expand(&replacement, &regex, Some(&captures))?);
        at = whole.end();
        spend_text(out.len() - out.len().min(at))?;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    string(out)
}

fn substring(call: &mut Call<'_, '_, '_>) -> Outcome {
    let [pattern, index, ignore_case] = call.args.bind(call.name, ["pattern", "result_index", "ignorecase"])?;
    let pattern = call.args.text(&call.args.required(pattern, call.name, "pattern")?)?;
    let index = index.unwrap_or_else(|| Value::from(0));
    call.args.whole(&index)?;
    let regex = compile(&pattern, ignore_case.is_some_and(|ignore| ignore.is_true()), false)?;
    let text = text(&call.value)?;
    let mut found = Vec::new();
    for captures in find_all(&regex, &text)? {
        let group = |index: usize| string(captures.get(index).map_or("", |group| group.as_str()));
        found.push(match captures.len() {
            1 => group(0)?,
            2 => group(1)?,
            many => tuple((1..many).map(group).collect::<Outcome<_>>()?)?,
        });
    }
    let found = list(found)?;
    let picked = crate::render::python::subscript::lookup(&found, &index)?;
    picked.ok_or_else(|| raise("IndexError", "list index out of range"))
}
