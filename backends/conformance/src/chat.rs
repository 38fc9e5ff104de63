//! [`Chat`]: a table of configuration, as an operator writes it.

use std::sync::Arc;

use fulmar_contract::{Backend, Item, Kind, Options, Value};

/// The table `chats.ops` in the making. It begins on line 1, and each of its keys is a line.
#[derive(Clone)]
pub struct Chat {
    kind: Kind,
    entries: Vec<(String, Value)>,
}

impl Chat {
    /// A chat of `kind` of which nothing is said.
    pub const fn of(kind: Kind) -> Self {
        Self { kind, entries: Vec::new() }
    }

    /// With a text.
    pub fn text(self, key: &str, value: &str) -> Self {
        self.with(key, value)
    }

    /// With a list of texts.
    pub fn texts(self, key: &str, values: &[&str]) -> Self {
        let item = |value: &&str| Item { value: Value::from(*value), line: 1 };
        self.with(key, Value::List(values.iter().map(item).collect()))
    }

    /// With a value, which takes the place of an earlier one.
    pub fn with(self, key: &str, value: impl Into<Value>) -> Self {
        let mut chat = self.without(key);
        chat.entries.push((key.to_owned(), value.into()));
        chat
    }

    /// With all of these.
    pub fn having(self, entries: &[(&str, Value)]) -> Self {
        entries.iter().fold(self, |chat, (key, value)| chat.with(key, value.clone()))
    }

    /// Without a key.
    pub fn without(mut self, key: &str) -> Self {
        self.entries.retain(|(there, _)| there != key);
        self
    }

    /// The table as a backend reads it.
    pub fn options(&self) -> Options {
        let lines = self.entries.iter().zip(2..);
        let entries = lines.map(|((key, value), line)| (key.clone(), Item { value: value.clone(), line }));
        Options::new("chats.ops".into(), 1, entries.collect())
    }

    /// All that is wrong with it, as `LINE KEY WHAT`.
    ///
    /// # Panics
    /// When there is a backend in spite of that, or none and nothing is wrong.
    pub fn problems(&self) -> Vec<String> {
        let mut options = self.options();
        let backend = (self.kind.build)(&mut options);
        let problems = options.finish();
        assert_eq!(backend.is_some(), problems.is_empty(), "{problems:?}");
        problems.iter().map(|problem| format!("{} {} {}", problem.line, problem.key, problem.what)).collect()
    }

    /// The backend.
    ///
    /// # Panics
    /// When anything is wrong.
    pub fn build(&self) -> Arc<dyn Backend> {
        let mut options = self.options();
        let backend = (self.kind.build)(&mut options);
        let problems = options.finish();
        backend.filter(|_| problems.is_empty()).unwrap_or_else(|| panic!("{problems:?}"))
    }
}
