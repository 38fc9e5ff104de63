//! Texts that people read: StackStorm's templates rendered as its own engine would.
//!
//! Pure: a template and a context in, a text out. Never renders anything that a user typed.
//!
//! One rendering is bounded: 5 million instructions, 300 frames, 16 MiB for any text, and an account of bytes and items
//! handled. Whatever StackStorm's engine could say and this one cannot is an error of the kind `NotSupported`, never a
//! different text: whoever asked may then ask StackStorm itself.

mod check;
mod engine;
mod fault;
mod filter;
mod function;
mod json;
mod lower;
mod method;
mod python;
mod result;
mod scope;
#[cfg(test)]
mod tests;
mod text;
mod yaml;

use serde_json::{Map, Value};

use engine::{Context, Variable};

pub use engine::Effort;
pub use result::result;

/// How undefined names count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// An undefined name is an error, as where StackStorm renders `ack.format`; variables `execution`, `actionalias`.
    Ack,
    /// An undefined name is empty, as where the chatops pack renders `result.format`; variables `execution`, `alias`, `six`.
    Result,
}

/// Why a template has no text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct TemplateError {
    /// The class that Jinja or Python would raise, as `UndefinedError`.
    pub kind: String,
    /// What happened.
    pub message: String,
}

impl TemplateError {
    /// Whether it was too much work, which says nothing of the template if little was allowed.
    pub fn is_out_of_fuel(&self) -> bool {
        self.kind == OUT_OF_FUEL
    }
}

const OUT_OF_FUEL: &str = "OutOfFuel";

/// What is to be said of a finished execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Formatted {
    /// The alias's `result.enabled`, true by default.
    pub enabled: bool,
    /// The text.
    pub message: String,
    /// The rendered `result.extra`; null when the alias has none.
    pub extra: Value,
}

/// Renders one template.
///
/// # Errors
/// Whatever StackStorm's engine would refuse, and what ours cannot do.
pub fn template(template: &str, context: &Value, mode: Mode) -> Result<String, TemplateError> {
    of_json(context, mode, false)?.render(template)
}

/// Renders the values of an `extra` object as StackStorm's `render_values` does.
///
/// # Errors
/// As [`template`], and when a rendered value is no JSON any more.
pub fn extra(extra: &Value, context: &Value, mode: Mode) -> Result<Value, TemplateError> {
    if context.as_object().is_none_or(Map::is_empty) {
        return Ok(extra.clone());
    }
    render_values(extra, &of_json(context, mode, wants_all(extra))?)
}

fn of_json(variables: &Value, mode: Mode, whole: bool) -> Result<Context, TemplateError> {
    let members = variables.as_object().into_iter().flatten();
    let variables = members.map(|(name, value)| (name.as_str(), Variable::Json(value)));
    Context::new(variables, mode, Effort::Full, whole)
}

/// Whether an `extra` asks for `__context`, all variables at once.
fn wants_all(extra: &Value) -> bool {
    extra.to_string().contains("__context")
}

/// Each member of `extra` becomes one template: objects and lists as JSON, which is read back afterwards.
fn render_values(extra: &Value, context: &Context) -> Result<Value, TemplateError> {
    let Some(members) = extra.as_object() else { return Ok(extra.clone()) };
    let mut rendered = Map::new();
    for (key, value) in members {
        let source = match value {
            Value::String(text) => text.clone(),
            Value::Array(_) | Value::Object(_) => value.to_string(),
            // Python's spelling; none of these can hold a template.
            Value::Null | Value::Bool(_) | Value::Number(_) => {
                rendered.insert(key.clone(), value.clone());
                continue;
            }
        };
        let text = context.render(&source)?;
        let value = match value {
            _ if text == source => value.clone(),
            Value::Array(_) | Value::Object(_) => json::loads(&text).map_err(|error| fault::unwrap(&error))?,
            _ => Value::String(text),
        };
        rendered.insert(key.clone(), value);
    }
    Ok(Value::Object(rendered))
}
