//! Texts that people read: StackStorm's templates rendered as its own engine would.
//!
//! Pure: a template and a context in, a text out. Never renders anything that a user typed.

use serde_json::Value;

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
pub fn template(_template: &str, _context: &Value, _mode: Mode) -> Result<String, TemplateError> {
    Ok(String::new())
}

/// Renders the values of an `extra` object as StackStorm's `render_values` does.
///
/// # Errors
/// As [`template`], and when a rendered value is no JSON any more.
pub fn extra(_extra: &Value, _context: &Value, _mode: Mode) -> Result<Value, TemplateError> {
    Ok(Value::Null)
}

/// What `chatops.format_execution_result` says of `execution`, given its alias's `result`.
///
/// # Errors
/// As [`template`].
pub fn result(_execution: &Value, _alias: &Value) -> Result<Formatted, TemplateError> {
    Ok(Formatted { enabled: true, message: String::new(), extra: Value::Null })
}
