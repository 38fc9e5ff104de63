//! [`Harness`]: the network, as seen from its other end.

use std::{
    io::{self, Write},
    sync::Arc,
};

use async_trait::async_trait;
use fulmar_contract::{Backend, MessageId, RoomId, Sender};

/// A network with one peer in it, and backends that can reach it.
///
/// What has a body here is needed only by laws that a network may except.
#[async_trait]
pub trait Harness: Send + Sized {
    /// Starts a network of its own for one law, or `None` after [`skip`] when there is none to be had.
    async fn start() -> Option<Self>;

    /// The backend under test, configured to join [`Harness::room`] and to send as fast as it can. Called
    /// again, it returns an equal or the same one.
    fn backend(&self) -> Arc<dyn Backend>;

    /// The name of a room that the peer is in.
    fn room(&self) -> &str;

    /// What a person writes before a text to mean us.
    fn mention(&self, me: &Sender) -> String {
        format!("{}: ", me.name)
    }

    /// The peer writes in a room.
    async fn peer_says(&mut self, room: &RoomId, text: &str);

    /// The peer writes to `me` alone.
    async fn peer_says_directly(&mut self, me: &Sender, text: &str);

    /// The next text that the backend under test writes in `room`, which may be the peer's one-to-one room.
    async fn peer_hears(&mut self, room: &RoomId) -> String;

    /// Returns when the network has noticed that the backend's session is gone.
    async fn sees_us_leave(&mut self);

    /// Like [`Harness::backend`], with a login that the network refuses.
    fn backend_with_bad_login(&self) -> Arc<dyn Backend> {
        missing("backend_with_bad_login")
    }

    /// The name of another room that the peer is in, and that the backend is not configured to join.
    fn other_room(&self) -> &str {
        missing("other_room")
    }

    /// The name of a room that does not exist.
    fn unknown_room(&self) -> &str {
        missing("unknown_room")
    }

    /// The next text that the backend under test puts in the place of another in `room`. [`Harness::peer_hears`] does not
    /// return those. For networks with edits.
    async fn peer_sees_edit(&mut self, _room: &RoomId) -> String {
        missing("peer_sees_edit")
    }

    /// Takes a message of the backend under test away. For networks with edits.
    async fn forget(&mut self, _room: &RoomId, _message: &MessageId) {
        missing("forget")
    }

    /// Cuts the connection without a word.
    async fn sever(&mut self) {
        missing("sever")
    }

    /// Sends the session whatever the network can send that makes no sense.
    async fn garbage(&mut self) {
        missing("garbage")
    }
}

/// Says loudly that a test is left out because `what` is missing.
///
/// # Panics
/// When the environment has `CI=true`: there, nothing may be left out.
pub fn skip(what: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "{what} is missing, and CI=true");
    // Not by eprintln!, which the test runner keeps to itself when a test passes.
    drop(writeln!(io::stderr(), "SKIPPED: {what} is missing"));
}

fn missing(method: &str) -> ! {
    panic!("implement Harness::{method}, or except the law by name")
}
