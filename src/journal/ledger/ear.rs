//! What is known of what was heard in one chat.

use std::collections::VecDeque;

use jiff::Timestamp;

use super::Message;
use crate::journal::{Answered, Dated, Entry};

/// What was heard in one chat.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Until when all that was said is dealt with.
    pub(super) until: Option<Timestamp>,
    /// The messages that were answered since and gave no command, with when they were written.
    answered: VecDeque<(Timestamp, Message)>,
}

impl Ear {
    /// All that was said before `until` is dealt with, and not heard again; it never goes back.
    pub(super) fn advance(&mut self, until: Timestamp) {
        self.until = self.until.max(Some(until));
        self.answered.retain(|(at, _)| Some(*at) >= self.until);
    }

    /// A message is answered.
    pub(super) fn note(&mut self, at: Timestamp, message: Message) {
        if self.answered.len() == MOST {
            self.answered.pop_front();
        }
        self.answered.push_back((at, message));
    }

    /// Whether a message was answered.
    pub(super) fn knows(&self, message: &Message) -> bool {
        self.answered.iter().any(|(_, known)| known == message)
    }

    /// The fewest entries that tell the same.
    pub(super) fn entries(&self, chat: &str, now: Timestamp) -> Vec<Dated> {
        let until = self.until.map(|until| Entry::HeardUntil(chat.to_owned(), until));
        let answered = self.answered.iter().map(|(at, (chat, room, message))| {
            let (chat, room, message) = (chat.clone(), room.clone(), message.clone());
            Entry::Answered(Answered { chat, room, message, at: *at })
        });
        until.into_iter().chain(answered).map(|entry| (now, entry)).collect()
    }
}

/// How many are known again. The Journal is told each minute until when all is heard, so these are those of a minute.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use fulmar_contract::{MessageId, RoomId};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn message(number: i64) -> Message {
        ("ops".into(), RoomId::new("room"), MessageId::new(number.to_string()))
    }

    #[test]
    fn only_what_may_be_heard_again_is_known_again() {
        let mut ear = Ear::default();
        (1..=9).for_each(|second| ear.note(at(second), message(second)));

        ear.advance(at(8));
        ear.advance(at(3));

        assert_eq!([7, 8, 9].map(|second| ear.knows(&message(second))), [false, true, true]);
        assert_eq!(ear.entries("ops", at(10)).len(), 3);
    }

    #[test]
    fn a_flood_is_not_remembered_for_ever() {
        let mut ear = Ear::default();

        (0..=1_000).for_each(|number| ear.note(at(number), message(number)));

        assert_eq!([0, 1].map(|number| ear.knows(&message(number))), [false, true]);
    }
}
