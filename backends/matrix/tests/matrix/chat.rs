//! Chats as an operator configures them.

use std::{path::Path, sync::Arc};

use fulmar_contract::{Backend, Item, Options, Value};
use fulmar_matrix::KIND;

/// A table of configuration in the making.
#[derive(Clone)]
pub(crate) struct Chat(Vec<(&'static str, Value)>);

impl Chat {
    /// A chat at a homeserver on loopback.
    pub(crate) fn on(port: u16, store: &Path) -> Self {
        Self(Vec::new())
            .text("homeserver", &format!("http://127.0.0.1:{port}"))
            .text("store", &store.display().to_string())
            .text("invites", "*:localhost")
    }

    pub(crate) fn text(self, key: &'static str, value: &str) -> Self {
        self.value(key, Value::Text(value.into()))
    }

    pub(crate) fn login(self, user: &str, password: &str) -> Self {
        self.text("user", user).text("password", password)
    }

    pub(crate) fn value(mut self, key: &'static str, value: Value) -> Self {
        self.0.retain(|(there, _)| *there != key);
        self.0.push((key, value));
        self
    }

    pub(crate) fn without(mut self, key: &str) -> Self {
        self.0.retain(|(there, _)| *there != key);
        self
    }

    pub(crate) fn build(&self) -> Arc<dyn Backend> {
        let entry = |(key, value): &(&str, Value)| ((*key).to_owned(), Item { value: value.clone(), line: 1 });
        let mut options = Options::new("chats.test".into(), 1, self.0.iter().map(entry).collect());
        let backend = (KIND.build)(&mut options);
        let problems = options.finish();
        assert!(problems.is_empty(), "{problems:?}");
        backend.unwrap()
    }
}
