//! What `chatops.format_execution_result` says of an execution.
//!
//! The alias's own `result.format`, or StackStorm's default text (`contrib/chatops/actions/templates/default.j2`).

use serde_json::{Value, json};

use super::engine::Context;
use super::python::singleton::Six;
use super::{Formatted, Mode, TemplateError, render_values};

/// The default text, written anew: same lines, same quirks.
const DEFAULT: &str = include_str!("default.j2");

/// What `chatops.format_execution_result` says of `execution`, given its alias's `result`.
///
/// `alias` is the whole alias, whose member `result` decides; null for an execution that no alias started.
///
/// # Errors
/// As [`super::template`].
pub fn result(execution: &Value, alias: &Value) -> Result<Formatted, TemplateError> {
    let chosen = alias.get("result").filter(|result| truthy(result));
    let enabled = chosen.and_then(|result| result.get("enabled")).is_none_or(truthy);
    let chosen = chosen.filter(|_| enabled);
    let extra = chosen.and_then(|result| result.get("extra"));
    let context = context(&variables(execution, alias), Mode::Result, extra)?;
    let extra = match extra {
        // The chatops pack is strict here: it leaves out `allow_undefined`.
        Some(extra) => render_values(extra, &context, Mode::Ack)?,
        None => Value::Null,
    };
    let template = match chosen.and_then(|result| result.get("format")) {
        Some(format) => format.as_str().ok_or_else(|| no_template(format))?,
        None => DEFAULT,
    };
    Ok(Formatted { enabled, message: context.render(template, Mode::Result)?, extra })
}

fn variables(execution: &Value, alias: &Value) -> Value {
    match alias {
        Value::Null => json!({ "execution": execution }),
        _ => json!({ "execution": execution, "alias": alias }),
    }
}

fn no_template(format: &Value) -> TemplateError {
    TemplateError { kind: "TypeError".to_owned(), message: format!("Can't compile non template nodes: {format}") }
}

/// The variables of a template: for results the module `six`, for an `extra` that asks for it `__context`.
pub(super) fn context(variables: &Value, mode: Mode, extra: Option<&Value>) -> Result<Context, TemplateError> {
    let six = (mode == Mode::Result).then(|| ("six", minijinja::Value::from_object(Six)));
    let whole = extra.is_some_and(|extra| extra.to_string().contains("__context"));
    Context::new(variables, mode, six, whole)
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
