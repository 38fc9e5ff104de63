//! Identifiers. Only a backend makes or parses one; to everybody else they are opaque text that can be
//! compared, stored and shown.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an identifier. For backends, and for what a backend once made and the journal kept.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The identifier as the backend wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// A message, unique within its chat for as long as the network can repeat it.
    MessageId
}
id! {
    /// A room, in the network's canonical spelling: two spellings of one room are one `RoomId`.
    RoomId
}
id! {
    /// A thread within a room.
    ThreadId
}
id! {
    /// A person's stable identity on the network: what cannot be taken by somebody else overnight.
    UserId
}
