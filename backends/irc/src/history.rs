//! Which batches (IRCv3 batch) are a playback of the past.

use std::collections::HashSet;

/// The open batches that play history back.
#[derive(Debug, Default)]
pub(crate) struct History {
    open: HashSet<String>,
}

impl History {
    /// A batch of type `kind` began, perhaps within another.
    pub(crate) fn begin(&mut self, reference: String, kind: &str, within: Option<&str>) {
        let is_history = kind.ends_with("chathistory") || kind.ends_with("playback") || self.holds(within);
        if is_history && self.open.len() < MOST {
            self.open.insert(reference);
        }
    }

    /// A batch ended.
    pub(crate) fn end(&mut self, reference: &str) {
        self.open.remove(reference);
    }

    /// Whether a message of this batch is of the past.
    pub(crate) fn holds(&self, batch: Option<&str>) -> bool {
        batch.is_some_and(|batch| self.open.contains(batch))
    }
}

/// More batches at a time are no honest server's.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_history_until_it_ends_and_so_is_what_is_nested_in_it() {
        let mut history = History::default();

        history.begin("a".into(), "chathistory", None);
        history.begin("b".into(), "draft/multiline", Some("a"));
        history.begin("c".into(), "netjoin", None);

        assert!(history.holds(Some("a")) && history.holds(Some("b")));
        assert!(!history.holds(Some("c")) && !history.holds(None));
        history.end("a");
        assert!(!history.holds(Some("a")));
    }
}
