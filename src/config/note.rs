//! What is to be said about a configuration.

use std::{fmt, io};

use fulmar_contract::Problem;

/// Something to say about one place of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The whole key, as `chats.ops.server`; empty when the text is no TOML.
    pub key: String,
    /// What is wrong and what was expected.
    pub what: String,
}

impl Note {
    pub(super) fn new(file: &str, Problem { line, key, what }: Problem) -> Self {
        Self { file: file.to_owned(), line, key, what }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.what)
    }
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// There is no file in any of the usual places.
    #[error("no configuration found: looked for {looked}; name one with --config FILE")]
    NotFound {
        /// The places.
        looked: String,
    },
    /// The file cannot be read.
    #[error("read the configuration {file}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file says something wrong: everything, by line.
    #[error("{}", lines(.0))]
    Wrong(Vec<Note>),
}

fn lines(notes: &[Note]) -> String {
    notes.iter().map(Note::to_string).collect::<Vec<_>>().join("\n")
}
