//! `fulmar alias`: the engine on standard input, one JSON object a line, answers in order.

use std::{
    io::{self, BufRead as _, Write as _},
    process::ExitCode,
    sync::Arc,
};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{FAILED, fail};
use crate::{
    alias::{BadFormat, Format, NoMatch},
    render::{self, Effort, Mode},
};

/// What is to be done with each line.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Formats results: {"execution", "alias"} to {"enabled", "message", "extra"}.
    FormatResult(Lines),
    /// Parses commands: {"format", "command", "match_multiple"} to {"params"} or {"error", "message"}.
    Parse(Lines),
    /// Renders templates: {"template", "context", "mode": "ack" or "result"} to {"output"} or {"error"}.
    Render(Lines),
}

/// How input and output look.
#[derive(Debug, clap::Args)]
pub(super) struct Lines {
    /// One JSON object a line, in and out.
    #[arg(long, required = true)]
    jsonl: bool,
}

pub(super) fn run(verb: &Verb) -> ExitCode {
    let answer = match verb {
        Verb::FormatResult(_) => format_result,
        Verb::Parse(_) => parse,
        Verb::Render(_) => render,
    };
    let mut output = io::BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let answered = line.and_then(|line| {
            let answer =
                answer(&line).unwrap_or_else(|error| json!({"error": "bad-input", "message": error.to_string()}));
            writeln!(output, "{answer}")
        });
        if let Err(error) = answered {
            return fail(FAILED, error);
        }
    }
    output.flush().map_or_else(|error| fail(FAILED, error), |()| ExitCode::SUCCESS)
}

#[derive(Deserialize)]
struct ToParse {
    format: String,
    command: String,
    #[serde(default)]
    match_multiple: bool,
}

fn parse(line: &str) -> serde_json::Result<Value> {
    let ToParse { format, command, match_multiple } = serde_json::from_str(line)?;
    let no_match = |error: NoMatch| json!({"error": "no-match", "message": error.to_string()});
    Ok(match Format::compile(&format) {
        Err(BadFormat(message)) => json!({"error": "bad-format", "message": message}),
        Ok(format) if match_multiple => {
            format.parse_all(&command).map_or_else(no_match, |params| json!({"params": params}))
        }
        Ok(format) => format.parse(&command).map_or_else(no_match, |params| json!({"params": params})),
    })
}

#[derive(Deserialize)]
struct ToRender {
    template: String,
    #[serde(default)]
    context: Value,
    #[serde(default)]
    mode: TemplateMode,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TemplateMode {
    Ack,
    #[default]
    Result,
}

fn render(line: &str) -> serde_json::Result<Value> {
    let ToRender { template, context, mode } = serde_json::from_str(line)?;
    let mode = match mode {
        TemplateMode::Ack => Mode::Ack,
        TemplateMode::Result => Mode::Result,
    };
    Ok(match render::template(&template, &context, mode) {
        Ok(output) => json!({"output": output}),
        Err(error) => json!({"error": error.kind, "message": error.message}),
    })
}

#[derive(Deserialize)]
struct ToFormat {
    execution: Box<RawValue>,
    #[serde(default)]
    alias: Value,
}

fn format_result(line: &str) -> serde_json::Result<Value> {
    let ToFormat { execution, alias } = serde_json::from_str(line)?;
    Ok(match render::result(&Arc::from(execution.get()), &alias, Effort::Full) {
        Ok(it) => json!({"enabled": it.enabled, "message": it.message, "extra": it.extra}),
        Err(error) => json!({"error": error.kind, "message": error.message}),
    })
}
