//! Chats as an operator configures them.

use std::sync::Arc;

use fulmar_contract::{Backend, Item, Options, Value};
use fulmar_xmpp::KIND;

/// A table of configuration in the making.
#[derive(Clone, Default)]
pub(crate) struct Chat(Vec<(&'static str, Value)>);

impl Chat {
    pub(crate) fn text(self, key: &'static str, value: &str) -> Self {
        self.with(key, Value::Text(value.into()))
    }

    pub(crate) fn with(mut self, key: &'static str, value: Value) -> Self {
        self.0.retain(|(there, _)| *there != key);
        self.0.push((key, value));
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
