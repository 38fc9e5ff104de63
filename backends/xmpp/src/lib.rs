//! XMPP: RFC 6120 and 6121 as servers speak them, with the extensions that make rooms dependable.
//!
//! Identity is the address of the account, never the nick. See the README for what the network can and cannot do.

mod address;
mod archive;
mod config;
mod connection;
mod hearing;
mod id;
mod inbound;
mod lasting;
mod login;
mod names;
mod outbound;
mod outbox;
mod put;
mod questions;
mod refusal;
mod rooms;
mod sasl;
mod service;
mod session;
mod sieve;
mod text;
mod time;
mod tls;
mod uploads;
mod wire;
mod xml;

use std::sync::Arc;

use fulmar_contract::{
    Backend, BoxFuture, Capabilities, Failure, Identity, Kind, Limit, Link, Markup, Options, RoomId, Unit,
};
use jid::Jid;
use tokio::io::{AsyncRead, AsyncWrite};

use config::Config;
use lasting::Lasting;

/// `kind = "xmpp"`.
pub const KIND: Kind = Kind { name: "xmpp", build: config::build };

/// Runs one session of the chat that `options` describe over `stream`, whose other end is the server and which nobody else
/// can read: everything but the connecting, for those who play the server themselves.
///
/// # Errors
/// Anything that ended the session, and [`Failure::Misconfigured`] when `options` describe no chat.
pub async fn run_over(
    stream: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static,
    options: &mut Options,
    link: Link,
) -> Result<(), Failure> {
    let config = options.chat(config::read)?;
    let lasting = Lasting::new(config.rooms.clone());
    session::run_over(Box::new(stream), &config, &lasting, link).await
}

/// A chat of one XMPP account.
#[derive(Debug)]
struct Xmpp {
    config: Arc<Config>,
    lasting: Arc<Lasting>,
}

impl Xmpp {
    fn new(config: Config) -> Self {
        let lasting = Arc::new(Lasting::new(config.rooms.clone()));
        Self { config: Arc::new(config), lasting }
    }
}

impl Backend for Xmpp {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            markup: Markup::Styling,
            multiline: true,
            threads: true,
            replies: true,
            reactions: true,
            files: self.config.uploads.then_some(uploads::LARGEST),
            window: 8,
            edits: true,
            joins: true,
            ..Capabilities::plain(Limit { max: self.config.longest, unit: Unit::Bytes })
        }
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        config::address(name).map(|room| RoomId::new(room.as_str()))
    }

    /// A person is written as a room is.
    fn direct(&self, name: &str) -> Option<RoomId> {
        self.room(name)
    }

    /// For somebody who is only known from a room, their place in it.
    fn private(&self, who: &Identity) -> Option<RoomId> {
        match who {
            Identity::Claimed(place) => {
                let place = Jid::new(place).ok().filter(|place| place.is_full() && place.node().is_some())?;
                Some(RoomId::new(place.as_str()))
            }
            Identity::Vouched(person) => self.direct(person.as_str()),
        }
    }

    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>> {
        let (config, lasting) = (Arc::clone(&self.config), Arc::clone(&self.lasting));
        Box::pin(async move { session::run(&config, &lasting, link).await })
    }
}
