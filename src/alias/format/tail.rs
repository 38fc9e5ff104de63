//! A command as StackStorm reads it: the `key=value` pairs at its end, and the rest between two spaces.

use std::sync::LazyLock;

use super::NoMatch;
use crate::alias::expression::{Expression, Flags, Spans, is_space};

/// A command, read once for all formats.
#[derive(Debug)]
pub(crate) struct Command {
    /// The pairs at the end, in their order.
    pub(super) pairs: Vec<(String, String)>,
    /// What is matched.
    pub(super) rest: Vec<char>,
}

impl Command {
    /// Cuts the pairs off `command`.
    ///
    /// # Errors
    /// When the budget is spent.
    pub(crate) fn read(command: &str) -> Result<Self, NoMatch> {
        let chars: Vec<char> = command.chars().collect();
        let tail = tail(&chars)?;
        let pairs = pairs(tail)?;
        let rest = if tail.is_empty() {
            command.to_owned()
        } else {
            // Every repetition of the tail goes, wherever it is: so does StackStorm.
            command.replace(&tail.iter().collect::<String>(), "")
        };
        Ok(Self { pairs, rest: format!(" {rest} ").chars().collect() })
    }

    /// The text that is matched.
    pub(crate) fn text(&self) -> String {
        self.rest.iter().collect()
    }

    /// Whether there is nothing but pairs.
    pub(crate) fn is_blank(&self) -> bool {
        self.rest.iter().all(|c| is_space(*c))
    }
}

const PAIR: &str = r#"(?:^|\s+)\s*(\S+?)\s*=(""|''|"(.+?)"|'(.+?)'|({.+?})|(\S+))"#;

static PAIRS: LazyLock<Option<Expression>> = LazyLock::new(|| Expression::compile(PAIR, Flags::DOTALL).ok());
static TAIL: LazyLock<Option<Expression>> =
    LazyLock::new(|| Expression::compile(&format!(r".*?(({PAIR}\s*)*)$"), Flags::DOTALL).ok());

fn tail(command: &[char]) -> Result<&[char], NoMatch> {
    let Some(expression) = TAIL.as_ref().filter(|_| command.contains(&'=')) else { return Ok(&[]) };
    let found = expression.match_at(command, 0)?;
    Ok(found.and_then(|spans| spans.text(1, command)).unwrap_or_default())
}

fn pairs(tail: &[char]) -> Result<Vec<(String, String)>, NoMatch> {
    let Some(expression) = PAIRS.as_ref().filter(|_| !tail.is_empty()) else { return Ok(Vec::new()) };
    let part = |spans: &Spans, group| spans.text(group, tail).unwrap_or_default().iter().collect::<String>();
    let found = expression.find_all(tail)?;
    Ok(found.iter().map(|spans| (part(spans, 1), (3..=6).map(|group| part(spans, group)).collect())).collect())
}
