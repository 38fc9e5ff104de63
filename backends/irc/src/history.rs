//! What is a playback of the past, as servers and bouncers give it to those who come back: it was said to others, or
//! to an earlier session, and must not be taken for a command now.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime},
};

use crate::tags::Tags;

/// The open batches (IRCv3 batch) that play history back, and when the past ends.
#[derive(Debug)]
pub(crate) struct History {
    open: HashSet<String>,
    until: SystemTime,
}

impl History {
    /// Of a session that began when the server's clock showed `clock`. Where the server did not tell, our own clock
    /// counts, which may be quite another.
    pub(crate) fn since(clock: Option<SystemTime>) -> Self {
        let (began, slack) = clock.map_or_else(|| (SystemTime::now(), OTHER_CLOCK), |clock| (clock, SAME_CLOCK));
        Self { open: HashSet::new(), until: began.checked_sub(slack).unwrap_or(SystemTime::UNIX_EPOCH) }
    }

    /// Whether a message with these tags is of the past.
    pub(crate) fn has(&self, tags: &Tags) -> bool {
        self.holds(tags.batch.as_deref()) || tags.at.is_some_and(|at| at < self.until)
    }

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

    fn holds(&self, batch: Option<&str>) -> bool {
        batch.is_some_and(|batch| self.open.contains(batch))
    }
}

/// How much the clocks of one network's servers may differ.
const SAME_CLOCK: Duration = Duration::from_secs(5);
/// How much the server's clock and ours may differ.
const OTHER_CLOCK: Duration = Duration::from_mins(5);
/// More batches at a time are no honest server's.
const MOST: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_history_until_it_ends_and_so_is_what_is_nested_in_it() {
        let mut history = History::since(None);

        history.begin("a".into(), "chathistory", None);
        history.begin("b".into(), "draft/multiline", Some("a"));
        history.begin("c".into(), "netjoin", None);

        assert!(history.holds(Some("a")) && history.holds(Some("b")));
        assert!(!history.holds(Some("c")) && !history.holds(None));
        history.end("a");
        assert!(!history.holds(Some("a")));
    }

    #[test]
    fn what_was_said_before_the_session_began_is_history_by_the_servers_clock() {
        let clock = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let at =
            |seconds| Tags { at: Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)), ..Tags::default() };

        let history = History::since(Some(clock));

        assert!(history.has(&at(999_994)));
        assert!(!history.has(&at(999_996)) && !history.has(&at(1_000_001)) && !history.has(&Tags::default()));
    }

    #[test]
    fn where_the_server_does_not_tell_the_time_ours_counts_with_some_slack() {
        let ago = |minutes| Tags { at: Some(SystemTime::now() - Duration::from_mins(minutes)), ..Tags::default() };

        let history = History::since(None);

        assert!(history.has(&ago(6)) && !history.has(&ago(4)));
    }
}
