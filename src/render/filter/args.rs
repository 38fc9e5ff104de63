//! Arguments of filters, tests, functions and methods, bound as Python binds them.

use minijinja::Value;
use minijinja::value::Kwargs;

use crate::render::fault::{Outcome, type_error};
use crate::render::python::{View, type_name, view};

/// Arguments by place and by name.
#[derive(Clone, Default)]
pub(crate) struct Args {
    pub(crate) positional: Vec<Value>,
    pub(crate) keywords: Vec<(String, Value)>,
}

impl Args {
    /// Takes the engine's arguments apart.
    pub(crate) fn of(args: &[Value]) -> Outcome<Self> {
        let Some((last, rest)) = args.split_last().filter(|(last, _)| last.is_kwargs()) else {
            return Ok(Self { positional: args.to_vec(), keywords: Vec::new() });
        };
        let kwargs = Kwargs::try_from(last.clone())?;
        let keywords = kwargs.args().map(|name| Ok((name.to_owned(), kwargs.peek::<Value>(name)?)));
        Ok(Self { positional: rest.to_vec(), keywords: keywords.collect::<Outcome<_>>()? })
    }

    /// The arguments of the parameters `names`, in their order.
    pub(crate) fn bind<const N: usize>(&self, function: &str, names: [&str; N]) -> Outcome<[Option<Value>; N]> {
        if self.positional.len() > N {
            let given = self.positional.len();
            return Err(type_error(format!("{function}() takes at most {N} arguments ({given} given)")));
        }
        let mut bound = [const { None }; N];
        for (slot, value) in bound.iter_mut().zip(&self.positional) {
            *slot = Some(value.clone());
        }
        for (name, value) in &self.keywords {
            let index = names.iter().position(|known| known == name);
            let Some(slot) = index.and_then(|index| bound.get_mut(index)) else {
                return Err(type_error(format!("{function}() got an unexpected keyword argument '{name}'")));
            };
            if slot.replace(value.clone()).is_some() {
                return Err(type_error(format!("{function}() got multiple values for argument '{name}'")));
            }
        }
        Ok(bound)
    }

    /// Passes when there are no arguments at all.
    pub(crate) fn none(&self, function: &str) -> Outcome<()> {
        self.bind::<0>(function, []).map(|_| ())
    }

    /// An argument that must be given.
    pub(crate) fn required(&self, value: Option<Value>, function: &str, name: &str) -> Outcome {
        value.ok_or_else(|| type_error(format!("{function}() missing 1 required positional argument: '{name}'")))
    }

    /// An argument that must be a text.
    pub(crate) fn text(&self, value: &Value) -> Outcome<String> {
        match view(value) {
            View::Text(text) => Ok(text.to_owned()),
            View::Undefined(undefined) => Err(undefined.fault()),
            _ => Err(type_error(format!("a str is required, not {}", type_name(value)))),
        }
    }

    /// An argument that must be a whole number.
    pub(crate) fn whole(&self, value: &Value) -> Outcome<i64> {
        match view(value) {
            View::Int(number) => {
                i64::try_from(number).map_err(|_| crate::render::fault::raise("OverflowError", "number too large"))
            }
            View::Bool(truth) => Ok(i64::from(truth)),
            View::Undefined(undefined) => Err(undefined.fault()),
            _ => {
                let name = type_name(value);
                Err(type_error(format!("'{name}' object cannot be interpreted as an integer")))
            }
        }
    }
}
