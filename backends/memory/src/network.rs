//! [`Network`]: the rooms, the peers' end of them, and the switches that make it fail.

mod peers;

use std::{
    collections::{BTreeSet, HashMap, HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use fulmar_contract::{Failure, MessageId, Offered, Post, Receipt, RoomId, ThreadId, Undelivered};
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
    /// The messages that are not there any more.
    gone: HashSet<MessageId>,
    /// The messages that posts with these keys became.
    keys: HashMap<String, MessageId>,
    /// What people are called that are not called by their identity.
    names: HashMap<String, String>,
    number: u64,
    offers: Vec<Offered>,
    poison: Option<String>,
    posts: Vec<Written>,
    /// Our reactions.
    reactions: HashMap<(RoomId, MessageId), String>,
    refuse_logins: bool,
    /// The rooms that we are in.
    rooms: Vec<RoomId>,
    /// All that people have said.
    said: Vec<Said>,
    unheard: VecDeque<(RoomId, (String, Post))>,
    /// What is said in the next session again, unless it is taken before this one ends; `None` where nothing is.
    untaken: Option<BTreeSet<u64>>,
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
    /// A message reads differently now.
    Edited,
    Panic,
    Reacted(Reacted),
    Removed {
        room: RoomId,
        why: String,
    },
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
    pub(crate) name: String,
    pub(crate) text: String,
}

/// A reaction on the wire: it came, or it went.
#[derive(Debug)]
pub(crate) struct Reacted {
    pub(crate) room: RoomId,
    pub(crate) message: MessageId,
    pub(crate) by: String,
    pub(crate) name: String,
    pub(crate) emoji: String,
    pub(crate) is_there: bool,
}

/// What a session begins with.
#[derive(Debug)]
pub(crate) struct Login {
    pub(crate) rooms: Vec<RoomId>,
    /// What was said since the session was to hear, and what no earlier one has taken.
    pub(crate) missed: Vec<Said>,
    pub(crate) wire: mpsc::Receiver<Wire>,
}

impl Network {
    async fn said(&self, room: RoomId, thread: Option<ThreadId>, by: &str, text: &str, at: SystemTime) -> bool {
        let said = {
            let mut state = self.state();
            if state.elsewhere.contains(&room) {
                return false;
            }
            let number = state.next_number();
            let name = state.name_of(by);
            let said = Said { at, number, room, thread, by: by.into(), name, text: text.into() };
            state.said.push(said.clone());
            state.untaken.iter_mut().for_each(|untaken| untaken.extend([number]));
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
    pub(crate) fn log_in(&self, since: Option<SystemTime>) -> Result<Login, Failure> {
        let mut state = self.state();
        if state.refuse_logins {
            return Err(Failure::Credentials { why: "the network refuses logins".into() });
        }
        let (wire, session) = mpsc::channel(64);
        state.wire = Some(wire);
        let is_untaken = |said: &Said| state.untaken.iter().flatten().any(|number| *number == said.number);
        let is_missed = |said: &&Said| since.is_some_and(|since| said.at >= since) || is_untaken(said);
        let missed = state.said.iter().filter(is_missed).cloned().collect();
        let rooms = state.rooms.clone();
        drop(state);
        self.0.changed.notify_waiters();
        Ok(Login { rooms, missed, wire: session })
    }

    /// Whether it says in the next session again what was not taken in this one.
    pub(crate) fn repeats(&self) -> bool {
        self.state().untaken.is_some()
    }

    /// A message need not be said again.
    pub(crate) fn took(&self, number: u64) {
        if let Some(untaken) = &mut self.state().untaken {
            untaken.remove(&number);
        }
        self.0.changed.notify_waiters();
    }

    pub(crate) fn offer(&self, commands: Vec<Offered>) {
        self.state().offers = commands;
        self.0.changed.notify_waiters();
    }

    /// Puts our reaction on a message, in place of an earlier one.
    pub(crate) fn react(&self, room: RoomId, message: MessageId, emoji: Option<String>) -> Result<(), String> {
        let mut state = self.state();
        if state.gone.contains(&message) {
            return Err(format!("there is no message {message}"));
        }
        match emoji {
            Some(emoji) => drop(state.reactions.insert((room, message), emoji)),
            None => drop(state.reactions.remove(&(room, message))),
        }
        drop(state);
        self.0.changed.notify_waiters();
        Ok(())
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
            state.unheard.push_back((post.room.clone(), (line, post.clone())));
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

/// The first of `room` in a queue of several rooms' messages.
fn take<T>(messages: &mut VecDeque<(RoomId, T)>, room: &RoomId) -> Option<T> {
    let at = messages.iter().position(|(there, _)| there == room)?;
    messages.remove(at).map(|(_, message)| message)
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

    fn name_of(&self, who: &str) -> String {
        self.names.get(who).cloned().unwrap_or_else(|| who.to_owned())
    }
}
