//! Jinja's undefined values: what was missing, and how using them fails.

use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, Value};

use super::collection::object;
use super::display::repr;
use super::value::{View, type_name, view};
use crate::render::fault::{Outcome, raise};
use crate::render::scope;

/// Something that is not there.
#[derive(Debug)]
pub(crate) struct Undefined {
    strict: bool,
    kind: &'static str,
    message: String,
}
object!(Undefined, _this => false);

impl Undefined {
    /// The error of using it as a value.
    pub(crate) fn fault(&self) -> Error {
        raise(self.kind, self.message.as_str())
    }

    /// Passes when undefined values may be printed, tested, compared and iterated.
    pub(crate) fn tolerate(&self) -> Outcome<()> {
        if self.strict { Err(self.fault()) } else { Ok(()) }
    }

    /// Python's name of its class.
    pub(crate) fn type_name(&self) -> &'static str {
        if self.strict { "StrictUndefined" } else { "Undefined" }
    }
}

/// An undefined value with the message that its use shows.
pub(crate) fn undefined(message: impl Into<String>) -> Value {
    Value::from_object(Undefined { strict: scope::strict(), kind: "UndefinedError", message: message.into() })
}

/// What `a if b` is when `b` is false: always lenient.
pub(crate) fn omitted(message: String) -> Value {
    Value::from_object(Undefined { strict: false, kind: "UndefinedError", message })
}

/// A name that nothing defines.
pub(crate) fn undefined_name(name: &str) -> Value {
    undefined(format!("'{name}' is undefined"))
}

/// An attribute that the sandbox keeps shut.
pub(crate) fn unsafe_attribute(object: &Value, name: &str) -> Value {
    let message = format!("access to attribute '{name}' of '{}' object is unsafe.", type_name(object));
    Value::from_object(Undefined { strict: scope::strict(), kind: "SecurityError", message })
}

/// An attribute or key that `object` does not have.
pub(crate) fn undefined_member(object: &Value, member: &Value) -> Value {
    let owner = match view(object) {
        View::None => "'None'".to_owned(),
        View::Foreign(_) => "'jinja2.runtime.LoopContext object'".to_owned(),
        _ => format!("'{} object'", type_name(object)),
    };
    let shown = repr(member).unwrap_or_default();
    let message = match view(member) {
        View::Text(name) => format!("{owner} has no attribute '{name}'"),
        _ => format!("{owner} has no element {shown}"),
    };
    undefined(message)
}
