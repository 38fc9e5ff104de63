//! What a chat remembers from one session to the next, for as long as the process lives.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use fulmar_contract::RoomId;
use matrix_sdk::ruma::{OwnedRoomId, OwnedUserId, RoomId as Id, UserId};
use tokio::sync::OwnedMutexGuard;

use crate::address::Wanted;

/// A chat's memory. Each method takes a moment: it is never held across a wait.
///
/// Most of it is what rooms are called. A room goes by the name that it was asked for with, an alias or an id, for as
/// long as that leads to it; also when another room has taken its place.
#[derive(Debug)]
pub(crate) struct Lasting {
    state: Mutex<State>,
    turn: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct State {
    /// The rooms to be in: the configured ones, and what was ordered since.
    wanted: Vec<Wanted>,
    /// Where names lead.
    ids: HashMap<RoomId, OwnedRoomId>,
    /// What rooms are called that are not called by their ids.
    names: HashMap<OwnedRoomId, RoomId>,
    /// By which room another was replaced.
    replaced: HashMap<OwnedRoomId, OwnedRoomId>,
    /// The one-to-one rooms in which people wrote last.
    directs: HashMap<OwnedUserId, OwnedRoomId>,
}

impl Lasting {
    /// The memory of a chat that is to be in `wanted`.
    pub(crate) fn new(wanted: Vec<Wanted>) -> Self {
        let state = State {
            wanted,
            ids: HashMap::new(),
            names: HashMap::new(),
            replaced: HashMap::new(),
            directs: HashMap::new(),
        };
        Self { state: Mutex::new(state), turn: Arc::default() }
    }

    /// Waits until no other session of this chat is left.
    pub(crate) async fn turn(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.turn).lock_owned().await
    }

    /// The rooms to be in.
    pub(crate) fn wanted(&self) -> Vec<Wanted> {
        self.state().wanted.clone()
    }

    /// Whether a room is one to be in.
    pub(crate) fn is_wanted(&self, name: &RoomId) -> bool {
        self.state().wanted.iter().any(|wanted| wanted.name == *name)
    }

    /// A room is to be joined in later sessions, too.
    pub(crate) fn want(&self, room: Wanted) {
        let State { wanted, .. } = &mut *self.state();
        if !wanted.iter().any(|other| other.name == room.name) {
            wanted.push(room);
        }
    }

    /// A room is not to be joined any more; `false` if it was not to be.
    pub(crate) fn unwant(&self, name: &RoomId) -> bool {
        let State { wanted, .. } = &mut *self.state();
        let before = wanted.len();
        wanted.retain(|wanted| wanted.name != *name);
        wanted.len() < before
    }

    /// A name leads to a room.
    pub(crate) fn learn(&self, name: &RoomId, id: &Id) {
        let State { ids, names, .. } = &mut *self.state();
        names.entry(id.to_owned()).or_insert_with(|| name.clone());
        ids.insert(name.clone(), id.to_owned());
    }

    /// A room has taken the place of another, and its name.
    pub(crate) fn replace(&self, old: &Id, new: &Id) {
        let name = self.name(old);
        let State { ids, names, replaced, .. } = &mut *self.state();
        names.insert(old.to_owned(), name.clone());
        names.insert(new.to_owned(), name.clone());
        ids.insert(name, new.to_owned());
        replaced.insert(old.to_owned(), new.to_owned());
    }

    /// What a room is called.
    pub(crate) fn name(&self, id: &Id) -> RoomId {
        self.state().names.get(id).cloned().unwrap_or_else(|| RoomId::new(id.as_str()))
    }

    /// The one name of a room that may have several.
    pub(crate) fn canonical(&self, name: &str) -> RoomId {
        let name = RoomId::new(name);
        let known = self.id(&name).and_then(|id| self.state().names.get(&id).cloned());
        known.unwrap_or(name)
    }

    /// Where a name leads, if that is known: an id leads to its room, or to what took its place.
    pub(crate) fn id(&self, name: &RoomId) -> Option<OwnedRoomId> {
        let state = self.state();
        let mut id = state.ids.get(name).cloned().or_else(|| Id::parse(name.as_str()).ok())?;
        // Rooms cannot be replaced in a circle for ever.
        for _ in 0..MOST_REPLACEMENTS {
            let Some(next) = state.replaced.get(&id) else { break };
            id = next.clone();
        }
        Some(id)
    }

    /// Somebody wrote to us alone.
    pub(crate) fn wrote(&self, who: &UserId, id: &Id) {
        let State { directs, .. } = &mut *self.state();
        let is_known = directs.get(who).is_some_and(|known| known == id);
        if !is_known && (directs.len() < MOST_PEOPLE || directs.contains_key(who)) {
            directs.insert(who.to_owned(), id.to_owned());
        }
    }

    /// Where somebody wrote last to us alone.
    pub(crate) fn direct(&self, who: &UserId) -> Option<OwnedRoomId> {
        self.state().directs.get(who).cloned()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of more people it is asked for again where they write.
const MOST_PEOPLE: usize = 10_000;
const MOST_REPLACEMENTS: usize = 100;

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::room_id;

    use super::*;

    #[test]
    fn a_room_has_one_name() {
        let lasting = Lasting::new(Vec::new());
        let (alias, other) = (RoomId::new("#ops:example.org"), RoomId::new("#chatops:example.org"));
        let id = room_id!("!1:example.org");
        assert_eq!(lasting.canonical("#ops:example.org"), alias);

        lasting.learn(&alias, id);
        lasting.learn(&other, id);

        for name in ["#ops:example.org", "#chatops:example.org", "!1:example.org"] {
            assert_eq!(lasting.canonical(name), alias, "{name}");
        }
        assert_eq!(lasting.name(id), alias);
        assert_eq!(lasting.id(&other).as_deref(), Some(id));
    }

    #[test]
    fn a_room_keeps_its_name_when_another_takes_its_place() {
        let lasting = Lasting::new(Vec::new());
        let [one, two, three] = ["!1:example.org", "!2:example.org", "!3"].map(|id| Id::parse(id).unwrap());

        lasting.replace(&one, &two);
        lasting.replace(&two, &three);

        let name = RoomId::new("!1:example.org");
        assert_eq!((lasting.name(&one), lasting.name(&three)), (name.clone(), name.clone()));
        assert_eq!(lasting.id(&name), Some(three.clone()));
        assert_eq!(lasting.id(&RoomId::new("!2:example.org")), Some(three.clone()));
        assert_eq!(lasting.canonical("!3"), name);
    }

    #[test]
    fn rooms_in_a_circle_end() {
        let lasting = Lasting::new(Vec::new());
        let (one, two) = (room_id!("!1:example.org"), room_id!("!2:example.org"));
        lasting.replace(one, two);
        lasting.replace(two, one);

        assert!(lasting.id(&RoomId::new("!1:example.org")).is_some());
    }
}
