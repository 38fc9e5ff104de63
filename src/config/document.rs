//! TOML into entries that know their lines, with `${VAR}` replaced.

use std::collections::BTreeMap;

use fulmar_contract::{Entries, Item, Problem, Value};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Env;

/// What a text says.
#[derive(Debug)]
pub(super) struct Document {
    /// The values.
    pub(super) entries: Entries,
    /// The line of each key, by its whole name.
    pub(super) lines: BTreeMap<String, usize>,
    /// The variables that could not be replaced.
    pub(super) unset: Vec<Problem>,
}

/// Reads `text`.
///
/// # Errors
/// Every place where `text` is no TOML.
pub(super) fn read(text: &str, env: Env<'_>) -> Result<Document, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let ends = LineEnds::of(text);
    if !errors.is_empty() {
        let problem = |error: toml::de::Error| Problem {
            line: ends.line_at(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            what: format!("not valid TOML: {}", error.message()),
        };
        let mut problems: Vec<_> = errors.into_iter().map(problem).collect();
        problems.sort_by_key(|problem| problem.line);
        problems.dedup();
        return Err(problems);
    }
    let mut reader = Reader { ends, env, lines: BTreeMap::new(), unset: Vec::new() };
    let entries = reader.entries("", table.get_ref());
    Ok(Document { entries, lines: reader.lines, unset: reader.unset })
}

/// The secrets that stand in `text` itself, by the names of their keys.
pub(super) fn plain_secrets(text: &str) -> impl Iterator<Item = Problem> {
    let (table, _) = DeTable::parse_recoverable(text);
    let mut found = Vec::new();
    collect_secrets(&LineEnds::of(text), "", table.get_ref(), &mut found);
    found.into_iter()
}

fn collect_secrets(ends: &LineEnds, path: &str, table: &DeTable<'_>, found: &mut Vec<Problem>) {
    for (key, value) in table {
        let path = join(path, key.get_ref());
        match value.get_ref() {
            DeValue::Table(below) => collect_secrets(ends, &path, below, found),
            DeValue::String(secret) if names_secret(key.get_ref()) && stands_here(secret) => found.push(Problem {
                line: ends.line_at(key.span().start),
                key: path,
                what: "a secret in a file that everybody can read: chmod o-r, or use ${VAR} or file:PATH".into(),
            }),
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {}
        }
    }
}

fn names_secret(key: &str) -> bool {
    key == "key" || ["apikey", "password", "secret", "token"].iter().any(|end| key.ends_with(end))
}

fn stands_here(secret: &str) -> bool {
    !secret.is_empty() && !secret.starts_with("file:") && !secret.contains("${")
}

struct Reader<'a> {
    ends: LineEnds,
    env: Env<'a>,
    lines: BTreeMap<String, usize>,
    unset: Vec<Problem>,
}

impl Reader<'_> {
    fn entries(&mut self, path: &str, table: &DeTable<'_>) -> Entries {
        let mut entries = Entries::new();
        for (key, value) in table {
            let line = self.ends.line_at(key.span().start);
            let path = join(path, key.get_ref());
            let value = self.value(&path, line, value);
            self.lines.insert(path, line);
            entries.insert(key.get_ref().to_string(), Item { value, line });
        }
        entries
    }

    fn value(&mut self, path: &str, line: usize, value: &Spanned<DeValue<'_>>) -> Value {
        match value.get_ref() {
            DeValue::String(text) => Value::Text(self.replace(path, line, text)),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Value::Other("a number that is too large"), Value::Integer),
            DeValue::Float(_) => Value::Other("a number with a fraction"),
            DeValue::Boolean(flag) => Value::Bool(*flag),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Array(items) => Value::List(
                items
                    .iter()
                    .map(|item| {
                        let line = self.ends.line_at(item.span().start);
                        Item { value: self.value(path, line, item), line }
                    })
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.entries(path, table)),
        }
    }

    /// Replaces each `${VAR}`; `$${` stands for `${` itself.
    fn replace(&mut self, path: &str, line: usize, text: &str) -> String {
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            if let Some(literal) = before.strip_suffix('$') {
                replaced.push_str(literal);
                replaced.push_str("${");
                rest = after;
                continue;
            }
            replaced.push_str(before);
            let Some((name, tail)) = after.split_once('}') else {
                self.complain(path, line, "\"${\" without \"}\"; write $${ for the characters themselves".into());
                return replaced;
            };
            match (self.env)(name) {
                Some(value) => replaced.push_str(&value),
                None => self.complain(path, line, unset(name)),
            }
            rest = tail;
        }
        replaced.push_str(rest);
        replaced
    }

    fn complain(&mut self, path: &str, line: usize, what: String) {
        self.unset.push(Problem { line, key: path.to_owned(), what });
    }
}

/// That a variable is not set. What does not look like the name of one may be a secret that was put there by mistake.
fn unset(name: &str) -> String {
    let is_name = name.bytes().all(|it| matches!(it, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
    if is_name {
        format!("the environment variable {name} is not set")
    } else {
        "no environment variable has the name in \"${...}\"; write $${ for the characters themselves".to_owned()
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Where the lines of a text end, in bytes.
struct LineEnds(Vec<usize>);

impl LineEnds {
    fn of(text: &str) -> Self {
        Self(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// The number, from 1, of the line in which the byte `at` stands.
    fn line_at(&self, at: usize) -> usize {
        self.0.partition_point(|end| *end < at) + 1
    }
}
