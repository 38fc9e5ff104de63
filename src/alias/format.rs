//! What a format matches: StackStorm's `ActionAliasFormatParser`, with a budget.

use serde_json::{Map, Value};

/// The parameters that a command gives, in the order of the format, then of the `key=value` tail.
/// A value is a text or null (StackStorm casts them later).
pub type Params = Map<String, Value>;

/// A compiled format.
#[derive(Debug)]
pub struct Format {
    _todo: (),
}

/// A format that is no valid expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("bad format: {0}")]
pub struct BadFormat(pub String);

/// Why a command does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoMatch {
    /// It is something else.
    #[error("no match")]
    Different,
    /// Finding out would have taken more steps than allowed.
    #[error("gave up after the step budget")]
    TooHard,
}

impl Format {
    /// Compiles `format`.
    ///
    /// # Errors
    /// When it is no valid expression, in Python's eyes.
    pub fn compile(_format: &str) -> Result<Self, BadFormat> {
        Ok(Self { _todo: () })
    }

    /// The parameters of the first match of `command`.
    ///
    /// # Errors
    /// When `command` does not match.
    pub fn parse(&self, _command: &str) -> Result<Params, NoMatch> {
        Err(NoMatch::Different)
    }

    /// The parameters of every match, as for `match_multiple`; none is no error.
    ///
    /// # Errors
    /// Only when the budget is spent.
    pub fn parse_all(&self, _command: &str) -> Result<Vec<Params>, NoMatch> {
        Ok(Vec::new())
    }
}
