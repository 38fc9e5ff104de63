//! The rooms to be in, what we are called there, and who else is there. Pure.

use std::{collections::HashMap, time::Duration};

use fulmar_contract::{Done, RoomId, Secret};
use fulmar_rooms::{Arrival, Departure};
use jid::BareJid;
use tokio::time::Instant;

use crate::{config::Wanted, refusal::Reason};

/// The rooms to be in.
#[derive(Debug)]
pub(crate) struct Rooms {
    /// How we stand to each.
    pub(crate) ours: fulmar_rooms::Rooms<BareJid, Room>,
    /// What we want to be called.
    nick: String,
}

/// What is known of a room.
#[derive(Debug)]
pub(crate) struct Room {
    key: Option<Secret>,
    /// What we are called there, or tried to be.
    nick: String,
    /// Who is there, by nick, and who they really are as far as the room says.
    people: HashMap<String, Option<BareJid>>,
    /// When the room last showed that we are in it, or was asked.
    seen: Instant,
}

/// How to come into a room.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) room: BareJid,
    pub(crate) nick: String,
    pub(crate) key: Option<Secret>,
}

impl Rooms {
    /// All of `wanted`, none of which is joined yet, under the name `nick`.
    pub(crate) fn new(wanted: Vec<Wanted>, nick: &str, now: Instant) -> Self {
        let room = |wanted: Wanted| (wanted.room, Room::new(wanted.key, nick, now));
        Self { ours: fulmar_rooms::Rooms::new(wanted.into_iter().map(room), now), nick: nick.to_owned() }
    }

    /// The rooms to be in.
    pub(crate) fn ids(&self) -> Vec<RoomId> {
        self.ours.names().map(|room| RoomId::new(room.as_str())).collect()
    }

    /// Whether `room` is one to be in.
    pub(crate) fn is_ours(&self, room: &BareJid) -> bool {
        self.ours.get(room).is_some()
    }

    /// What we are called in `room`.
    pub(crate) fn nick(&self, room: &BareJid) -> Option<&str> {
        self.ours.get(room).map(|room| room.nick.as_str())
    }

    /// Who has `nick` in `room` really is, if the room says so.
    pub(crate) fn real(&self, room: &BareJid, nick: &str) -> Option<&BareJid> {
        self.ours.get(room)?.people.get(nick)?.as_ref()
    }

    /// What is due to be joined.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Entry> {
        let enter = |(name, room): (&BareJid, &mut Room)| {
            room.people.clear();
            room.entry(name)
        };
        self.ours.due(now).into_iter().map(enter).collect()
    }

    /// Our nick is taken in `room`: how to come in under another, if there is one to try.
    pub(crate) fn renamed(&mut self, name: &BareJid) -> Option<Entry> {
        if !self.ours.is_joining(name) {
            return None;
        }
        let room = self.ours.get_mut(name)?;
        if room.nick.len() >= self.nick.len() + MOST_NICKS {
            room.nick.clone_from(&self.nick);
            return None;
        }
        room.nick.push('_');
        Some(room.entry(name))
    }

    /// Somebody is in `room`.
    pub(crate) fn came(&mut self, room: &BareJid, nick: &str, real: Option<BareJid>) {
        if let Some(room) = self.ours.get_mut(room)
            && (room.people.len() < MOST_PEOPLE || room.people.contains_key(nick))
        {
            room.people.insert(nick.to_owned(), real);
        }
    }

    /// Somebody is not in `room` any more. Returns the nick that we want, if it is free now.
    pub(crate) fn went(&mut self, name: &BareJid, nick: &str) -> Option<&str> {
        let is_joined = !self.ours.is_missing(name);
        let room = self.ours.get_mut(name)?;
        room.people.remove(nick);
        let is_wanted = nick == self.nick && room.nick != self.nick;
        (is_wanted && is_joined).then_some(self.nick.as_str())
    }

    /// We are called `nick` in `room`.
    pub(crate) fn known_as(&mut self, room: &BareJid, nick: &str) {
        if let Some(room) = self.ours.get_mut(room) {
            nick.clone_into(&mut room.nick);
        }
    }

    /// Somebody orders that we join `wanted`. It is due at once, unless we are in it.
    pub(crate) fn order(&mut self, Wanted { room, key }: Wanted, done: Done, now: Instant) {
        let room = self.ours.order(room, Room::new(None, &self.nick, now), done, now);
        room.key = key.or_else(|| room.key.take());
    }

    /// `room`, with what opens it.
    pub(crate) fn wanted(&self, room: &BareJid) -> Wanted {
        Wanted { room: room.clone(), key: self.ours.get(room).and_then(|room| room.key.clone()) }
    }

    /// We are in `room`.
    pub(crate) fn joined(&mut self, room: &BareJid, now: Instant) -> Arrival {
        self.seen(room, now);
        self.ours.joined(room, now)
    }

    /// We are not in `room`, or not any more: it is tried again as the reason allows.
    pub(crate) fn out(&mut self, name: &BareJid, reason: &Reason, now: Instant) -> Departure {
        if let Some(room) = self.ours.get_mut(name) {
            room.people.clear();
        }
        let why = reason.explain();
        match reason {
            Reason::Kicked(_) => self.ours.put_out(name, &why, now),
            _ => self.ours.refused(name, &why, reason.pause(), now),
        }
    }

    /// `room` showed that we are in it.
    pub(crate) fn seen(&mut self, room: &BareJid, now: Instant) {
        if let Some(room) = self.ours.get_mut(room) {
            room.seen = now;
        }
    }

    /// The rooms that have shown nothing for so long that they are to be asked whether we are in them (XEP-0410), as the
    /// one who has that nick.
    pub(crate) fn doubtful(&mut self, now: Instant) -> Vec<(BareJid, String)> {
        let doubtful = |room: &Room| now.duration_since(room.seen) >= DOUBT;
        let doubt = |(name, room): (&BareJid, &mut Room)| {
            // Without an answer it is asked again: the way there may be broken, which says nothing about us.
            room.seen = now;
            (name.clone(), room.nick.clone())
        };
        self.ours.joined_ones().filter(|(_, room)| doubtful(room)).map(doubt).collect()
    }

    /// The rooms in which we are not called what we want to be, with that.
    pub(crate) fn misnamed(&mut self) -> Vec<(BareJid, String)> {
        let misnamed = self.ours.joined_ones().filter(|(_, room)| room.nick != self.nick);
        misnamed.map(|(name, _)| (name.clone(), self.nick.clone())).collect()
    }
}

impl Room {
    fn new(key: Option<Secret>, nick: &str, now: Instant) -> Self {
        Self { key, nick: nick.to_owned(), people: HashMap::new(), seen: now }
    }

    fn entry(&self, name: &BareJid) -> Entry {
        Entry { room: name.clone(), nick: self.nick.clone(), key: self.key.clone() }
    }
}

/// Of more people in a room nothing is known, and so they are not vouched for.
const MOST_PEOPLE: usize = 10_000;
/// So many nicks are tried.
const MOST_NICKS: usize = 4;
/// After so long without a word from a room, it is asked whether we are in it.
const DOUBT: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests;
