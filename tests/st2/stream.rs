//! A stream, read as far as needed.

use std::time::Duration;

use fulmar::tls::Pieces;
use futures_util::StreamExt;
use serde_json::Value;
use tokio::time::timeout;

/// An open stream and what came of it.
pub(crate) struct Events {
    body: Pieces,
    text: String,
}

impl Events {
    pub(crate) fn new(body: Pieces) -> Self {
        Self { body, text: String::new() }
    }

    /// Reads the next bytes.
    pub(crate) async fn read(&mut self) -> &str {
        let chunk =
            timeout(LIMIT, self.body.next()).await.expect("bytes in time").expect("an open stream").unwrap();
        self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        &self.text
    }

    /// All events up to the first of that name.
    pub(crate) async fn until(&mut self, last: &str) -> Vec<(String, Value)> {
        self.until_one(|event, _| event == last).await
    }

    /// All events up to the terminal one of execution `id`.
    pub(crate) async fn until_end_of(&mut self, id: &str) -> Vec<(String, Value)> {
        let terminal = ["succeeded", "failed", "timeout", "canceled", "abandoned"];
        let is_end = |_: &str, data: &Value| data["id"] == id && terminal.iter().any(|end| data["status"] == *end);
        self.until_one(is_end).await
    }

    async fn until_one(&mut self, is_last: impl Fn(&str, &Value) -> bool) -> Vec<(String, Value)> {
        loop {
            let whole = self.text.rfind("\n\n").map_or("", |end| &self.text[..end]);
            let events: Vec<_> = whole.split("\n\n").filter_map(event).collect();
            if let Some(last) = events.iter().position(|(event, data)| is_last(event, data)) {
                return events.into_iter().take(last + 1).collect();
            }
            self.read().await;
        }
    }
}

/// The name and the data of an event, if they are whole.
pub(crate) fn event(text: &str) -> Option<(String, Value)> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name));
    Some((field("event: ")?.to_owned(), serde_json::from_str(field("data: ")?).ok()?))
}

/// How long anything may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
