//! Telegram, by its Bot API: messages, topics, replies, reactions, files and commands that are offered.
//!
//! Identity is a person's number, never their name. See the README for what the network can and cannot do.

mod api;
mod config;
mod fault;
mod hearing;
mod inbound;
mod limits;
mod outbound;
mod outbox;
mod place;
mod polling;
mod rooms;
mod saying;
mod session;
mod webhook;

use std::sync::Arc;

use fulmar_contract::{
    Backend, BoxFuture, Capabilities, Counts, Failure, Identity, Kind, Limit, Link, Markup, Options, RoomId, Unit,
};

use api::Api;
use config::{Config, Mode};
use place::Place;
use rooms::Rooms;

/// `kind = "telegram"`.
pub const KIND: Kind = Kind { name: "telegram", build: config::build };

/// Telegram's end of the Bot API, for those who play it themselves.
pub trait Server: Send + Sync {
    /// Answers a call of `method` with an HTTP status and a body, or with nothing, as a connection does that breaks. Its
    /// `parameters` are JSON; none are told of a call that brings a file.
    fn answer(&self, method: &str, parameters: &[u8]) -> Option<(u16, Vec<u8>)>;
}

/// Runs one session of the chat that `options` describe with `server` in Telegram's place: everything but HTTP.
///
/// # Errors
/// Anything that ended the session, and [`Failure::Misconfigured`] when `options` describe no chat.
pub async fn run_over(server: impl Server + 'static, options: &mut Options, link: Link) -> Result<(), Failure> {
    let config = options.chat(config::read)?;
    let rooms = Rooms::new(&config);
    session::run_over(Api::Played(Box::new(server)), &config, &rooms, link).await
}

/// A bot on Telegram.
#[derive(Debug)]
struct Telegram {
    config: Arc<Config>,
    rooms: Arc<Rooms>,
}

impl Telegram {
    fn new(config: Config) -> Self {
        let rooms = Arc::new(Rooms::new(&config));
        Self { config: Arc::new(config), rooms }
    }
}

impl Backend for Telegram {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            markup: Markup::InlineHtml,
            counts: Counts::Shown,
            multiline: true,
            threads: true,
            replies: true,
            reactions: true,
            files: Some(outbound::LARGEST_FILE),
            offers: outbound::MOST_COMMANDS,
            edits: true,
            ..Capabilities::plain(Limit { max: outbound::LONGEST_TEXT, unit: Unit::Utf16 })
        }
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        Place::read(name).map(Place::room)
    }

    fn direct(&self, name: &str) -> Option<RoomId> {
        Place::read(name).filter(|place| place.chat > 0).map(Place::room)
    }

    fn private(&self, who: &Identity) -> Option<RoomId> {
        match who {
            Identity::Claimed(_) => None,
            Identity::Vouched(id) => self.direct(id.as_str()),
        }
    }

    fn is_called(&self) -> bool {
        matches!(self.config.mode, Mode::Webhook(_))
    }

    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>> {
        let (config, rooms) = (Arc::clone(&self.config), Arc::clone(&self.rooms));
        Box::pin(async move { session::run(&config, &rooms, link).await })
    }
}
