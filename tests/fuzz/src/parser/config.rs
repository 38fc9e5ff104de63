//! The configuration: each error has its line, and no secret is shown.

use std::sync::LazyLock;

use fulmar::config::{Config, ConfigError};
use toml::{Table, Value};

use super::{Target, text};
use crate::log;

pub(super) const TARGET: Target =
    Target { name: "config", words: include_str!("../../words/config.toml"), longest: 1 << 16, run };

fn run(input: &[u8]) {
    let text = text(input);
    let env = |name: &str| name.starts_with('S').then(|| SECRET.to_owned());
    log::clear();
    let read = Config::parse(&text, "fuzz.toml", &env);
    let lines = text.bytes().filter(|byte| *byte == b'\n').count() + 1;
    if let Err(ConfigError::Wrong(notes)) = &read {
        assert!(!notes.is_empty(), "an error says something");
        for note in notes {
            assert!((1..=lines).contains(&note.line) && !note.what.is_empty(), "{note:?}");
        }
    }
    if is_only_secret(&text) {
        let shown = read.map_or_else(|error| format!("{error}\n{error:?}"), |config| format!("{config:?}"));
        assert!(!shown.contains(SECRET), "a secret is shown: {shown}");
        log::look(|logged| assert!(!logged.contains(SECRET), "a secret is in the log"));
    }
}

/// Whether the secret stands where secrets stand, and nowhere else.
fn is_only_secret(text: &str) -> bool {
    static NAMES: LazyLock<[&str; 6]> =
        LazyLock::new(|| ["password", "sasl_password", "token", "webhook_token", "key", "apikey"]);
    fn holds(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains(SECRET) || text.contains("${"),
            Value::Array(items) => items.iter().any(holds),
            Value::Table(table) => elsewhere(table),
            _ => false,
        }
    }
    fn elsewhere(table: &Table) -> bool {
        table.iter().any(|(key, value)| {
            let is_text = value.as_str().is_some_and(|text| !text.starts_with("file:"));
            let is_secret = is_text && NAMES.contains(&key.as_str());
            key.contains(SECRET) || !is_secret && holds(value)
        })
    }
    text.parse::<Table>().is_ok_and(|table| !elsewhere(&table))
}

/// What no one may see.
const SECRET: &str = "hunter2hunter2";
