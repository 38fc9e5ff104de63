//! Which rooms we want to be in, which we are in, who else is, and when to try again. Pure, but for answering those who
//! ordered.

mod outcome;

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use fulmar_contract::{Done, RoomId, Secret};
use jid::BareJid;
use tokio::time::Instant;

use crate::{config::Wanted, refusal::Reason};

pub(crate) use outcome::{Arrival, Departure, Dismissal, Entry};

/// The rooms to be in.
#[derive(Debug)]
pub(crate) struct Rooms {
    rooms: BTreeMap<BareJid, Room>,
    /// What we want to be called.
    nick: String,
}

#[derive(Debug)]
struct Room {
    key: Option<Secret>,
    standing: Standing,
    /// What we are called there, or tried to be.
    nick: String,
    /// Who is there, by nick, and who they really are as far as the room says.
    people: HashMap<String, Option<BareJid>>,
    /// How often in a row we were put out.
    kicks: u32,
    /// Why we are not in it, as last reported.
    why: String,
    /// Whether it is wanted only if we are let in at once.
    on_trial: bool,
    /// Who waits for us to be in it, or out of it.
    ordered: Option<Done>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// The room last showed then that we are in it, or was asked.
    Joined {
        since: Instant,
        seen: Instant,
    },
    Joining {
        since: Instant,
    },
    Leaving {
        since: Instant,
    },
    /// For ever, unless it is tried again at a time.
    Out {
        again: Option<Instant>,
    },
}

impl Rooms {
    /// All of `wanted`, none of which is joined yet, under the name `nick`.
    pub(crate) fn new(wanted: Vec<Wanted>, nick: &str, now: Instant) -> Self {
        let room = |wanted: Wanted| (wanted.room, Room::new(wanted.key, nick, now));
        Self { rooms: wanted.into_iter().map(room).collect(), nick: nick.to_owned() }
    }

    /// The rooms to be in.
    pub(crate) fn ids(&self) -> Vec<RoomId> {
        self.rooms.keys().map(|room| RoomId::new(room.as_str())).collect()
    }

    /// Whether there is place for one more that is ordered.
    pub(crate) fn has_place(&self) -> bool {
        self.rooms.len() < MOST
    }

    /// Whether `room` is one to be in.
    pub(crate) fn is_ours(&self, room: &BareJid) -> bool {
        self.rooms.contains_key(room)
    }

    /// Whether we want to be in `room` and are not.
    pub(crate) fn is_missing(&self, room: &BareJid) -> bool {
        self.rooms.get(room).is_some_and(|room| !matches!(room.standing, Standing::Joined { .. }))
    }

    /// What we are called in `room`.
    pub(crate) fn nick(&self, room: &BareJid) -> Option<&str> {
        self.rooms.get(room).map(|room| room.nick.as_str())
    }

    /// Who has `nick` in `room` really is, if the room says so.
    pub(crate) fn real(&self, room: &BareJid, nick: &str) -> Option<&BareJid> {
        self.rooms.get(room)?.people.get(nick)?.as_ref()
    }

    /// What is due to be joined.
    pub(crate) fn due(&mut self, now: Instant) -> Vec<Entry> {
        let mut due = Vec::new();
        for (name, room) in &mut self.rooms {
            if room.is_due(now) {
                room.standing = Standing::Joining { since: now };
                room.people.clear();
                due.push(Entry { room: name.clone(), nick: room.nick.clone(), key: room.key.clone() });
            }
        }
        due
    }

    /// Our nick is taken in `room`: how to come in under another, if there is one to try.
    pub(crate) fn renamed(&mut self, name: &BareJid) -> Option<Entry> {
        let room = self.rooms.get_mut(name)?;
        let Standing::Joining { .. } = room.standing else { return None };
        if room.nick.len() >= self.nick.len() + MOST_NICKS {
            room.nick.clone_from(&self.nick);
            return None;
        }
        room.nick.push('_');
        Some(Entry { room: name.clone(), nick: room.nick.clone(), key: room.key.clone() })
    }

    /// Somebody is in `room`.
    pub(crate) fn came(&mut self, room: &BareJid, nick: &str, real: Option<BareJid>) {
        if let Some(room) = self.rooms.get_mut(room)
            && (room.people.len() < MOST_PEOPLE || room.people.contains_key(nick))
        {
            room.people.insert(nick.to_owned(), real);
        }
    }

    /// Somebody is not in `room` any more. Returns the nick that we want, if it is free now.
    pub(crate) fn went(&mut self, room: &BareJid, nick: &str) -> Option<&str> {
        let room = self.rooms.get_mut(room)?;
        room.people.remove(nick);
        let is_wanted = nick == self.nick && room.nick != self.nick;
        (is_wanted && matches!(room.standing, Standing::Joined { .. })).then_some(self.nick.as_str())
    }

    /// We are called `nick` in `room`.
    pub(crate) fn known_as(&mut self, room: &BareJid, nick: &str) {
        if let Some(room) = self.rooms.get_mut(room) {
            nick.clone_into(&mut room.nick);
        }
    }

    /// Somebody orders that we join `wanted`. It is due at once, unless we are in it.
    pub(crate) fn order(&mut self, wanted: Wanted, done: Done, now: Instant) {
        let nick = &self.nick;
        let room = self.rooms.entry(wanted.room).or_insert_with(|| {
            let room = Room::new(wanted.key.clone(), nick, now);
            Room { on_trial: true, ..room }
        });
        room.key = wanted.key.or_else(|| room.key.take());
        match room.standing {
            Standing::Joined { .. } => return answer(Some(done), Ok(())),
            Standing::Leaving { .. } => return answer(Some(done), Err("we are just leaving it".into())),
            Standing::Joining { .. } => {}
            Standing::Out { .. } => room.standing = Standing::Out { again: Some(now) },
        }
        if let Some(earlier) = room.ordered.replace(done) {
            answer(Some(earlier), Err("it was ordered again".into()));
        }
    }

    /// Somebody orders that we leave `room`.
    pub(crate) fn dismiss(&mut self, room: &BareJid, done: Done, now: Instant) -> Dismissal {
        let Some(room) = self.rooms.get_mut(room) else {
            answer(Some(done), Err("it is not one of our rooms".into()));
            return Dismissal::Unknown;
        };
        let earlier = room.ordered.replace(done);
        answer(earlier, Err("we were ordered to leave".into()));
        if let Standing::Joined { .. } | Standing::Leaving { .. } = room.standing {
            room.standing = Standing::Leaving { since: now };
            return Dismissal::Leaving;
        }
        Dismissal::Out
    }

    /// We are in `room`.
    pub(crate) fn joined(&mut self, name: &BareJid, now: Instant) -> Arrival {
        let Some(room) = self.rooms.get_mut(name) else { return Arrival::Unwanted };
        match room.standing {
            Standing::Joined { .. } => return Arrival::Known,
            Standing::Leaving { .. } => return Arrival::Unwanted,
            Standing::Joining { .. } | Standing::Out { .. } => {}
        }
        room.standing = Standing::Joined { since: now, seen: now };
        room.why.clear();
        if std::mem::take(&mut room.on_trial) {
            return Arrival::Won(Wanted { room: name.clone(), key: room.key.clone() });
        }
        Arrival::Wanted
    }

    /// Tells whoever ordered something of `room` that it is done.
    pub(crate) fn confirm(&mut self, room: &BareJid) {
        if let Some(room) = self.rooms.get_mut(room) {
            answer(room.ordered.take(), Ok(()));
        }
    }

    /// `room` is none of ours any more.
    pub(crate) fn forget(&mut self, room: &BareJid) {
        self.confirm(room);
        self.rooms.remove(room);
    }

    /// We are not in `room`, or not any more: it is tried again as the reason allows.
    pub(crate) fn out(&mut self, name: &BareJid, reason: &Reason, now: Instant) -> Departure {
        let Some(room) = self.rooms.get_mut(name) else { return Departure::Nothing };
        match room.standing {
            Standing::Leaving { .. } => return Departure::Parted,
            Standing::Out { .. } => return Departure::Nothing,
            Standing::Joined { .. } | Standing::Joining { .. } => {}
        }
        let pause = match reason {
            Reason::Kicked(_) => Some(room.kicked(now)),
            _ => reason.pause(),
        };
        room.standing = Standing::Out { again: pause.map(|pause| now + pause) };
        room.people.clear();
        let why = reason.explain();
        answer(room.ordered.take(), Err(why.clone()));
        if room.on_trial {
            self.rooms.remove(name);
            return Departure::Nothing;
        }
        if room.why == why {
            return Departure::Nothing;
        }
        room.why.clone_from(&why);
        Departure::Missing(why)
    }

    /// We are invited to `room`: it is tried again soon, if it is one of ours.
    pub(crate) fn invited(&mut self, room: &BareJid, now: Instant) {
        if let Some(Room { standing: Standing::Out { again }, .. }) = self.rooms.get_mut(room) {
            let soon = now + FIRST_REJOIN;
            *again = Some(again.map_or(soon, |again| again.min(soon)));
        }
    }

    /// `room` showed that we are in it.
    pub(crate) fn seen(&mut self, room: &BareJid, now: Instant) {
        if let Some(Room { standing: Standing::Joined { seen, .. }, .. }) = self.rooms.get_mut(room) {
            *seen = now;
        }
    }

    /// The rooms that have shown nothing for so long that they are to be asked whether we are in them (XEP-0410), as the
    /// one who has that nick.
    pub(crate) fn doubtful(&mut self, now: Instant) -> Vec<(BareJid, String)> {
        let mut doubtful = Vec::new();
        for (name, room) in &mut self.rooms {
            if let Standing::Joined { seen, .. } = &mut room.standing
                && now.duration_since(*seen) >= DOUBT
            {
                // Without an answer it is asked again: the way there may be broken, which says nothing about us.
                *seen = now;
                doubtful.push((name.clone(), room.nick.clone()));
            }
        }
        doubtful
    }

    /// The rooms in which we are not called what we want to be, with that.
    pub(crate) fn misnamed(&self) -> Vec<(BareJid, String)> {
        let is_misnamed = |room: &Room| matches!(room.standing, Standing::Joined { .. }) && room.nick != self.nick;
        let misnamed = self.rooms.iter().filter(|(_, room)| is_misnamed(room));
        misnamed.map(|(name, _)| (name.clone(), self.nick.clone())).collect()
    }

    /// Gives up orders that are not answered. Returns the rooms that we count as left.
    pub(crate) fn give_up(&mut self, now: Instant) -> Vec<BareJid> {
        let mut parted = Vec::new();
        for (name, room) in &mut self.rooms {
            match room.standing {
                Standing::Leaving { since } if now.duration_since(since) >= PATIENCE => parted.push(name.clone()),
                Standing::Joining { since } if now.duration_since(since) >= PATIENCE => {
                    answer(room.ordered.take(), Err("the room does not answer".into()));
                }
                Standing::Joined { .. }
                | Standing::Joining { .. }
                | Standing::Leaving { .. }
                | Standing::Out { .. } => {}
            }
        }
        self.rooms.retain(|_, room| !room.on_trial || room.ordered.is_some());
        parted
    }
}

impl Room {
    fn new(key: Option<Secret>, nick: &str, now: Instant) -> Self {
        Self {
            key,
            standing: Standing::Out { again: Some(now) },
            nick: nick.to_owned(),
            people: HashMap::new(),
            kicks: 0,
            why: String::new(),
            on_trial: false,
            ordered: None,
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        match self.standing {
            Standing::Joined { .. } | Standing::Leaving { .. } => false,
            Standing::Joining { since } => now.duration_since(since) >= LATE_REJOIN,
            Standing::Out { again } => again.is_some_and(|again| now >= again),
        }
    }

    /// We were put out: after how long we come back, each time later.
    fn kicked(&mut self, now: Instant) -> Duration {
        if let Standing::Joined { since, .. } = self.standing
            && now.duration_since(since) >= SETTLED
        {
            self.kicks = 0;
        }
        let after = FIRST_REJOIN.saturating_mul(2_u32.saturating_pow(self.kicks)).min(LATE_REJOIN);
        self.kicks = self.kicks.saturating_add(1);
        after
    }
}

/// Tells somebody who may have stopped listening.
fn answer(done: Option<Done>, outcome: Result<(), String>) {
    if let Some(done) = done {
        drop(done.send(outcome));
    }
}

/// Beyond so many rooms, configured ones included, none is joined by order.
const MOST: usize = 200;
/// Of more people in a room nothing is known, and so they are not vouched for.
const MOST_PEOPLE: usize = 10_000;
/// So many nicks are tried.
const MOST_NICKS: usize = 4;
/// How soon a room is joined again after the first time that we were put out.
const FIRST_REJOIN: Duration = Duration::from_secs(2);
/// How soon a room is joined again at the latest.
const LATE_REJOIN: Duration = Duration::from_mins(5);
/// After so long in a room, having been put out of it is forgotten.
const SETTLED: Duration = Duration::from_mins(10);
/// How long whoever orders waits for the room.
const PATIENCE: Duration = Duration::from_secs(30);
/// After so long without a word from a room, it is asked whether we are in it.
const DOUBT: Duration = Duration::from_mins(5);

#[cfg(test)]
mod tests;
