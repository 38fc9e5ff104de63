//! How StackStorm says no: a status and a `faultstring`.

use serde_json::{Value, json};

/// An answer other than the one asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Value,
}

impl Refusal {
    pub(crate) fn new(status: u16, text: impl Into<String>) -> Self {
        Self { status, body: json!({ "faultstring": text.into() }) }
    }

    pub(crate) fn bad(text: impl Into<String>) -> Self {
        Self::new(400, text)
    }

    pub(crate) fn unauthorised(text: impl Into<String>) -> Self {
        Self::new(401, text)
    }

    pub(crate) fn missing(text: impl Into<String>) -> Self {
        Self::new(404, text)
    }

    /// What an unknown path and a known one with a wrong method get.
    pub(crate) fn no_such_path() -> Self {
        Self::missing("The resource could not be found.")
    }

    /// What any exception becomes that nobody foresaw.
    pub(crate) fn internal() -> Self {
        Self::new(500, "Internal Server Error")
    }
}
