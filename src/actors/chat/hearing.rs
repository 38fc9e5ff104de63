//! Until when a chat has heard what is said in it. Outlives its lives, and by the Journal the process.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::SystemTime,
};

use fulmar_contract::Heard;
use tokio::task::JoinHandle;

/// What is known of one chat's hearing.
#[derive(Debug, Default)]
pub struct Hearing {
    /// When the last message was written, by its network's clock; before there was one, when the chat was first online.
    until: Option<SystemTime>,
    /// What the present session was told that it may have missed something since.
    resumed: Option<SystemTime>,
    /// The last messages, in short.
    last: VecDeque<u64>,
    /// The last time when the Journal was told: one follows the other.
    pub(super) telling: Option<JoinHandle<()>>,
}

impl Hearing {
    /// That of a chat of which an earlier process heard all until then.
    pub fn since(until: Option<SystemTime>) -> Self {
        Self { until, ..Self::default() }
    }

    /// Since when something may have been missed.
    pub const fn until(&self) -> Option<SystemTime> {
        self.until
    }

    /// A session is online. Whether it is the first ever, so that this is news.
    pub(super) fn begin(&mut self, now: SystemTime) -> bool {
        self.resumed = self.until;
        self.until.get_or_insert(now);
        self.resumed.is_none()
    }

    /// Takes note of a message. Says whether it is new, and not one that was heard before the present session.
    pub(super) fn note(&mut self, heard: &Heard, now: SystemTime) -> bool {
        let mut hasher = DefaultHasher::new();
        (&heard.room, &heard.id).hash(&mut hasher);
        let message = hasher.finish();
        if self.resumed.is_some_and(|resumed| heard.at <= resumed) && self.last.contains(&message) {
            return false;
        }
        if self.last.len() == MOST {
            self.last.pop_front();
        }
        self.last.push_back(message);
        // A clock that is ahead must not make us deaf to what is said until then.
        self.until = self.until.max(Some(heard.at.min(now)));
        true
    }
}

/// How many messages are known again.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use fulmar_contract::{Identity, MessageId, RoomId, Sender, Taken};

    use super::*;

    fn at(second: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(second)
    }

    fn heard(id: &str, second: u64) -> Heard {
        Heard {
            id: MessageId::new(id),
            room: RoomId::new("ops"),
            thread: None,
            sender: Sender { identity: Identity::Claimed("joe".into()), name: "joe".into(), direct: None },
            text: "run date".into(),
            mentioned: false,
            direct: false,
            at: at(second),
            taken: Taken::default(),
        }
    }

    #[test]
    fn what_was_heard_before_a_session_is_not_heard_in_it_again() {
        let mut hearing = Hearing::default();
        assert!(hearing.begin(at(0)));
        assert!(hearing.note(&heard("a", 10), at(10)) && hearing.note(&heard("b", 10), at(10)));

        assert!(!hearing.begin(at(20)));

        assert_eq!(hearing.until(), Some(at(10)));
        assert!(!hearing.note(&heard("b", 10), at(20)) && !hearing.note(&heard("a", 10), at(20)));
        assert!(hearing.note(&heard("c", 10), at(20)), "it was missed");
        assert_eq!(hearing.until(), Some(at(10)));
    }

    #[test]
    fn what_the_present_session_says_twice_is_left_to_the_journal() {
        let mut hearing = Hearing::since(Some(at(5)));
        hearing.begin(at(9));

        assert!(hearing.note(&heard("a", 10), at(10)) && hearing.note(&heard("a", 10), at(10)));
    }

    #[test]
    fn a_message_from_the_future_makes_nobody_deaf() {
        let mut hearing = Hearing::default();
        hearing.begin(at(0));

        hearing.note(&heard("a", 10_000), at(10));
        hearing.note(&heard("b", 4), at(11));

        assert_eq!(hearing.until(), Some(at(10)));
    }
}
