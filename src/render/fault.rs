//! Python's exceptions as values that pass through the template engine.

use minijinja::{Error, ErrorKind, Value};

use super::{OUT_OF_FUEL, TemplateError};

/// What a step of rendering answers.
pub(crate) type Outcome<T = Value> = Result<T, Error>;

/// Makes the error that Python or Jinja would raise as `kind`.
pub(crate) fn raise(kind: &str, message: impl Into<String>) -> Error {
    let cause = TemplateError { kind: kind.to_owned(), message: message.into() };
    Error::new(ErrorKind::InvalidOperation, "raised").with_source(cause)
}

/// Python's `TypeError`.
pub(crate) fn type_error(message: impl Into<String>) -> Error {
    raise("TypeError", message)
}

/// Python's `ValueError`.
pub(crate) fn value_error(message: impl Into<String>) -> Error {
    raise("ValueError", message)
}

/// What StackStorm's engine could do and this one cannot: an error, so that no wrong text is ever made.
pub(crate) fn unsupported(what: impl AsRef<str>) -> Error {
    raise("NotSupported", format!("{} is not supported here", what.as_ref()))
}

/// Finds the raised exception inside an error of the engine.
pub(crate) fn unwrap(error: &Error) -> TemplateError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(found) = current.downcast_ref::<TemplateError>() {
            return found.clone();
        }
        cause = current.source();
    }
    let kind = match error.kind() {
        ErrorKind::TooManyArguments | ErrorKind::MissingArgument => "TypeError",
        ErrorKind::OutOfFuel => OUT_OF_FUEL,
        _ => "NotSupported",
    };
    // The engine knows a template by its own text, which is no name to show.
    let detail = error.detail().unwrap_or("the template is not understood");
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    TemplateError { kind: kind.to_owned(), message: format!("{detail}{line}") }
}
