//! The rooms that a chat is to be in, on a network where one asks to be let in: in which we are, and when to ask again.
//! Pure, but for answering those who ordered.
//!
//! Whoever holds [`Rooms`] asks the network, and tells them what it answered.

mod room;

use std::{collections::BTreeMap, time::Duration};

use fulmar_contract::Done;
use tokio::time::Instant;

use room::{Room, answer};

/// The rooms to be in, by name, each with what a network knows of it besides.
#[derive(Debug)]
pub struct Rooms<N, R>(BTreeMap<N, Room<R>>);

/// What it means that we are in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// We knew.
    Known,
    /// It is not one of ours, or we are leaving it: somebody put us there.
    Unwanted,
    /// It is one of ours.
    Wanted,
    /// It has become one of ours.
    Won,
}

/// What it means that we are not in a room, or not any more.
#[derive(Debug, PartialEq, Eq)]
pub enum Departure {
    /// Nothing that is not known, or that concerns us.
    Nothing,
    /// We are not in one of our rooms, for this reason.
    Missing(String),
    /// It is none of ours any more.
    Parted,
}

/// What follows from an order to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dismissal {
    /// The network is to be told.
    Leaving,
    /// We are out already.
    Out,
    /// It was none of ours.
    Unknown,
}

impl<N: Clone + Ord, R> Rooms<N, R> {
    /// All of `wanted`, none of which is joined yet.
    pub fn new(wanted: impl IntoIterator<Item = (N, R)>, now: Instant) -> Self {
        Self(wanted.into_iter().map(|(name, more)| (name, Room::new(more, now))).collect())
    }

    /// The rooms to be in.
    pub fn names(&self) -> impl Iterator<Item = &N> {
        self.0.keys()
    }

    /// The rooms that we are in.
    pub fn joined_ones(&mut self) -> impl Iterator<Item = (&N, &mut R)> {
        self.0.iter_mut().filter(|(_, room)| room.is_joined()).map(|(name, room)| (name, &mut room.more))
    }

    /// What is known of a room to be in.
    pub fn get(&self, name: &N) -> Option<&R> {
        self.0.get(name).map(|room| &room.more)
    }

    /// As [`Rooms::get`].
    pub fn get_mut(&mut self, name: &N) -> Option<&mut R> {
        self.0.get_mut(name).map(|room| &mut room.more)
    }

    /// Whether there is place for one more that is ordered.
    pub fn has_place(&self) -> bool {
        self.0.len() < MOST
    }

    /// Whether we want to be in a room and are not.
    pub fn is_missing(&self, name: &N) -> bool {
        self.0.get(name).is_some_and(|room| !room.is_joined())
    }

    /// Whether a room was asked to let us in and has not answered.
    pub fn is_joining(&self, name: &N) -> bool {
        self.0.get(name).is_some_and(Room::is_joining)
    }

    /// The rooms that are to be asked now to let us in.
    pub fn due(&mut self, now: Instant) -> Vec<(&N, &mut R)> {
        let due = self.0.iter_mut().filter_map(|(name, room)| room.try_now(now).then_some((name, &mut room.more)));
        due.collect()
    }

    /// Somebody orders that we join a room, of which `more` is known if it is new. It is due at once, unless we are in it.
    /// Returns what is known of it.
    pub fn order(&mut self, name: N, more: R, done: Done, now: Instant) -> &mut R {
        let room = self.0.entry(name).or_insert_with(|| Room::on_trial(more, now));
        room.order(done, now);
        &mut room.more
    }

    /// Somebody orders that we leave a room.
    pub fn dismiss(&mut self, name: &N, done: Done, now: Instant) -> Dismissal {
        let Some(room) = self.0.get_mut(name) else {
            answer(Some(done), Err("it is not one of our rooms".into()));
            return Dismissal::Unknown;
        };
        room.dismiss(done, now)
    }

    /// We are in a room.
    pub fn joined(&mut self, name: &N, now: Instant) -> Arrival {
        self.0.get_mut(name).map_or(Arrival::Unwanted, |room| room.joined(now))
    }

    /// Tells whoever ordered something of a room that it is done.
    pub fn confirm(&mut self, name: &N) {
        if let Some(room) = self.0.get_mut(name) {
            room.confirm();
        }
    }

    /// A room is none of ours any more.
    pub fn forget(&mut self, name: &N) {
        self.confirm(name);
        self.0.remove(name);
    }

    /// We were put out of a room: it is joined again, each time later.
    pub fn put_out(&mut self, name: &N, why: &str, now: Instant) -> Departure {
        let Some(room) = self.0.get_mut(name) else { return Departure::Nothing };
        let pause = room.kicked(now);
        self.refused(name, why, Some(pause), now)
    }

    /// The network did not let us into a room, or not stay: it is tried again after `pause`, if ever. If we were leaving, it
    /// does not matter how we came out.
    pub fn refused(&mut self, name: &N, why: &str, pause: Option<Duration>, now: Instant) -> Departure {
        let Some(room) = self.0.get_mut(name) else { return Departure::Nothing };
        let departure = room.out(why, pause.map(|pause| now + pause));
        if room.is_in_vain() {
            self.0.remove(name);
        }
        departure
    }

    /// We are invited to a room: it is tried again soon, if it is one of ours.
    pub fn invited(&mut self, name: &N, now: Instant) {
        if let Some(room) = self.0.get_mut(name) {
            room.invited(now);
        }
    }

    /// Gives up orders that the network does not answer. Returns the rooms that we count as left.
    pub fn give_up(&mut self, now: Instant) -> Vec<N> {
        let parted =
            self.0.iter_mut().filter_map(|(name, room)| room.give_up(now).then(|| name.clone())).collect();
        self.0.retain(|_, room| !room.is_in_vain());
        parted
    }
}

/// Beyond so many rooms, configured ones included, none is joined by order.
const MOST: usize = 200;

#[cfg(test)]
mod tests;
