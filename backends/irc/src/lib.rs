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
mod outbound;
mod outbox;
mod people;
mod rooms;
mod sasl;
mod session;
mod support;
mod tags;
mod text;
mod throttle;
mod tls;

use std::sync::Arc;

use fulmar_contract::{Backend, BoxFuture, Capabilities, Failure, Kind, Limit, Link, Markup, RoomId, Unit};
use tokio::sync::watch;

use casemap::CaseMapping;
use config::Config;

/// `kind = "irc"`.
pub const KIND: Kind = Kind { name: "irc", build: config::build };

/// A chat on one IRC network.
#[derive(Debug)]
struct Irc {
    config: Arc<Config>,
    /// How the network folds names, as the last life learned it.
    casemapping: Arc<watch::Sender<CaseMapping>>,
}

impl Irc {
    fn new(config: Config) -> Self {
        Self { config: Arc::new(config), casemapping: Arc::new(watch::Sender::default()) }
    }
}

impl Backend for Irc {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            markup: Markup::Irc,
            limit: Limit { max: outbound::safe_length(&self.config), unit: Unit::Bytes },
            colours: self.config.colours,
            multiline: false,
            threads: false,
            idempotent: false,
            joins: false,
        }
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        outbound::is_room_name(name).then(|| RoomId::new(self.casemapping.borrow().fold(name)))
    }

    fn direct(&self, name: &str) -> Option<RoomId> {
        outbound::is_nick(name).then(|| RoomId::new(self.casemapping.borrow().fold(name)))
    }

    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>> {
        let (config, casemapping) = (Arc::clone(&self.config), Arc::clone(&self.casemapping));
        Box::pin(async move { session::run(&config, &casemapping, link).await })
    }
}
