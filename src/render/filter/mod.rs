//! The filters: Jinja's own and StackStorm's.

mod args;
mod markup;
mod number;
mod pretty;
mod select;
mod sequence;
mod sort;
mod stackstorm;
mod text;
mod wrap;

use minijinja::{Error, State, Value};

pub(crate) use args::Args;

use super::fault::{Outcome, raise};
use super::python::{View, type_name, view};

/// One use of a filter.
pub(crate) struct Call<'a, 's, 'e> {
    pub(crate) state: &'a mut State<'s, 'e>,
    pub(crate) name: &'a str,
    pub(crate) value: Value,
    pub(crate) args: Args,
}

impl Call<'_, '_, '_> {
    /// Python's complaint that the value has no method `name`.
    fn lacks(&self, name: &str) -> Error {
        match view(&self.value) {
            View::Undefined(undefined) => undefined.fault(),
            _ => raise("AttributeError", format!("'{}' object has no attribute '{name}'", type_name(&self.value))),
        }
    }
}

type Filter = fn(&mut Call<'_, '_, '_>) -> Outcome;

/// Whether there is such a filter.
pub(crate) fn exists(name: &str) -> bool {
    find(name).is_some()
}

/// Applies the filter `name` to `value`.
pub(crate) fn apply(state: &mut State<'_, '_>, name: &str, value: Value, args: Args) -> Outcome {
    let filter =
        find(name).ok_or_else(|| raise("TemplateRuntimeError", format!("No filter named '{name}' found.")))?;
    filter(&mut Call { state, name, value, args })
}

fn find(name: &str) -> Option<Filter> {
    text::find(name)
        .or_else(|| sequence::find(name))
        .or_else(|| number::find(name))
        .or_else(|| markup::find(name))
        .or_else(|| stackstorm::find(name))
}
