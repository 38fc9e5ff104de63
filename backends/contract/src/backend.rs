//! [`Backend`]: one configured chat, and [`Link`]: what a session of it is given.

use std::{future::Future, pin::Pin, sync::Arc, time::SystemTime};

use tokio::sync::mpsc;

use crate::{
    Call, Capabilities, Failure, Heard, Identity, MessageId, Options, Order, Reaction, RoomId, Sender, ThreadId,
};

/// A future that may be sent to another thread.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send + 'static>>;

/// A kind of network, as the gateway's table of kinds lists it.
#[derive(Clone, Copy)]
pub struct Kind {
    /// The word in `kind = "..."`, lower case.
    pub name: &'static str,
    /// Reads the chat's own keys out of `options`, noting every problem there, and returns the backend
    /// unless something was wrong. Called at start and by `check`: makes no connection, reads no file
    /// but those that hold secrets or certificates.
    pub build: fn(options: &mut Options) -> Option<Arc<dyn Backend>>,
}

/// One configured chat.
///
/// Built once; [`Backend::run`] is called once for each life.
pub trait Backend: Send + Sync + 'static {
    /// What this chat can do. Constant for the life of the value.
    fn capabilities(&self) -> Capabilities;

    /// The room that an operator or a StackStorm payload means by `name`; `None` if no room can be called so.
    /// Makes no network call and does not say that the room exists or has been joined.
    fn room(&self, name: &str) -> Option<RoomId>;

    /// The one-to-one room with the person called `name`; `None` where the network cannot tell from a name.
    fn direct(&self, name: &str) -> Option<RoomId>;

    /// The one-to-one room with somebody; `None` where the network cannot tell.
    fn private(&self, who: &Identity) -> Option<RoomId> {
        self.direct(who.as_str())
    }

    /// The thread that begins at a message, opened by whoever first writes in it; `None` where threads are opened otherwise.
    fn thread_at(&self, _message: &MessageId) -> Option<ThreadId> {
        None
    }

    /// Whether the network calls us over HTTP ([`Link::calls`]), so that the gateway has to be reachable from outside.
    fn is_called(&self) -> bool {
        false
    }

    /// Runs one session: connects, says [`Event::Online`], then reports and obeys until the session ends.
    ///
    /// Returns `Ok` only after `link.orders` was closed and the network was left politely. Dropping the
    /// future must close the connection.
    ///
    /// # Errors
    /// Anything that ended the session, with the way to recover from it.
    fn run(&self, link: Link) -> BoxFuture<Result<(), Failure>>;
}

/// The two ends that a session works with.
#[derive(Debug)]
pub struct Link {
    /// Whether a cached login may be used.
    pub login: Login,
    /// What the session reports. Bounded: a session that waits here stops reading from the network.
    pub events: mpsc::Sender<Event>,
    /// What the session is to say. Closed means "leave politely".
    pub orders: mpsc::Receiver<Order>,
    /// What the network posts to us over HTTP, at [`Link::address`] or below it. Nothing comes unless [`Backend::is_called`].
    pub calls: mpsc::Receiver<Call>,
    /// Where we are called, as others see it: an address without a slash at its end. `None` if the operator has not said.
    pub address: Option<String>,
    /// Since when this chat may have missed something: the time when an earlier life of it, or an earlier process, last
    /// heard. `None` the first time. A backend whose network keeps a history reports what was said since; to report
    /// something twice does no harm, since the gateway knows messages by their ids.
    pub since: Option<SystemTime>,
}

impl Link {
    /// A link of a session that nobody calls and that has missed nothing.
    pub fn new(login: Login, events: mpsc::Sender<Event>, orders: mpsc::Receiver<Order>) -> Self {
        let (_, calls) = mpsc::channel(1);
        Self { login, events, orders, calls, address: None, since: None }
    }
}

/// How to log in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Login {
    /// Discard any cached session or token and log in anew.
    Fresh,
    /// As usual.
    #[default]
    Usual,
}

/// What a session reports, in the order in which it happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Somebody wrote something. Never the session's own words, never what was said before [`Link::since`].
    Heard(Heard),
    /// Nobody will write anything any more, as at the end of standard input. Said at most once; the session
    /// goes on obeying orders until they close. Networks that never end do not say it.
    InputEnded,
    /// A room is joined: posts to it can be delivered.
    Joined(RoomId),
    /// A room is not, or is no longer, joined.
    Left {
        /// The room.
        room: RoomId,
        /// Why, for an operator to read.
        why: String,
    },
    /// The session is logged in. Said once, before anything else.
    Online {
        /// Who we are on the network.
        me: Sender,
        /// The rooms to be in, configured or ordered: each will be [`Event::Joined`] or [`Event::Left`].
        rooms: Vec<RoomId>,
        /// Whether the network vouches for people who are known to it ([`crate::Identity::Vouched`]). If not, a name
        /// is all there ever is to know an administrator by.
        vouches: bool,
    },
    /// A room was left as ordered: it is not one of those to be in any more.
    Parted(RoomId),
    /// Somebody reacted to a message of ours. Never our own reactions.
    Reacted(Reaction),
}
