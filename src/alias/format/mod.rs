//! What a format matches: StackStorm's `ActionAliasFormatParser`, with a budget.
//!
//! The rules are those of `st2common/models/utils/action_alias_utils.py`: a format is a Python expression in which
//! `{{ name }}` and `{{ name = default }}` stand for groups, and a command may end in `key=value` pairs.

mod compile;
mod tail;

use serde_json::{Map, Value};

use super::expression::{Expression, Hint, Spans, Spent};

pub(crate) use tail::Command;

/// The parameters that a command gives, in the order of the format, then of the `key=value` tail.
/// A value is a text or null (StackStorm casts them later).
pub type Params = Map<String, Value>;

/// A compiled format.
#[derive(Debug)]
pub struct Format {
    expression: Expression,
    /// The parameters that have a default, as often as the format says.
    defaults: Vec<(String, String)>,
    is_empty: bool,
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
    pub fn compile(format: &str) -> Result<Self, BadFormat> {
        let (expression, defaults) = compile::compile(format)?;
        Ok(Self { expression, defaults, is_empty: format.is_empty() })
    }

    /// The parameters of the first match of `command`.
    ///
    /// # Errors
    /// When `command` does not match.
    pub fn parse(&self, command: &str) -> Result<Params, NoMatch> {
        self.parse_command(&Command::read(command)?)
    }

    /// The parameters of every match, as for `match_multiple`; none is no error.
    ///
    /// # Errors
    /// When the budget is spent, and where StackStorm refuses a match for having neither text nor values.
    pub fn parse_all(&self, command: &str) -> Result<Vec<Params>, NoMatch> {
        self.parse_command_all(&Command::read(command)?)
    }

    /// As [`Format::parse`], of a command that has been read.
    pub(crate) fn parse_command(&self, command: &Command) -> Result<Params, NoMatch> {
        let spans = self.expression.search(&command.rest, 0)?.ok_or(NoMatch::Different)?;
        self.params(&spans, command)
    }

    /// As [`Format::parse_all`], of a command that has been read.
    pub(crate) fn parse_command_all(&self, command: &Command) -> Result<Vec<Params>, NoMatch> {
        self.expression.find_all(&command.rest)?.iter().map(|spans| self.params(spans, command)).collect()
    }

    /// What every command that matches must contain.
    pub(crate) const fn hint(&self) -> &Hint {
        self.expression.hint()
    }

    fn params(&self, spans: &Spans, command: &Command) -> Result<Params, NoMatch> {
        let mut params = Params::new();
        for (name, group) in self.expression.names() {
            let value = spans.text(*group, &command.rest).map(|text| Value::String(text.iter().collect()));
            params.insert(name.clone(), value.unwrap_or_default());
        }
        for (name, default) in &self.defaults {
            if params.get(name).is_none_or(is_falsy) {
                params.insert(name.clone(), Value::String(default.clone()));
            }
        }
        for (key, value) in &command.pairs {
            params.insert(key.clone(), Value::String(value.clone()));
        }
        let says_nothing = command.is_blank() && params.values().all(is_falsy);
        if !self.is_empty && says_nothing { Err(NoMatch::Different) } else { Ok(params) }
    }
}

impl From<Spent> for NoMatch {
    fn from(_: Spent) -> Self {
        Self::TooHard
    }
}

fn is_falsy(value: &Value) -> bool {
    value.as_str().is_none_or(str::is_empty)
}

#[cfg(test)]
mod tests;
