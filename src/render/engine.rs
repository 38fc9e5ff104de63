//! The engine: minijinja with nothing of its own but the frames.

use std::sync::LazyLock;

use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, Value};
use serde_json::Value as Json;

use super::fault::{self, Outcome, raise, unsupported};
use super::lower::{self, BLOCK, COMMENT, PRINT};
use super::python::{text, value};
use super::scope::{self, TEXT_LIMIT};
use super::{Mode, TemplateError, function};

/// Instructions that one rendering may take; a loop over ten thousand lines takes a tenth of it.
const FUEL: u64 = 5_000_000;

/// Frames that may lie on each other: a macro takes ten or more of them.
const RECURSION: usize = 300;

/// Built once: it does not depend on the template nor on the mode.
static ENVIRONMENT: LazyLock<Option<Environment<'static>>> = LazyLock::new(build);

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
    environment.set_fuel(Some(FUEL));
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

/// The variables of a template, taken into Python once for any number of renderings.
pub(super) struct Context(Value);

impl Context {
    /// Takes over the members of `json`, and all of it as `__context` when it is wanted `whole`.
    pub(super) fn new(
        json: &Json,
        mode: Mode,
        extra: Option<(&'static str, Value)>,
        whole: bool,
    ) -> Result<Self, TemplateError> {
        scope::begin(mode);
        let convert = |json| value::from_json(json).map_err(|error| fault::unwrap(&error));
        let mut variables: Vec<(&str, Value)> = Vec::new();
        if whole {
            variables.push(("__context", convert(json)?));
        }
        for (name, value) in json.as_object().into_iter().flatten() {
            variables.push((name, convert(value)?));
        }
        variables.extend(extra);
        Ok(Self(Value::from_pairs(variables)))
    }

    /// Renders `template`.
    pub(super) fn render(&self, template: &str, mode: Mode) -> Result<String, TemplateError> {
        scope::begin(mode);
        self.run(template).map_err(|error| fault::unwrap(&error))
    }

    fn run(&self, template: &str) -> Outcome<String> {
        let code = lower::lower(template)?;
        let environment = ENVIRONMENT.as_ref().ok_or_else(|| unsupported("rendering"))?;
        let out = environment.template_from_str(&code)?.render(self.0.clone())?;
        if out.len() > TEXT_LIMIT { Err(too_long()) } else { Ok(out) }
    }
}

fn too_long() -> minijinja::Error {
    raise("MemoryError", "a text of more than 16 MiB")
}
