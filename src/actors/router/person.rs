//! Who counts as one person.

use fulmar_contract::{Heard, Identity};

/// A person in a chat, whichever room they write in. Without a word from the network it is the name that counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Person {
    pub(super) chat: String,
    pub(super) identity: Identity,
}

impl Person {
    /// Who wrote `heard` in `chat`.
    pub(super) fn of(chat: &str, heard: &Heard) -> Self {
        Self { chat: chat.to_owned(), identity: heard.sender.identity.clone() }
    }
}
