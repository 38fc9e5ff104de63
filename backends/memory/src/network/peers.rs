//! The peers' end of a [`Network`], and its switches.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use fulmar_contract::{MessageId, Offered, Post, RoomId, ThreadId};
use tokio::sync::Notify;

use super::{Answer, Network, Reacted, Shared, State, Wire, Written, take};
use crate::inbound;

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
        let last = self.state().said.last().cloned();
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
        self.see(room).await.0
    }

    /// As [`Network::hear`], with the whole post that reads so.
    pub async fn see(&self, room: &RoomId) -> (String, Post) {
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

    /// Takes all messages of ours away, so that none can be edited any more.
    pub fn forget_messages(&self) {
        self.state().posts.iter_mut().for_each(|written| written.message = None);
    }

    /// Takes one message away, whoever wrote it.
    pub fn forget(&self, message: &MessageId) {
        let mut state = self.state();
        state.gone.insert(message.clone());
        let is_it = |written: &&mut Written| written.message.as_ref() == Some(message);
        state.posts.iter_mut().filter(is_it).for_each(|written| written.message = None);
    }

    /// The last message of a person's reads differently from now on. Returns whether a session was there to be told.
    pub async fn edit_last(&self, text: &str) -> bool {
        if let Some(said) = self.state().said.last_mut() {
            text.clone_into(&mut said.text);
        }
        self.send(Wire::Edited).await
    }

    /// `by` reacts to a message, or takes that back. Returns whether a session was there to hear it.
    pub async fn react_to(
        &self,
        room: &RoomId,
        message: &MessageId,
        by: &str,
        emoji: &str,
        is_there: bool,
    ) -> bool {
        let (name, emoji) = (self.state().name_of(by), emoji.to_owned());
        let (room, message) = (room.clone(), message.clone());
        self.send(Wire::Reacted(Reacted { room, message, by: by.into(), name, emoji, is_there })).await
    }

    /// Waits until our reaction to a message is `emoji`; until there is none, if that is `None`.
    pub async fn reaction(&self, room: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let it = (room.clone(), message.clone());
        self.when(|state| (state.reactions.get(&it).map(String::as_str) == emoji).then_some(())).await;
    }

    /// Waits until what is offered is what `is_it` waits for.
    pub async fn offers(&self, is_it: impl Fn(&[Offered]) -> bool) {
        self.when(|state| is_it(&state.offers).then_some(())).await;
    }

    /// Calls somebody otherwise from now on, who stays who they are.
    pub fn rename(&self, who: &str, name: &str) {
        self.state().names.insert(who.to_owned(), name.to_owned());
    }

    /// From now on, it says in each session again what was not taken in the one before.
    pub fn repeat_untaken(&self) {
        self.state().untaken.get_or_insert_default();
    }

    /// Waits until all is taken that would be repeated.
    pub async fn all_taken(&self) {
        self.when(|state| state.untaken.as_ref().is_none_or(BTreeSet::is_empty).then_some(())).await;
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
}
