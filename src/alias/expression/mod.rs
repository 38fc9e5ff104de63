//! Python's `re`, as far as StackStorm's alias formats need it: the same syntax, the same refusals and the same
//! match, in a bounded number of steps.
//!
//! Formats are Python expressions, so what counts is what Python answers: Rust's engines differ from it in syntax,
//! in classes such as `\w` and `\s`, in captures of repeated groups, and cannot promise an end in the presence of
//! look-around. A failed choice is remembered here, so that only expressions with back-references or with loops
//! inside look-around can ever spend the budget.

mod class;
mod escape;
mod flag;
mod group;
mod machine;
mod node;
mod parse;
mod prefix;
mod program;
mod token;
mod unicode;
mod width;

pub(crate) use machine::{Budget, Machine, Spans, Spent};
pub(crate) use node::{At, Flags, Node};
pub(crate) use parse::Syntax;
pub(crate) use prefix::Hint;
pub(crate) use unicode::is_space;

use program::Program;

/// Why a text is no expression, in Python's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Fault(pub(crate) String);

/// A compiled expression.
#[derive(Debug)]
pub(crate) struct Expression {
    program: Program,
    names: Vec<(String, usize)>,
    hint: Hint,
}

impl Expression {
    /// Compiles `pattern` as Python's `re.compile(pattern, flags)` would.
    pub(crate) fn compile(pattern: &str, flags: Flags) -> Result<Self, Fault> {
        Self::of(Syntax::parse(pattern, flags)?)
    }

    /// Compiles what has been parsed.
    pub(crate) fn of(syntax: Syntax) -> Result<Self, Fault> {
        let program = Program::compile(&syntax)?;
        Ok(Self { program, hint: Hint::of(&syntax.nodes), names: syntax.names })
    }

    /// The named groups with their numbers, in the order of their numbers.
    pub(crate) fn names(&self) -> &[(String, usize)] {
        &self.names
    }

    /// What every text that matches must contain.
    pub(crate) const fn hint(&self) -> &Hint {
        &self.hint
    }

    /// The first match at or after `from`.
    pub(crate) fn search(&self, text: &[char], from: usize) -> Result<Option<Spans>, Spent> {
        self.machine(text).search(from, false)
    }

    /// Whether there is a match; what the search takes is taken from `budget`.
    pub(crate) fn is_in(&self, text: &[char], budget: &mut Budget) -> Result<bool, Spent> {
        let mut machine = Machine::new(&self.program, text, *budget);
        let found = machine.search(0, false);
        *budget = machine.budget();
        found.map(|found| found.is_some())
    }

    /// The match that begins exactly at `at`.
    pub(crate) fn match_at(&self, text: &[char], at: usize) -> Result<Option<Spans>, Spent> {
        self.machine(text).match_at(at)
    }

    /// What tries several places of `text`, with one budget for all of them.
    pub(crate) fn machine<'a>(&'a self, text: &'a [char]) -> Machine<'a> {
        Machine::new(&self.program, text, Budget::default())
    }

    /// All matches, none overlapping, as Python's `finditer` finds them.
    pub(crate) fn find_all(&self, text: &[char]) -> Result<Vec<Spans>, Spent> {
        let mut found: Vec<Spans> = Vec::new();
        let mut machine = self.machine(text);
        let (mut from, mut after_empty) = (0, false);
        while let Some(spans) = machine.search(from, after_empty)? {
            let (start, end) = spans.whole();
            (from, after_empty) = (end, start == end);
            found.push(spans);
        }
        Ok(found)
    }
}
