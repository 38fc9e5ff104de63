//! `fulmar check`.

use std::{env, process::ExitCode};

use serde_json::json;

use super::{BAD_CONFIGURATION, ConfigFile, bad_configuration, say, with_causes};
use crate::config::{self, Config, ConfigError, Note};

/// Arguments of `check`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
    /// Answers with one JSON object.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let read = read(arguments.file);
    if arguments.json {
        return as_json(&read);
    }
    match read {
        Ok(config) => {
            config.warnings.iter().for_each(|warning| say(format_args!("warning: {warning}")));
            let (chats, storms) = (config.chats.len(), config.stackstorms.len());
            say(format_args!("good: {}, {}", counted(chats, "chat"), counted(storms, "StackStorm")));
            ExitCode::SUCCESS
        }
        Err(error) => bad_configuration(&error),
    }
}

/// Finds and reads the configuration.
pub(super) fn read(file: ConfigFile) -> Result<Config, ConfigError> {
    Config::load(&config::find(file.config)?, &|name| env::var(name).ok())
}

fn counted(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

fn as_json(read: &Result<Config, ConfigError>) -> ExitCode {
    let notes = |notes: &[Note]| -> Vec<_> {
        let note = |it: &Note| json!({"file": it.file, "line": it.line, "key": it.key, "what": it.what});
        notes.iter().map(note).collect()
    };
    let (answer, code) = match read {
        Ok(config) => {
            (json!({"good": true, "errors": [], "warnings": notes(&config.warnings)}), ExitCode::SUCCESS)
        }
        Err(ConfigError::Wrong(errors)) => {
            (json!({"good": false, "errors": notes(errors)}), ExitCode::from(BAD_CONFIGURATION))
        }
        Err(error) => {
            let errors = [json!({"what": with_causes(error)})];
            (json!({"good": false, "errors": errors}), ExitCode::from(BAD_CONFIGURATION))
        }
    };
    say(answer);
    code
}
