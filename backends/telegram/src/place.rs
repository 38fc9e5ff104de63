//! Places: a chat, or one topic of it. Pure.

use std::fmt;

use fulmar_contract::{MessageId, RoomId};

/// A chat, or one topic of a chat.
///
/// People's ids are positive, and so are those of the chats with them; groups' are negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) chat: i64,
    pub(crate) topic: Option<i32>,
}

impl Place {
    /// The place that is written as `-1001234567890`, or with a topic as `-1001234567890/42`.
    ///
    /// The topic that every forum has, "General", has no number: what is said there stands outside of topics.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (chat, topic) = match text.split_once('/') {
            Some((chat, topic)) => (chat, Some(number(topic).filter(|topic| *topic > 1)?)),
            None => (text, None),
        };
        let chat = number(chat).filter(|chat| *chat != 0)?;
        (topic.is_none() || chat < 0).then_some(Self { chat, topic })
    }

    /// The whole of a chat.
    pub(crate) const fn whole(chat: i64) -> Self {
        Self { chat, topic: None }
    }

    pub(crate) fn room(self) -> RoomId {
        RoomId::new(self.to_string())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.topic {
            Some(topic) => write!(f, "{}/{topic}", self.chat),
            None => write!(f, "{}", self.chat),
        }
    }
}

/// The id of a message: its number is unique within its chat only.
pub(crate) fn message_id(chat: i64, message: i32) -> MessageId {
    MessageId::new(format!("{chat}/{message}"))
}

/// The chat and the number of a message.
pub(crate) fn message(id: &MessageId) -> Option<(i64, i32)> {
    let (chat, message) = id.as_str().split_once('/')?;
    Some((number(chat)?, number(message)?))
}

/// A number in its usual spelling: two spellings of one room would be two rooms.
pub(crate) fn number<N: std::str::FromStr + ToString>(text: &str) -> Option<N> {
    text.parse().ok().filter(|number: &N| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_one_spelling() {
        for text in ["-1001234567890", "-5", "1001", "-1001234567890/42"] {
            assert_eq!(Place::read(text).map(|place| place.to_string()), Some(text.into()));
        }
        for text in [
            "",
            "0",
            "+5",
            "-05",
            "ops",
            "@ops",
            "-5/",
            "-5/1",
            "-5/-2",
            "1001/42",
            "-5/2/3",
            "99999999999999999999",
        ] {
            assert_eq!(Place::read(text), None, "{text}");
        }
    }

    #[test]
    fn a_message_is_known_by_its_chat_and_number() {
        assert_eq!(message(&message_id(-5, 7)), Some((-5, 7)));
        for id in ["", "7", "a/7", "-5/x", "-5/7/1"] {
            assert_eq!(message(&MessageId::new(id)), None, "{id}");
        }
    }
}
