//! Updates that the bot is still to be told.

use std::collections::VecDeque;

use serde_json::{Value, json};

/// The updates that nobody has confirmed, and who asks for them.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: VecDeque<(i64, Value)>,
    next: i64,
    /// The kinds that the bot wants; the usual ones if it has not said.
    allowed: Option<Vec<String>>,
    /// Of the last who asked: whoever asked before is sent away.
    pub(crate) poller: u64,
    /// How many are waiting for updates now.
    pub(crate) polling: usize,
}

/// Where updates are posted to.
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
    pub(crate) max_connections: i64,
    /// When it last failed, and why.
    pub(crate) error: Option<(u64, String)>,
}

impl Default for Queue {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), next: 700_001, allowed: None, poller: 0, polling: 0 }
    }
}

impl Queue {
    /// Appends an update of a kind, if the bot wants that kind.
    pub(crate) fn push(&mut self, kind: &str, content: &Value) {
        let is_wanted = match &self.allowed {
            Some(allowed) => allowed.iter().any(|word| word == kind),
            // Documented: all but these.
            None => !matches!(kind, "chat_member" | "message_reaction" | "message_reaction_count"),
        };
        if is_wanted {
            self.push_raw(&json!({kind: content}));
        }
    }

    /// Appends an update as it is.
    pub(crate) fn push_raw(&mut self, update: &Value) {
        let mut update = update.clone();
        update["update_id"] = json!(self.next);
        self.waiting.push_back((self.next, update));
        self.next += 1;
    }

    /// Sets which kinds are wanted. An empty list stands for the usual ones.
    pub(crate) fn allow(&mut self, allowed: Option<&Value>) {
        let Some(Value::Array(words)) = allowed else { return };
        let words: Vec<String> = words.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        self.allowed = (!words.is_empty()).then_some(words);
    }

    /// Forgets what is confirmed: all before `offset`, or all but the last ones if it is negative.
    pub(crate) fn confirm(&mut self, offset: i64) {
        if offset < 0 {
            let keep = usize::try_from(offset.unsigned_abs()).unwrap_or(usize::MAX);
            let gone = self.waiting.len().saturating_sub(keep);
            self.waiting.drain(..gone);
        } else {
            self.waiting.retain(|(id, _)| *id >= offset);
        }
    }

    /// The first ones, which stay there.
    pub(crate) fn first(&self, limit: usize) -> Vec<Value> {
        self.waiting.iter().take(limit).map(|(_, update)| update.clone()).collect()
    }

    /// Forgets an update that a webhook has taken.
    pub(crate) fn taken(&mut self, id: i64) {
        self.waiting.retain(|(other, _)| *other != id);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(queue: &Queue) -> Vec<i64> {
        queue.first(100).iter().map(|update| update["update_id"].as_i64().unwrap() - 700_000).collect()
    }

    #[test]
    fn what_is_not_confirmed_comes_again() {
        let mut queue = Queue::default();
        for _ in 0..3 {
            queue.push("message", &Value::Null);
        }

        queue.confirm(0);
        assert_eq!(ids(&queue), [1, 2, 3]);
        queue.confirm(700_002);
        assert_eq!(ids(&queue), [2, 3]);
        queue.confirm(-1);
        assert_eq!(ids(&queue), [3]);
    }

    #[test]
    fn only_what_is_wanted_comes() {
        let mut queue = Queue::default();

        queue.push("message_reaction", &Value::Null);
        assert_eq!(queue.len(), 0, "it has to be asked for");
        queue.allow(Some(&json!(["message_reaction"])));
        queue.push("message_reaction", &Value::Null);
        queue.push("message", &Value::Null);
        assert_eq!(queue.len(), 1);
    }
}
