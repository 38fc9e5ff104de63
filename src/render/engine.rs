//! The engine: minijinja with nothing of its own but the frames.

use std::{cell::RefCell, sync::Arc};

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value};
use serde_json::Value as Json;

use super::fault::{self, Outcome, raise, unsupported};
use super::lower::{self, BLOCK, COMMENT, PRINT};
use super::python::{dict, singleton::Six, text, unread::Unread, value::from_json};
use super::scope::{self, TEXT_LIMIT};
use super::{Mode, TemplateError, function};

/// Instructions that one rendering may take; a loop over ten thousand lines takes a tenth of it.
const FUEL: u64 = 5_000_000;

/// Instructions that a rendering may take where others wait for it: under a millisecond.
const BRIEF: u64 = 20_000;

/// How many bytes of templates each thread keeps compiled.
const KEPT: usize = 1 << 20;

/// Frames that may lie on each other: a macro takes ten or more of them.
const RECURSION: usize = 300;

thread_local! {
    /// Each thread's own engine: it does not depend on the mode.
    static ENGINE: RefCell<Option<Engine>> = RefCell::new(build().map(|environment| Engine { environment, kept: 0 }));
}

/// The engine with the templates that it has compiled; they are named by their own text.
struct Engine {
    environment: Environment<'static>,
    /// The length of their texts, in bytes.
    kept: usize,
}

impl Engine {
    fn render(&mut self, template: &str, context: Value, effort: Effort) -> Outcome<String> {
        if self.environment.get_template(template).is_err() {
            self.keep(template)?;
        }
        self.environment.set_fuel(Some(match effort {
            Effort::Brief => BRIEF,
            Effort::Full => FUEL,
        }));
        self.environment.get_template(template)?.render(context)
    }

    fn keep(&mut self, template: &str) -> Outcome<()> {
        let code = lower::lower(template)?;
        if self.kept + template.len() > KEPT {
            self.environment.clear_templates();
            self.kept = 0;
        }
        self.kept += template.len();
        self.environment.add_template_owned(template.to_owned(), code)
    }
}

fn build() -> Option<Environment<'static>> {
    let syntax = SyntaxConfig::builder()
        .block_delimiters(BLOCK.0, BLOCK.1)
        .variable_delimiters(PRINT.0, PRINT.1)
        .comment_delimiters(COMMENT.0, COMMENT.1)
        .keep_trailing_newline(true)
        .build()
        .ok()?;
    let mut environment = Environment::empty();
    environment.set_syntax(syntax);
    environment.set_recursion_limit(RECURSION);
    environment.set_debug(false);
    environment.set_formatter(|out, _, value| {
        let text = text(value)?;
        scope::spend_text(text.len())?;
        out.write_str(&text).map_err(|_| too_long())
    });
    function::register(&mut environment);
    Some(environment)
}

/// How much work a rendering may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Little: for a thread on which others wait.
    Brief,
    /// As much as one template may take at all.
    Full,
}

/// A variable of a template, before it is taken into Python.
pub(super) enum Variable<'a> {
    /// A value of JSON.
    Json(&'a Json),
    /// A text of JSON, read where the template looks at it.
    Unread(Arc<str>),
}

/// The variables of a template, taken into Python once for any number of renderings.
pub(super) struct Context {
    variables: Value,
    mode: Mode,
    effort: Effort,
}

impl Context {
    /// Takes over `variables`, and for results the module `six`; all of them are in `__context`, too, if it is wanted
    /// `whole`.
    pub(super) fn new<'a>(
        variables: impl IntoIterator<Item = (&'a str, Variable<'a>)>,
        mode: Mode,
        effort: Effort,
        whole: bool,
    ) -> Result<Self, TemplateError> {
        scope::begin(mode, effort);
        let named = variables.into_iter().map(|(name, variable)| Ok((name, variable.value()?)));
        let variables = named.collect::<Outcome<Vec<_>>>().and_then(|mut variables| {
            if whole {
                let all = dict(variables.iter().map(|(name, value)| (Value::from(*name), value.clone())))?;
                variables.push(("__context", all));
            }
            if mode == Mode::Result {
                variables.push(("six", Value::from_object(Six)));
            }
            Ok(Value::from_pairs(variables))
        });
        Ok(Self { variables: variables.map_err(|error| fault::unwrap(&error))?, mode, effort })
    }

    /// The same variables where undefined names count as `mode` says.
    pub(super) fn in_mode(&self, mode: Mode) -> Self {
        Self { variables: self.variables.clone(), mode, effort: self.effort }
    }

    /// Renders `template`.
    pub(super) fn render(&self, template: &str) -> Result<String, TemplateError> {
        scope::begin(self.mode, self.effort);
        self.run(template).map_err(|error| fault::unwrap(&error))
    }

    fn run(&self, template: &str) -> Outcome<String> {
        let out = ENGINE.with(|engine| {
            let mut engine = engine.try_borrow_mut().map_err(|_| unsupported("rendering within rendering"))?;
            let engine = engine.as_mut().ok_or_else(|| unsupported("rendering"))?;
            engine.render(template, self.variables.clone(), self.effort)
        })?;
        if out.len() > TEXT_LIMIT { Err(too_long()) } else { Ok(out) }
    }
}

impl Variable<'_> {
    fn value(self) -> Outcome {
        match self {
            Self::Json(json) => from_json(json),
            Self::Unread(json) => Ok(Unread::new(json).value()),
        }
    }
}

fn too_long() -> minijinja::Error {
    raise("MemoryError", "a text of more than 16 MiB")
}
