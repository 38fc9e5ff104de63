//! Incoming messages.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::{MessageId, RoomId, Taken, ThreadId, UserId};

/// A message that somebody wrote where we can read it.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// The network's id of the message, or one made by the backend where there is none.
    pub id: MessageId,
    /// Where it was written. For a direct message, the one-to-one room.
    pub room: RoomId,
    /// The thread within the room.
    pub thread: Option<ThreadId>,
    /// Who wrote it.
    pub sender: Sender,
    /// The text, decoded to plain Unicode; our own mention at its beginning is taken away.
    pub text: String,
    /// Whether the network's own mention of us stood at the beginning.
    pub mentioned: bool,
    /// Whether the room is one-to-one.
    pub direct: bool,
    /// When it was written, by the network's clock where it tells.
    pub at: SystemTime,
    /// Held until the message need not be heard again.
    pub taken: Taken,
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reaction {
    /// Where the message is.
    pub room: RoomId,
    /// The message.
    pub message: MessageId,
    /// Who reacted.
    pub sender: Sender,
    /// The emoji.
    pub emoji: String,
    /// Whether it was put there, or taken away.
    pub is_there: bool,
}

/// A person, or another program, on the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Who they are.
    pub identity: Identity,
    /// What they are called at the moment. For showing and for mentions, never for deciding.
    pub name: String,
    /// The one-to-one room with them, where the network has one.
    pub direct: Option<RoomId>,
}

/// Who somebody is, and whether the network vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identity {
    /// Only a name that anybody may take: an IRC nick without an account, say.
    Claimed(String),
    /// The network's stable identity.
    Vouched(UserId),
}

impl Identity {
    /// The identity as text to print; says nothing of whether it is vouched for.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Claimed(name) => name,
            Self::Vouched(id) => id.as_str(),
        }
    }

    /// Whether the network vouches for it.
    pub const fn is_vouched(&self) -> bool {
        matches!(self, Self::Vouched(_))
    }
}
