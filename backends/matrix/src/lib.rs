//! Matrix: the client-server API, with end-to-end encryption, by matrix-sdk.
//!
//! Identity is the user id. See the README for what the network can and cannot do.

mod address;
mod config;
mod failure;
mod hearing;
mod history;
mod inbound;
mod lasting;
mod login;
mod mention;
mod obeying;
mod outbound;
mod people;
mod session;
mod store;

use std::sync::Arc;

use fulmar_contract::{
    Backend, BoxFuture, Capabilities, Counts, Failure, Kind, Limit, Link, Markup, MessageId, RoomId, ThreadId,
    Unit,
};

use matrix_sdk::ruma::{UserId, serde::Raw};

use config::Config;
use inbound::Fact;
use lasting::Lasting;
use mention::Me;

/// `kind = "matrix"`.
pub const KIND: Kind = Kind { name: "matrix", build: config::build };

/// What somebody says with an event of a room's timeline, which is given as JSON, to whom has this user id and name: the text
/// without what it quotes, and without our mention at its beginning. For those who have no homeserver.
pub fn said(event: &str, user: &str, name: &str) -> Option<String> {
    let me = Me { id: UserId::parse(user).ok()?, name: name.to_owned() };
    let event = Raw::from_json_string(event.to_owned()).ok()?;
    if inbound::moved(&event, &me.id).is_some() {
        return None;
    }
    match inbound::read(&event, &me)? {
        Fact::Said(said) => Some(said.text),
        Fact::Reacted { .. } | Fact::Redacted(_) => None,
    }
}

/// A chat on one Matrix homeserver.
#[derive(Debug)]
struct Matrix {
    config: Arc<Config>,
    lasting: Arc<Lasting>,
}

impl Matrix {
    fn new(config: Config) -> Self {
        let lasting = Arc::new(Lasting::new(config.rooms.clone()));
        Self { config: Arc::new(config), lasting }
    }
}

impl Backend for Matrix {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            markup: Markup::Html,
            counts: Counts::Both,
            multiline: true,
            threads: true,
            replies: true,
            reactions: true,
            files: Some(outbound::LARGEST_FILE),
            idempotent: true,
            edits: true,
            joins: true,
            ..Capabilities::plain(Limit { max: outbound::LIMIT, unit: Unit::Bytes })
        }
    }

    fn room(&self, name: &str) -> Option<RoomId> {
        address::is_room(name).then(|| self.lasting.canonical(name))
    }

    fn direct(&self, name: &str) -> Option<RoomId> {
        address::is_full_user(name).then(|| RoomId::new(name))
    }

    fn thread_at(&self, message: &MessageId) -> Option<ThreadId> {
        outbound::event_id(message).map(|id| ThreadId::new(id.as_str()))
    }

    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>> {
        let (config, lasting) = (Arc::clone(&self.config), Arc::clone(&self.lasting));
        Box::pin(async move { session::run(&config, &lasting, link).await })
    }
}
