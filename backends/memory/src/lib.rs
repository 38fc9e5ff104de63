//! A network inside the process: the double that the gateway's tests talk through, and the template to copy
//! for a new backend.
//!
//! A test makes a [`Network`], keeps it as the peers' end, and gives the gateway a [`Memory`] on it. See the
//! crate's README for what to change when copying.

mod config;
mod inbound;
mod network;
mod outbound;
mod session;

use fulmar_contract::{
    Backend, BoxFuture, Capabilities, Failure, Kind, Limit, Link, Markup, MessageId, RoomId, ThreadId, Unit,
};

pub use network::{Answer, Network};

/// `kind = "memory"`: each chat gets a network of its own, in which nobody else is.
pub const KIND: Kind = Kind { name: "memory", build: config::build };

/// The header that tells a call of the network's from others.
pub const CALL_SECRET: &str = "x-memory-secret";

/// The chat on an in-process network.
#[derive(Clone, Debug)]
pub struct Memory {
    network: Network,
    capabilities: Capabilities,
    is_called: bool,
}

impl Memory {
    /// A chat on `network`.
    pub const fn new(network: Network) -> Self {
        Self { network, capabilities: Self::usual_capabilities(), is_called: false }
    }

    /// All that this network has, which is more than what a chat on it is said to do unless told otherwise.
    pub const fn all_capabilities() -> Capabilities {
        Capabilities {
            markup: Markup::InlineHtml,
            replies: true,
            reactions: true,
            files: Some(1024 * 1024),
            offers: 20,
            ..Self::usual_capabilities()
        }
    }

    const fn usual_capabilities() -> Capabilities {
        Capabilities {
            colours: true,
            multiline: true,
            threads: true,
            idempotent: true,
            edits: true,
            joins: true,
            ..Capabilities::plain(Limit { max: 4000, unit: Unit::Chars })
        }
    }

    /// The same chat, seeming to be of a network that can do less or more.
    #[must_use]
    pub fn with_capabilities(self, capabilities: Capabilities) -> Self {
        Self { capabilities, ..self }
    }

    /// The same chat, on a network that calls it over HTTP. It answers with what was posted, if the header
    /// [`CALL_SECRET`] is there.
    #[must_use]
    pub fn called(self) -> Self {
        Self { is_called: true, ..self }
    }
}

impl Backend for Memory {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.clone()
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        inbound::room(name)
    }

    fn direct(&self, name: &str) -> Option<RoomId> {
        inbound::direct(name)
    }

    fn thread_at(&self, message: &MessageId) -> Option<ThreadId> {
        self.capabilities.threads.then(|| ThreadId::new(message.as_str()))
    }

    fn is_called(&self) -> bool {
        self.is_called
    }

    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>> {
        let Self { network, capabilities, .. } = self.clone();
        Box::pin(async move { session::run(&network, &capabilities, link).await })
    }
}
