//! Chats as an operator configures them.

use std::sync::Arc;

use fulmar_contract::{Backend, Item, Options, Value};
use fulmar_irc::KIND;

/// A table of configuration in the making.
#[derive(Clone)]
pub(crate) struct Chat(Vec<(&'static str, Value)>);

impl Chat {
    /// A chat on loopback that sends without limit.
    pub(crate) fn on(port: u16) -> Self {
        Self(vec![("port", Value::Integer(port.into())), ("rate", Value::Integer(0))]).text("server", "localhost")
    }

    pub(crate) fn text(mut self, key: &'static str, value: &str) -> Self {
        self.0.retain(|(there, _)| *there != key);
        self.0.push((key, Value::Text(value.into())));
        self
    }

    pub(crate) fn without_tls(mut self) -> Self {
        self.0.push(("tls", Value::Bool(false)));
        self
    }

    pub(crate) fn sasl(self, account: &str, password: &str) -> Self {
        self.text("sasl", "plain").text("account", account).text("sasl_password", password)
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
