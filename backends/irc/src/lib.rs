//! IRC: RFC 1459 and 2812 as servers speak them, with the parts of IRCv3 that make it dependable.
//!
//! Identity is the services account, never the nick. See the README for what the network can and cannot do.

mod casemap;
mod colour;
mod config;
mod connection;
mod framing;
mod handshake;
mod hearing;
mod history;
mod inbound;
mod lasting;
mod nick;
mod outbound;
mod outbox;
mod parked;
mod people;
mod refusal;
mod rooms;
mod sasl;
mod services;
mod session;
mod support;
mod tags;
mod text;
mod throttle;
mod whom;

use std::sync::Arc;

use fulmar_contract::{
    Backend, BoxFuture, Capabilities, Failure, Identity, Kind, Limit, Link, Markup, Options, RoomId, Unit,
};
use tokio::io::{AsyncRead, AsyncWrite};

use config::Config;
use connection::Connection;
use lasting::Lasting;

/// `kind = "irc"`.
pub const KIND: Kind = Kind { name: "irc", build: config::build };

/// Runs one session of the chat that `options` describe over `stream`, whose other end is the server: everything but
/// the connecting, for those who play the server themselves.
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
    session::run_over(Connection::over(stream), &config, &lasting, link).await
}

/// A chat on one IRC network.
#[derive(Debug)]
struct Irc {
    config: Arc<Config>,
    lasting: Arc<Lasting>,
}

impl Irc {
    fn new(config: Config) -> Self {
        let lasting = Arc::new(Lasting::new(config.rooms.clone()));
        Self { config: Arc::new(config), lasting }
    }
}

impl Backend for Irc {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            colours: self.config.colours,
            markup: if self.config.marks { Markup::Mirc } else { Markup::Plain },
            window: 8,
            joins: true,
            ..Capabilities::plain(Limit { max: outbound::safe_length(&self.config), unit: Unit::Bytes })
        }
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        outbound::is_room_name(name).then(|| RoomId::new(self.lasting.casemapping().fold(name)))
    }

    fn direct(&self, name: &str) -> Option<RoomId> {
        whom::named(name, &self.lasting).map(|whom| whom.room(self.lasting.casemapping()))
    }

    fn private(&self, who: &Identity) -> Option<RoomId> {
        whom::identified(who, &self.lasting).map(|whom| whom.room(self.lasting.casemapping()))
    }

    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>> {
        let (config, lasting) = (Arc::clone(&self.config), Arc::clone(&self.lasting));
        Box::pin(async move { session::run(&config, &lasting, link).await })
    }
}
