//! Where people are heard, and where groups went. Lasts over the lives of a process.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use fulmar_contract::{RoomId, ThreadId};

use crate::{config::Config, place::Place};

/// The rooms of a chat as configured, with what was learnt of them.
#[derive(Debug)]
pub(crate) struct Rooms {
    wanted: Vec<Place>,
    direct: bool,
    /// Groups that became supergroups: their ids before and after.
    moved: Mutex<HashMap<i64, i64>>,
}

impl Rooms {
    pub(crate) fn new(config: &Config) -> Self {
        Self { wanted: config.rooms.clone(), direct: config.direct, moved: Mutex::default() }
    }

    /// The rooms as configured.
    pub(crate) fn wanted(&self) -> Vec<RoomId> {
        self.wanted.iter().map(|place| place.room()).collect()
    }

    /// The chats of the rooms as configured, each once.
    pub(crate) fn chats(&self) -> Vec<i64> {
        let mut chats: Vec<i64> = Vec::new();
        for place in &self.wanted {
            if !chats.contains(&place.chat) {
                chats.push(place.chat);
            }
        }
        chats
    }

    /// Notes that a group has another id. Returns whether that is news.
    pub(crate) fn note(&self, from: i64, to: i64) -> bool {
        self.moved().insert(from, to) != Some(to)
    }

    /// The id that a chat has now. A group moves once, as a supergroup never does.
    pub(crate) fn now(&self, chat: i64) -> i64 {
        self.moved().get(&chat).copied().unwrap_or(chat)
    }

    /// The room and thread of what is said in a chat, if it is to be heard.
    ///
    /// A topic that is configured is a room of its own; other topics are threads of theirs.
    pub(crate) fn hearing(&self, chat: i64, topic: Option<i32>) -> Option<(RoomId, Option<ThreadId>)> {
        let is_wanted =
            |topic| self.wanted.iter().any(|place| self.now(place.chat) == chat && place.topic == topic);
        if topic.is_some() && is_wanted(topic) {
            return Some((Place { chat, topic }.room(), None));
        }
        let is_private = chat > 0 && self.direct;
        let thread = topic.map(|topic| ThreadId::new(topic.to_string()));
        (is_private || is_wanted(None)).then(|| (Place::whole(chat).room(), thread))
    }

    /// The room of a message of which the topic is not known.
    pub(crate) fn around(&self, chat: i64) -> Option<RoomId> {
        let first = || self.wanted.iter().find(|place| self.now(place.chat) == chat);
        let whole = self.hearing(chat, None).map(|(room, _)| room);
        whole.or_else(|| first().map(|place| Place { chat, ..*place }.room()))
    }

    /// The rooms that we are in as long as we are in this chat: as configured and, if the chat moved, as they are called now.
    pub(crate) fn of(&self, chat: i64) -> Vec<RoomId> {
        let mut rooms = Vec::new();
        for place in self.wanted.iter().filter(|place| self.now(place.chat) == self.now(chat)) {
            let now = Place { chat: self.now(chat), ..*place };
            for room in [place.room(), now.room()] {
                if !rooms.contains(&room) {
                    rooms.push(room);
                }
            }
        }
        rooms
    }

    fn moved(&self) -> MutexGuard<'_, HashMap<i64, i64>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rooms(wanted: &[&str], direct: bool) -> Rooms {
        let wanted = wanted.iter().filter_map(|room| Place::read(room)).collect();
        Rooms { wanted, direct, moved: Mutex::default() }
    }

    fn heard(rooms: &Rooms, chat: i64, topic: Option<i32>) -> Option<(String, Option<String>)> {
        let (room, thread) = rooms.hearing(chat, topic)?;
        Some((room.to_string(), thread.map(|thread| thread.to_string())))
    }

    #[test]
    fn only_what_is_configured_is_heard() {
        let rooms = rooms(&["-1", "1001"], false);

        assert_eq!(heard(&rooms, -1, None), Some(("-1".into(), None)));
        assert_eq!(heard(&rooms, -1, Some(7)), Some(("-1".into(), Some("7".into()))));
        assert_eq!(heard(&rooms, 1001, None), Some(("1001".into(), None)));
        assert_eq!((heard(&rooms, -2, None), heard(&rooms, 1002, None)), (None, None));
    }

    #[test]
    fn a_configured_topic_is_a_room() {
        let topic = rooms(&["-1/7"], false);
        let both = rooms(&["-1/7", "-1"], false);

        assert_eq!(heard(&topic, -1, Some(7)), Some(("-1/7".into(), None)));
        assert_eq!((heard(&topic, -1, None), heard(&topic, -1, Some(8))), (None, None));
        assert_eq!(heard(&both, -1, Some(7)), Some(("-1/7".into(), None)));
        assert_eq!(heard(&both, -1, Some(8)), Some(("-1".into(), Some("8".into()))));
        assert_eq!((topic.around(-1), both.around(-1)), (Some(RoomId::new("-1/7")), Some(RoomId::new("-1"))));
    }

    #[test]
    fn everybody_is_heard_in_private_if_so_configured() {
        assert_eq!(heard(&rooms(&[], true), 1002, None), Some(("1002".into(), None)));
        assert_eq!(heard(&rooms(&[], true), -1002, None), None);
    }

    #[test]
    fn a_group_that_moved_is_heard_under_its_new_id() {
        let rooms = rooms(&["-5"], false);

        assert!(rooms.note(-5, -1005) && !rooms.note(-5, -1005));

        assert_eq!(heard(&rooms, -1005, None), Some(("-1005".into(), None)));
        assert_eq!((rooms.now(-5), rooms.now(-1005)), (-1005, -1005));
        assert_eq!(rooms.of(-1005), [RoomId::new("-5"), RoomId::new("-1005")]);
    }
}
