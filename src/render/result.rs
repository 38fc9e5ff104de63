//! What `chatops.format_execution_result` says of an execution.
//!
//! The alias's own `result.format`, or StackStorm's default text (`contrib/chatops/actions/templates/default.j2`).

use std::sync::Arc;

use serde_json::Value;

use super::engine::{Context, Variable};
use super::{Effort, Formatted, Mode, TemplateError, render_values, wants_all};

/// The default text, written anew: same lines, same quirks.
const DEFAULT: &str = include_str!("default.j2");

/// What `chatops.format_execution_result` says of `execution`, a text of JSON, given its alias's `result`.
///
/// `alias` is the whole alias, whose member `result` decides; null for an execution that no alias started.
///
/// # Errors
/// As [`super::template`]; of the kind `OutOfFuel` when it is more work than `effort` allows.
pub fn result(execution: &Arc<str>, alias: &Value, effort: Effort) -> Result<Formatted, TemplateError> {
    let chosen = alias.get("result").filter(|result| truthy(result));
    let enabled = chosen.and_then(|result| result.get("enabled")).is_none_or(truthy);
    let chosen = chosen.filter(|_| enabled);
    let extra = chosen.and_then(|result| result.get("extra"));
    let execution = ("execution", Variable::Unread(Arc::clone(execution)));
    let alias = (!alias.is_null()).then_some(("alias", Variable::Json(alias)));
    let whole = extra.is_some_and(wants_all);
    let context = Context::new([Some(execution), alias].into_iter().flatten(), Mode::Result, effort, whole)?;
    let extra = match extra {
        // The chatops pack is strict here: it leaves out `allow_undefined`.
        Some(extra) => render_values(extra, &context.in_mode(Mode::Ack))?,
        None => Value::Null,
    };
    let template = match chosen.and_then(|result| result.get("format")) {
        Some(format) => format.as_str().ok_or_else(|| no_template(format))?,
        None => DEFAULT,
    };
    Ok(Formatted { enabled, message: context.render(template)?, extra })
}

fn no_template(format: &Value) -> TemplateError {
    TemplateError { kind: "TypeError".to_owned(), message: format!("Can't compile non template nodes: {format}") }
}

/// `bool(value)` in Python.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(truth) => *truth,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}
