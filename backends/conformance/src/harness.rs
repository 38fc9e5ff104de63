//! [`Harness`]: the network, as seen from its other end.

use std::{
    io::{self, Write},
    sync::Arc,
};

use async_trait::async_trait;
use fulmar_contract::{Backend, File, MessageId, RoomId, Sender, ThreadId};

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

    /// The peer writes in a room, whether or not we are there.
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

    /// The next message that the backend under test writes in `room`, with all that belongs to it. One message is returned
    /// by this or by [`Harness::peer_hears`], never by both. For networks with threads, replies, files or marks.
    async fn peer_sees(&mut self, _room: &RoomId) -> Seen {
        missing("peer_sees")
    }

    /// The peer writes in a thread of a room, each time in the same one. For networks with threads.
    async fn peer_says_in_thread(&mut self, _room: &RoomId, _text: &str) {
        missing("peer_says_in_thread")
    }

    /// The peer makes a message of its own read differently. For networks with edits.
    async fn peer_edits(&mut self, _room: &RoomId, _message: &MessageId, _text: &str) {
        missing("peer_edits")
    }

    /// The peer reacts with `emoji`, and with nothing else, to a message of the backend under test; with `None`, it takes
    /// its reaction away. For networks with reactions.
    async fn peer_reacts(&mut self, _room: &RoomId, _message: &MessageId, _emoji: Option<&str>) {
        missing("peer_reacts")
    }

    /// Returns once `emoji` is the only reaction of the backend under test to a message; with `None`, once there is none.
    /// For networks with reactions.
    async fn peer_sees_reaction(&mut self, _room: &RoomId, _message: &MessageId, _emoji: Option<&str>) {
        missing("peer_sees_reaction")
    }

    /// Returns once the peer is offered these commands, and no others. For networks with offers.
    async fn peer_is_offered(&mut self, _words: &[&str]) {
        missing("peer_is_offered")
    }

    /// From now on, the peer is called otherwise. For networks that vouch for people.
    async fn peer_is_renamed(&mut self) {
        missing("peer_is_renamed")
    }

    /// Somebody else, who now has a name that was the peer's, writes in a room. For networks that vouch for people.
    async fn impostor_says(&mut self, _room: &RoomId, _name: &str, _text: &str) {
        missing("impostor_says")
    }

    /// Takes a message away, of the backend under test or of the peer. For networks with edits or replies.
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

/// What the peer sees of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The text as it is shown. Marks are not part of it, unless the network shows them, too.
    pub text: String,
    /// The pieces of the text that are shown bold.
    pub bold: Vec<String>,
    /// The thread in which it is.
    pub thread: Option<ThreadId>,
    /// The message that it is shown to answer.
    pub answers: Option<MessageId>,
    /// The file that it carries, as somebody who opens it gets it.
    pub file: Option<File>,
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
