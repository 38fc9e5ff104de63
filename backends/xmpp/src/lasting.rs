//! What a chat remembers from one session to the next, for as long as the process lives.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use fulmar_contract::MessageId;
use jid::BareJid;

use crate::{config::Wanted, id::Names};

/// A chat's memory. Each method takes a moment: it is never held across a wait.
#[derive(Debug)]
pub(crate) struct Lasting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The rooms to be in: the configured ones, and what was ordered since.
    rooms: Vec<Wanted>,
    /// Our own messages by the names that others call them, the oldest first in the queue.
    ours: HashMap<String, MessageId>,
    order: VecDeque<String>,
    /// Who reacted to our messages, and how.
    reactions: HashMap<(MessageId, String), BTreeSet<String>>,
}

impl Lasting {
    /// The memory of a chat that is to be in `rooms`.
    pub(crate) fn new(rooms: Vec<Wanted>) -> Self {
        Self(Mutex::new(State { rooms, ..State::default() }))
    }

    /// The rooms to be in.
    pub(crate) fn rooms(&self) -> Vec<Wanted> {
        self.state().rooms.clone()
    }

    /// A room is to be joined in later sessions, too.
    pub(crate) fn add(&self, room: Wanted) {
        self.state().rooms.push(room);
    }

    /// A room is not to be joined any more.
    pub(crate) fn remove(&self, room: &BareJid) {
        self.state().rooms.retain(|wanted| wanted.room != *room);
    }

    /// A message of ours is out.
    pub(crate) fn posted(&self, id: MessageId) {
        let name = Names::read(&id).stable;
        let state = &mut *self.state();
        state.order.push_back(name.clone());
        state.ours.insert(name, id);
        if state.order.len() > MOST
            && let Some(oldest) = state.order.pop_front()
            && let Some(gone) = state.ours.remove(&oldest)
        {
            state.reactions.retain(|(message, _), _| *message != gone);
        }
    }

    /// Somebody's reactions to a message are these, as far as it is ours. Returns the message, and what is new: emoji, and
    /// whether they were put there or taken away.
    pub(crate) fn reacted(
        &self,
        message: &str,
        who: &str,
        emoji: Vec<String>,
    ) -> Option<(MessageId, Vec<(String, bool)>)> {
        let state = &mut *self.state();
        let id = state.ours.get(message)?.clone();
        let key = (id.clone(), who.to_owned());
        let now: BTreeSet<String> = emoji.into_iter().collect();
        let before = state.reactions.remove(&key).unwrap_or_default();
        let gone = before.difference(&now).map(|emoji| (emoji.clone(), false));
        let new = now.difference(&before).map(|emoji| (emoji.clone(), true));
        let changes = gone.chain(new).collect();
        if !now.is_empty() && state.reactions.len() < MOST_REACTIONS {
            state.reactions.insert(key, now);
        }
        Some((id, changes))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of more messages of ours nothing is remembered.
const MOST: usize = 1_000;
/// Of more reactions nothing is remembered.
const MOST_REACTIONS: usize = 10_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn emoji(emoji: &[&str]) -> Vec<String> {
        emoji.iter().map(|emoji| (*emoji).to_owned()).collect()
    }

    #[test]
    fn of_all_reactions_the_changes_are_told() {
        let lasting = Lasting::new(Vec::new());
        let id = MessageId::new("stamp own");
        lasting.posted(id.clone());
        let changes = |who: &str, given: &[&str]| {
            let (message, changes) = lasting.reacted("stamp", who, emoji(given)).unwrap();
            assert_eq!(message, id);
            changes
        };

        assert_eq!(changes("ada", &["👍", "👍"]), [("👍".into(), true)]);
        assert_eq!(changes("ada", &["👍"]), []);
        assert_eq!(changes("bob", &["👍"]), [("👍".into(), true)]);
        assert_eq!(changes("ada", &["🎉"]), [("👍".into(), false), ("🎉".into(), true)]);
        assert_eq!(changes("ada", &[]), [("🎉".into(), false)]);
        assert_eq!(lasting.reacted("another", "ada", emoji(&["👍"])), None);
    }

    #[test]
    fn the_memory_is_bounded() {
        let lasting = Lasting::new(Vec::new());
        for number in 0..=MOST {
            lasting.posted(MessageId::new(number.to_string()));
        }

        assert_eq!(lasting.reacted("0", "ada", emoji(&["👍"])), None);
        assert!(lasting.reacted(&MOST.to_string(), "ada", emoji(&["👍"])).is_some());
    }
}
