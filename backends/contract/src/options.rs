//! Reading a table of configuration: every key is asked for once, and whatever is wrong, missing or left
//! over is noted with its place, so that one look finds all errors.

use std::{collections::BTreeMap, fs, path::PathBuf, time::Duration};

use crate::{Failure, Secret};

/// A value of the configuration and the line on which it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The value.
    pub value: Value,
    /// The line, from 1.
    pub line: usize,
}

/// What a value can be. `${VAR}` has been replaced already.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// true or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A list.
    List(Vec<Item>),
    /// A number with a fraction, or a date: nothing that a key takes so far.
    Other(&'static str),
    /// A text.
    Text(String),
    /// A table.
    Table(Entries),
}

impl Value {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Bool(_) => "a boolean",
            Self::Integer(_) => "a whole number",
            Self::List(_) => "a list",
            Self::Other(kind) => kind,
            Self::Text(_) => "a text",
            Self::Table(_) => "a table",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Bool(flag)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

/// The entries of a table, by key.
pub type Entries = BTreeMap<String, Item>;

/// Something wrong in the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The whole key, as `chats.ops.server`.
    pub key: String,
    /// What is wrong and what was expected.
    pub what: String,
}

/// A table that is being read.
///
/// Each reader takes its key away; [`Options::finish`] notes the keys that nobody took.
#[derive(Debug)]
pub struct Options {
    path: String,
    line: usize,
    entries: Entries,
    known: Vec<String>,
    problems: Vec<Problem>,
}

impl Options {
    /// Begins to read `entries`, the table called `path` that begins on `line`.
    pub const fn new(path: String, line: usize, entries: Entries) -> Self {
        Self { path, line, entries, known: Vec::new(), problems: Vec::new() }
    }

    /// The chat that `read` finds described here.
    ///
    /// # Errors
    /// [`Failure::Misconfigured`] when it finds none.
    pub fn chat<C>(&mut self, read: impl FnOnce(&mut Self) -> Option<C>) -> Result<C, Failure> {
        read(self).ok_or_else(|| Failure::Misconfigured { why: format!("{} describes no chat", self.path) })
    }

    /// The table's name, as `chats.ops`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The line on which the table begins.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The line of a key that is not read yet; the table's own if the key is absent.
    pub fn line_of(&self, key: &str) -> usize {
        self.entries.get(key).map_or(self.line, |item| item.line)
    }

    /// Whether nothing has been found wrong so far.
    pub fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// The keys that are present and not read yet.
    pub fn keys(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// Takes a key as it is.
    pub fn take(&mut self, key: &str) -> Option<Item> {
        self.known.push(key.to_owned());
        self.entries.remove(key)
    }

    /// Notes that `key`, which stood on `line`, is wrong.
    pub fn complain(&mut self, line: usize, key: &str, what: impl Into<String>) {
        let key = if key.is_empty() { self.path.clone() } else { self.full(key) };
        self.problems.push(Problem { line, key, what: what.into() });
    }

    /// Notes that a key is missing.
    pub fn missing(&mut self, key: &str, expected: &str) {
        self.complain(self.line, key, format!("missing: expected {expected}"));
    }

    /// Reads a text.
    pub fn text(&mut self, key: &str) -> Option<String> {
        self.read(key, "a text", |value| match value {
            Value::Text(text) => Ok(text),
            other => Err(other),
        })
    }

    /// Reads a text that must be there and not be empty. Returns an empty one after noting a problem.
    pub fn required(&mut self, key: &str, expected: &str) -> String {
        let before = self.problems.len();
        let text = self.text(key).unwrap_or_default();
        if text.is_empty() && self.problems.len() == before {
            self.missing(key, expected);
        }
        text
    }

    /// Reads true or false.
    pub fn flag(&mut self, key: &str, default: bool) -> bool {
        self.read(key, "true or false", |value| match value {
            Value::Bool(flag) => Ok(flag),
            other => Err(other),
        })
        .unwrap_or(default)
    }

    /// Reads a whole number from `least` to `most`.
    pub fn number(&mut self, key: &str, least: i64, most: i64) -> Option<i64> {
        let item = self.take(key)?;
        match item.value {
            Value::Integer(number) if (least..=most).contains(&number) => Some(number),
            other => {
                let got =
                    if let Value::Integer(number) = other { number.to_string() } else { other.kind().into() };
                self.complain(
                    item.line,
                    key,
                    format!("expected a whole number from {least} to {most}, got {got}"),
                );
                None
            }
        }
    }

    /// Reads a port.
    pub fn port(&mut self, key: &str, default: u16) -> u16 {
        self.number(key, 1, u16::MAX.into()).and_then(|port| u16::try_from(port).ok()).unwrap_or(default)
    }

    /// Reads a time, at least a second and at most a year: seconds as a number, or a text as `"15m"`.
    pub fn seconds(&mut self, key: &str, default: u64) -> Duration {
        self.seconds_from(key, 1, default)
    }

    /// As [`Options::seconds`], but at least `least` seconds.
    pub fn seconds_from(&mut self, key: &str, least: u64, default: u64) -> Duration {
        let default = Duration::from_secs(default);
        let Some(item) = self.take(key) else { return default };
        let (seconds, got) = match item.value {
            Value::Integer(number) => (u64::try_from(number).ok(), number.to_string()),
            Value::Text(text) => (seconds(&text), format!("\"{text}\"")),
            other => (None, other.kind().to_owned()),
        };
        if let Some(seconds) = seconds.filter(|seconds| (least..=YEAR).contains(seconds)) {
            return Duration::from_secs(seconds);
        }
        let expected = format!("a time from {least} s to a year, as 90, \"90s\", \"15m\", \"1h\" or \"1d\"");
        self.complain(item.line, key, format!("expected {expected}, got {got}"));
        default
    }

    /// Reads one of some words.
    pub fn word<T: Copy>(&mut self, key: &str, default: T, words: &[(&str, T)]) -> T {
        let Some(item) = self.take(key) else { return default };
        if let Value::Text(text) = &item.value
            && let Some((_, meaning)) = words.iter().find(|(word, _)| word == text)
        {
            return *meaning;
        }
        let list: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let got =
            if let Value::Text(text) = &item.value { format!("\"{text}\"") } else { item.value.kind().into() };
        self.complain(item.line, key, format!("expected {}, got {got}", list.join(" or ")));
        default
    }

    /// Reads a list of texts; one text alone counts as a list of one. `None` if the key is absent or wrong.
    pub fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let items = self.read(key, "a list of texts", |value| match value {
            Value::List(items) => Ok(items),
            Value::Text(text) => Ok(vec![Item { value: Value::Text(text), line: 0 }]),
            other => Err(other),
        })?;
        let mut texts = Vec::new();
        for item in items {
            match item.value {
                Value::Text(text) => texts.push(text),
                other => {
                    self.complain(item.line, key, format!("expected a list of texts, got {} in it", other.kind()));
                    return None;
                }
            }
        }
        Some(texts)
    }

    /// Reads the name of a file.
    pub fn file(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(PathBuf::from)
    }

    /// Reads a secret: the text itself, or `file:PATH` for the first line of a file.
    pub fn secret(&mut self, key: &str) -> Option<Secret> {
        let line = self.entries.get(key)?.line;
        let text = self.text(key)?;
        let Some(path) = text.strip_prefix("file:") else { return Some(Secret::new(text)) };
        match fs::read_to_string(path) {
            Ok(content) => Some(Secret::new(content.lines().next().unwrap_or_default())),
            Err(error) => {
                self.complain(line, key, format!("cannot read the secret from {path}: {error}"));
                None
            }
        }
    }

    /// Reads a table below this one; an absent one is `None`.
    pub fn table(&mut self, key: &str) -> Option<Self> {
        let line = self.line_of(key);
        let entries = self.read(key, "a table", |value| match value {
            Value::Table(entries) => Ok(entries),
            other => Err(other),
        })?;
        Some(Self::new(self.full(key), line, entries))
    }

    /// Reads a table below this one; an absent one is empty.
    pub fn table_or_empty(&mut self, key: &str) -> Self {
        self.table(key).unwrap_or_else(|| Self::new(self.full(key), self.line, Entries::new()))
    }

    /// Takes over what was found wrong in a table below this one.
    pub fn absorb(&mut self, below: Self) {
        self.problems.extend(below.finish());
    }

    /// Ends the reading: all problems, those of unknown keys included, by line.
    pub fn finish(mut self) -> Vec<Problem> {
        for (key, item) in std::mem::take(&mut self.entries) {
            let hint = did_you_mean(&key, self.known.iter().map(String::as_str));
            self.complain(item.line, &key, format!("unknown key{hint}"));
        }
        self.problems.sort_by_key(|problem| problem.line);
        self.problems
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn read<T>(&mut self, key: &str, expected: &str, pick: impl FnOnce(Value) -> Result<T, Value>) -> Option<T> {
        let item = self.take(key)?;
        pick(item.value)
            .map_err(|other| self.complain(item.line, key, format!("expected {expected}, got {}", other.kind())))
            .ok()
    }
}

/// The end of a complaint about an unknown `word`: the first of the `known` ones that is nearly the same. Empty if none is.
pub fn did_you_mean<'a>(word: &str, mut known: impl Iterator<Item = &'a str>) -> String {
    let near = |known: &&str| {
        let same = known.bytes().zip(word.bytes()).take_while(|(a, b)| a == b).count();
        let tail = known.bytes().rev().zip(word.bytes().rev()).take_while(|(a, b)| a == b).count();
        same + tail > 0 && same + tail + 2 >= known.len().max(word.len())
    };
    known.find(near).map_or_else(String::new, |near| format!("; did you mean \"{near}\"?"))
}

/// The seconds in a text: a whole number and `s`, `m`, `h` or `d`, or none of them for seconds.
fn seconds(text: &str) -> Option<u64> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(number.len()..)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

const YEAR: u64 = 31_536_000;

#[cfg(test)]
mod tests;
