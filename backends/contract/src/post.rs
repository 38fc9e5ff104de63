//! Outgoing messages and what becomes of them.

use std::{fmt, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Identity, MessageId, RoomId, ThreadId};

/// One message to be written, already cut to [`crate::Capabilities::limit`].
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Where. A one-to-one room for a whisper.
    pub room: RoomId,
    /// The thread within the room; ignored where the network has none.
    pub thread: Option<ThreadId>,
    /// The message that it answers; ignored where the network cannot show that ([`crate::Capabilities::replies`]), and
    /// also if that message is gone.
    pub answers: Option<MessageId>,
    /// Whom to name at the beginning.
    pub mention: Option<Mention>,
    /// The text without any marks. Data only: whatever stands in it, it must never act as protocol or alert everybody.
    pub text: String,
    /// The same in the dialect of [`crate::Capabilities::markup`], if marks say more than the text alone. Made by the
    /// gateway, so its marks are to be obeyed; no other control characters or tags stand in it.
    pub marked: Option<String>,
    /// What is attached. Only where there are [`crate::Capabilities::files`]; the text is its caption.
    pub file: Option<File>,
    /// How good the news is: a colour, where [`crate::Capabilities::colours`] says that there are any.
    pub tone: Tone,
    /// The `extra.<kind>` object of a StackStorm ack or result; null when there is none. What a network
    /// does not know in it is ignored.
    pub extra: Value,
    /// Differs between any two posts and is equal in a second attempt at the same one: the idempotency
    /// key where the network takes one.
    pub key: String,
}

impl Post {
    /// A post of text alone.
    pub fn plain(room: RoomId, text: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            room,
            thread: None,
            answers: None,
            mention: None,
            text: text.into(),
            marked: None,
            file: None,
            tone: Tone::Neutral,
            extra: Value::Null,
            key: key.into(),
        }
    }

    /// What goes over the wire where there is one text only.
    pub fn written(&self) -> &str {
        self.marked.as_ref().unwrap_or(&self.text)
    }
}

/// A file to attach.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// What it is called: a bare name, without folders.
    pub name: String,
    /// Its media type (RFC 6838), as `text/plain`.
    pub media_type: String,
    /// What stands in it.
    pub content: Arc<[u8]>,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "File({}, {}, {} bytes)", self.name, self.media_type, self.content.len())
    }
}

/// How good the news of a post is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// It went wrong.
    Bad,
    /// It went well.
    Good,
    /// Neither, or nobody knows.
    #[default]
    Neutral,
    /// It did not go as it was meant to.
    Warning,
}

impl Tone {
    /// The tone that Slack's word for a colour stands for: StackStorm's packs write these.
    pub fn named(colour: &str) -> Option<Self> {
        match colour {
            "danger" => Some(Self::Bad),
            "good" => Some(Self::Good),
            "warning" => Some(Self::Warning),
            _ => None,
        }
    }
}

/// A person named in a post.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// Who.
    pub identity: Identity,
    /// What they are called.
    pub name: String,
}

/// The network took the post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The network's id of the message, where it tells.
    pub id: Option<MessageId>,
}

/// Why a post has no receipt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undelivered {
    /// Certainly not written, and may be written later.
    #[error("not sent: {why}")]
    Later {
        /// How long the network asked us to wait.
        after: Option<Duration>,
        /// Why, for an operator to read.
        why: String,
    },
    /// Certainly not written, and never will be as it is.
    #[error("refused: {why}")]
    Refused {
        /// Why, for an operator to read.
        why: String,
    },
    /// Perhaps written: the session ended before the network said so.
    #[error("unconfirmed: {why}")]
    Unknown {
        /// Why, for an operator to read.
        why: String,
    },
}

impl Undelivered {
    /// Why, for an operator to read.
    pub fn why(&self) -> &str {
        let (Self::Later { why, .. } | Self::Refused { why } | Self::Unknown { why }) = self;
        why
    }
}
