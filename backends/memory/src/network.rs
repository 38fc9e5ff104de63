//! [`Network`]: the rooms, the peers' end of them, and the switches that make it fail.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use fulmar_contract::{Failure, MessageId, Post, Receipt, RoomId, ThreadId, Undelivered};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::inbound;

/// A network in memory. Clones are the same network.
#[derive(Clone, Debug)]
pub struct Network(Arc<Shared>);

/// What becomes of the posts that a [`Network`] is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// They are taken.
    #[default]
    Accept,
    /// They are not taken, for this reason.
    Fail(Undelivered),
    /// They are taken, but no receipt comes before the session ends: the sender cannot know.
    Silence,
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    answer: Answer,
    /// The rooms that we are not in.
    elsewhere: Vec<RoomId>,
    /// The messages that posts with these keys became.
    keys: HashMap<String, MessageId>,
    last: Option<Said>,
    number: u64,
    poison: Option<String>,
    posts: Vec<Written>,
    refuse_logins: bool,
    /// The rooms that we are in.
    rooms: Vec<RoomId>,
    unheard: VecDeque<(RoomId, String)>,
    /// The edits that nobody has looked at.
    unseen: VecDeque<(RoomId, String)>,
    wire: Option<mpsc::Sender<Wire>>,
    withheld: Vec<oneshot::Sender<Result<Receipt, Undelivered>>>,
}

/// A post that was taken, and the message that it became; none once that is gone.
#[derive(Debug)]
struct Written {
    message: Option<MessageId>,
    post: Post,
}

/// What the network sends to the session.
#[derive(Debug)]
pub(crate) enum Wire {
    Panic,
    Removed { room: RoomId, why: String },
    Said(Said),
}

/// A message on the wire. A session sees its own posts too, as on most networks.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub(crate) at: SystemTime,
    pub(crate) number: u64,
    pub(crate) room: RoomId,
    pub(crate) thread: Option<ThreadId>,
    pub(crate) by: String,
    pub(crate) text: String,
}

/// For the peers and for tests.
impl Network {
    /// A network with these rooms, which every session joins.
    pub fn new<S: AsRef<str>>(rooms: impl IntoIterator<Item = S>) -> Self {
        let rooms = rooms.into_iter().filter_map(|name| inbound::room(name.as_ref())).collect();
        let state = Mutex::new(State { rooms, ..State::default() });
        Self(Arc::new(Shared { state, changed: Notify::new() }))
    }

    /// `by` writes `text` in the room called `room`. Returns whether a session was there to hear it.
    pub async fn say(&self, room: &str, by: &str, text: &str) -> bool {
        let Some(room) = inbound::room(room) else { return false };
        self.said(room, None, by, text, SystemTime::now()).await
    }

    /// As [`Network::say`], at another time by the network's clock.
    pub async fn say_at(&self, at: SystemTime, room: &str, by: &str, text: &str) -> bool {
        let Some(room) = inbound::room(room) else { return false };
        self.said(room, None, by, text, at).await
    }

    /// The network brings the last message once more. Returns whether there was one and a session to hear it.
    pub async fn repeat(&self) -> bool {
        let last = self.state().last.clone();
        match last {
            Some(said) => self.send(Wire::Said(said)).await,
            None => false,
        }
    }

    /// `by` writes `text` in a thread of the room called `room`. Returns whether a session was there.
    pub async fn say_in_thread(&self, room: &str, thread: &str, by: &str, text: &str) -> bool {
        let Some(room) = inbound::room(room) else { return false };
        self.said(room, Some(ThreadId::new(thread)), by, text, SystemTime::now()).await
    }

    /// `by` writes `text` to us alone. Returns whether a session was there to hear it.
    pub async fn whisper(&self, by: &str, text: &str) -> bool {
        let Some(room) = inbound::direct(by) else { return false };
        self.said(room, None, by, text, SystemTime::now()).await
    }

    /// The next text, in `room`, that no call has returned yet. Waits for it.
    pub async fn hear(&self, room: &RoomId) -> String {
        self.when(|state| take(&mut state.unheard, room)).await
    }

    /// The next text that was put, in `room`, in the place of another, and that no call has returned yet. Waits for it.
    pub async fn see_edit(&self, room: &RoomId) -> String {
        self.when(|state| take(&mut state.unseen, room)).await
    }

    /// Every post that was taken, oldest first, as it reads now.
    pub fn posts(&self) -> Vec<Post> {
        self.state().posts.iter().map(|written| written.post.clone()).collect()
    }

    /// Takes all messages away, so that none can be edited any more.
    pub fn forget_messages(&self) {
        self.state().posts.iter_mut().for_each(|written| written.message = None);
    }

    /// Decides over all posts from now on.
    pub fn answer(&self, answer: Answer) {
        self.state().answer = answer;
    }

    /// From now on, sessions panic over posts that have `text` in them.
    pub fn poison(&self, text: &str) {
        self.state().poison = Some(text.to_owned());
    }

    /// Whether logins are refused from now on.
    pub fn refuse_logins(&self, refuse: bool) {
        self.state().refuse_logins = refuse;
    }

    /// Cuts the connection of the session, if there is one.
    pub fn sever(&self) {
        let mut state = self.state();
        state.wire = None;
        state.withheld.clear();
    }

    /// Makes the session panic.
    pub async fn make_it_panic(&self) {
        self.send(Wire::Panic).await;
    }

    /// Adds the room called `room`, which no session joins before it is told to.
    pub fn add(&self, room: &str) {
        self.state().elsewhere.extend(inbound::room(room));
    }

    /// Removes the room called `room`: the session has to leave, and posts to it are refused.
    pub async fn remove(&self, room: &str, why: &str) {
        let Some(room) = inbound::room(room) else { return };
        self.state().rooms.retain(|there| *there != room);
        self.send(Wire::Removed { room, why: why.into() }).await;
    }

    /// Waits until a session is logged in.
    pub async fn online(&self) {
        self.when(|state| state.wire.as_ref().filter(|wire| !wire.is_closed()).map(|_| ())).await;
    }

    /// Waits until no session is logged in.
    pub async fn offline(&self) {
        let wire = self.state().wire.clone();
        if let Some(wire) = wire {
            wire.closed().await;
        }
    }

    async fn said(&self, room: RoomId, thread: Option<ThreadId>, by: &str, text: &str, at: SystemTime) -> bool {
        let said = {
            let mut state = self.state();
            if state.elsewhere.contains(&room) {
                return false;
            }
            let number = state.next_number();
            let said = Said { at, number, room, thread, by: by.into(), text: text.into() };
            state.last = Some(said.clone());
            said
        };
        self.send(Wire::Said(said)).await
    }

    async fn send(&self, wire: Wire) -> bool {
        let session = self.state().wire.clone();
        match session {
            Some(session) => session.send(wire).await.is_ok(),
            None => false,
        }
    }

    async fn when<T>(&self, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        loop {
            let changed = self.0.changed.notified();
            if let Some(found) = look(&mut self.state()) {
                return found;
            }
            changed.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For the session.
impl Network {
    pub(crate) fn log_in(&self) -> Result<mpsc::Receiver<Wire>, Failure> {
        let mut state = self.state();
        if state.refuse_logins {
            return Err(Failure::Credentials { why: "the network refuses logins".into() });
        }
        let (wire, session) = mpsc::channel(64);
        state.wire = Some(wire);
        drop(state);
        self.0.changed.notify_waiters();
        Ok(session)
    }

    pub(crate) fn rooms(&self) -> Vec<RoomId> {
        self.state().rooms.clone()
    }

    pub(crate) fn join(&self, room: &RoomId) -> Result<(), String> {
        let State { elsewhere, rooms, .. } = &mut *self.state();
        if !rooms.contains(room) {
            rooms.push(take_out(elsewhere, room).ok_or_else(|| format!("there is no room {room}"))?);
        }
        Ok(())
    }

    pub(crate) fn leave(&self, room: &RoomId) -> Result<(), String> {
        let State { elsewhere, rooms, .. } = &mut *self.state();
        elsewhere.push(take_out(rooms, room).ok_or_else(|| format!("not in {room}"))?);
        Ok(())
    }

    /// Takes `post`, which reads as `line`. `None` when the network is to stay silent about it.
    pub(crate) fn take(&self, post: Post, line: String) -> Option<Result<Receipt, Undelivered>> {
        let mut state = self.state();
        let is_poison = state.poison.as_ref().is_some_and(|poison| post.text.contains(poison));
        if is_poison {
            drop(state);
            panic!("a post makes the session panic, as it was told to");
        }
        if !inbound::is_direct(&post.room) && !state.rooms.contains(&post.room) {
            return Some(Err(Undelivered::Refused { why: format!("there is no room {}", post.room) }));
        }
        if let Answer::Fail(undelivered) = &state.answer {
            return Some(Err(undelivered.clone()));
        }
        let number = state.next_number();
        let message =
            state.keys.entry(post.key.clone()).or_insert_with(|| MessageId::new(number.to_string())).clone();
        if message.as_str() == number.to_string() {
            state.unheard.push_back((post.room.clone(), line));
            state.posts.push(Written { message: Some(message.clone()), post });
        }
        self.taken(state, message)
    }

    /// Puts `post`, which reads as `line`, in the place of `message`; as [`Network::take`].
    pub(crate) fn edit(
        &self,
        message: &MessageId,
        post: Post,
        line: String,
    ) -> Option<Result<Receipt, Undelivered>> {
        let mut state = self.state();
        if let Answer::Fail(undelivered) = &state.answer {
            return Some(Err(undelivered.clone()));
        }
        let is_it = |it: &&mut Written| it.message.as_ref() == Some(message) && it.post.room == post.room;
        let Some(written) = state.posts.iter_mut().find(is_it) else {
            return Some(Err(Undelivered::Refused { why: format!("there is no message {message}") }));
        };
        let room = post.room.clone();
        written.post = post;
        state.unseen.push_back((room, line));
        self.taken(state, message.clone())
    }

    fn taken(&self, state: MutexGuard<'_, State>, message: MessageId) -> Option<Result<Receipt, Undelivered>> {
        let silent = state.answer == Answer::Silence;
        drop(state);
        self.0.changed.notify_waiters();
        (!silent).then_some(Ok(Receipt { id: Some(message) }))
    }

    /// Keeps `receipt` untold as long as the session lasts; it may have been cut off just now.
    pub(crate) fn withhold(&self, receipt: oneshot::Sender<Result<Receipt, Undelivered>>) {
        let mut state = self.state();
        if state.wire.is_some() {
            state.withheld.push(receipt);
        }
    }
}

/// The first text of `room` in a queue of several rooms' texts.
fn take(texts: &mut VecDeque<(RoomId, String)>, room: &RoomId) -> Option<String> {
    let at = texts.iter().position(|(there, _)| there == room)?;
    texts.remove(at).map(|(_, text)| text)
}

fn take_out(rooms: &mut Vec<RoomId>, room: &RoomId) -> Option<RoomId> {
    let at = rooms.iter().position(|there| there == room)?;
    Some(rooms.swap_remove(at))
}

impl State {
    const fn next_number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }
}
