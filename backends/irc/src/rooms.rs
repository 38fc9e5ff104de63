//! Which rooms we want to be in, which we are in, and when to try again. Pure, but for answering those who ordered.

use std::{collections::BTreeMap, time::Duration};

use fulmar_contract::{Done, RoomId};
use tokio::time::Instant;

use crate::{casemap::CaseMapping, config::Wanted, refusal};

/// The rooms to be in, by folded name.
#[derive(Debug)]
pub(crate) struct Rooms {
    rooms: BTreeMap<String, Room>,
}

#[derive(Debug)]
struct Room {
    wanted: Wanted,
    standing: Standing,
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
    Joined { since: Instant },
    Joining { since: Instant },
    Leaving { since: Instant },
    Out { again: Instant },
}

/// What it means that we are in a room.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// It is not one of ours: somebody put us there.
    Unwanted,
    /// It is one of ours.
    Wanted,
    /// It has become one of ours.
    Won(Wanted),
}

/// What it means that the server let us neither in nor out, or put us out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// Nothing that is not known, or that concerns us.
    Nothing,
    /// We are not in one of our rooms, for this reason.
    Missing(String),
    /// It is none of ours any more.
    Parted,
}

/// What follows from an order to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dismissal {
    /// The server is to be told.
    Leaving,
    /// We are out already.
    Out,
    /// It was none of ours.
    Unknown,
}

impl Rooms {
    /// All of `wanted`, none of which is joined yet.
    pub(crate) fn new(wanted: Vec<Wanted>, casemapping: CaseMapping, now: Instant) -> Self {
        let room = |wanted: Wanted| (casemapping.fold(&wanted.name), Room::new(wanted, now));
        Self { rooms: wanted.into_iter().map(room).collect() }
    }

    /// The rooms to be in.
    pub(crate) fn ids(&self) -> Vec<RoomId> {
        self.rooms.keys().map(RoomId::new).collect()
    }

    /// Whether there is place for one more that is ordered.
    pub(crate) fn has_place(&self) -> bool {
        self.rooms.len() < MOST
    }

    /// The rooms that we are in.
    pub(crate) fn joined_names(&self) -> Vec<String> {
        let is_joined = |room: &Room| matches!(room.standing, Standing::Joined { .. });
        self.rooms.iter().filter(|(_, room)| is_joined(room)).map(|(name, _)| name.clone()).collect()
    }

    /// The lines that join what is due to be joined.
    pub(crate) fn joins(&mut self, now: Instant) -> Vec<String> {
        let mut due: Vec<&Wanted> = Vec::new();
        for room in self.rooms.values_mut().filter(|room| room.is_due(now)) {
            room.standing = Standing::Joining { since: now };
            due.push(&room.wanted);
        }
        // Keys belong to the first rooms of a line.
        due.sort_by_key(|wanted| wanted.key.is_none());
        due.chunks(ROOMS_A_LINE).map(join).collect()
    }

    /// Somebody orders that we join `folded`. It is due at once, unless we are in it.
    pub(crate) fn order(&mut self, folded: String, wanted: Wanted, done: Done, now: Instant) {
        let room = self.rooms.entry(folded).or_insert_with(|| {
            let room = Room::new(wanted.clone(), now);
            Room { on_trial: true, ..room }
        });
        room.wanted.key = wanted.key.or_else(|| room.wanted.key.take());
        match room.standing {
            Standing::Joined { .. } => return answer(Some(done), Ok(())),
            Standing::Leaving { .. } => return answer(Some(done), Err("we are just leaving it".into())),
            Standing::Joining { .. } => {}
            Standing::Out { .. } => room.standing = Standing::Out { again: now },
        }
        if let Some(earlier) = room.ordered.replace(done) {
            answer(Some(earlier), Err("it was ordered again".into()));
        }
    }

    /// Somebody orders that we leave `folded`. Returns whether the server has to be told; if not, we are out already.
    pub(crate) fn dismiss(&mut self, folded: &str, done: Done, now: Instant) -> Dismissal {
        let Some(room) = self.rooms.get_mut(folded) else {
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

    /// We have joined `room`.
    pub(crate) fn joined(&mut self, room: &str, now: Instant) -> Arrival {
        let Some(room) = self.rooms.get_mut(room) else { return Arrival::Unwanted };
        room.standing = Standing::Joined { since: now };
        room.why.clear();
        if std::mem::take(&mut room.on_trial) { Arrival::Won(room.wanted.clone()) } else { Arrival::Wanted }
    }

    /// Tells whoever ordered something of `room` that it is done.
    pub(crate) fn confirm(&mut self, room: &str) {
        if let Some(room) = self.rooms.get_mut(room) {
            answer(room.ordered.take(), Ok(()));
        }
    }

    /// `room` is none of ours any more.
    pub(crate) fn forget(&mut self, room: &str) {
        self.confirm(room);
        self.rooms.remove(room);
    }

    /// We were put out of `room`: it is joined again, each time later.
    pub(crate) fn left(&mut self, room: &str, why: &str, now: Instant) -> Departure {
        let Some(room) = self.rooms.get_mut(room) else { return Departure::Nothing };
        if let Standing::Leaving { .. } = room.standing {
            return Departure::Parted;
        }
        if let Standing::Joined { since } = room.standing
            && now.duration_since(since) >= SETTLED
        {
            room.kicks = 0;
        }
        let after = FIRST_REJOIN.saturating_mul(2_u32.saturating_pow(room.kicks)).min(LATE_REJOIN);
        room.kicks = room.kicks.saturating_add(1);
        room.standing = Standing::Out { again: now + after };
        Departure::Missing(why.to_owned())
    }

    /// The server did not do what we wanted with `room`: let us in, which is tried again seldom, or let us out.
    pub(crate) fn refused(&mut self, folded: &str, code: u16, why: &str, now: Instant) -> Departure {
        let Some(room) = self.rooms.get_mut(folded) else { return Departure::Nothing };
        match room.standing {
            Standing::Joining { .. } => {}
            Standing::Leaving { .. } => return Departure::Parted,
            Standing::Joined { .. } | Standing::Out { .. } => return Departure::Nothing,
        }
        let why = refusal::explain(code, why);
        room.standing = Standing::Out { again: now + refusal::pause(code) };
        answer(room.ordered.take(), Err(why.clone()));
        if room.on_trial {
            self.rooms.remove(folded);
            return Departure::Nothing;
        }
        if room.why == why {
            return Departure::Nothing;
        }
        room.why.clone_from(&why);
        Departure::Missing(why)
    }

    /// We are invited to `room`: it is tried again soon, if it is one of ours.
    pub(crate) fn invited(&mut self, room: &str, now: Instant) {
        if let Some(Room { standing: Standing::Out { again }, .. }) = self.rooms.get_mut(room) {
            *again = (*again).min(now + FIRST_REJOIN);
        }
    }

    /// Gives up orders that the server does not answer. Returns the rooms that we count as left.
    pub(crate) fn give_up(&mut self, now: Instant) -> Vec<String> {
        let mut parted = Vec::new();
        for (name, room) in &mut self.rooms {
            match room.standing {
                Standing::Leaving { since } if now.duration_since(since) >= PATIENCE => parted.push(name.clone()),
                Standing::Joining { since } if now.duration_since(since) >= PATIENCE => {
                    answer(room.ordered.take(), Err("the server does not answer".into()));
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

    /// Whether we want to be in `room` and are not.
    pub(crate) fn is_missing(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|room| !matches!(room.standing, Standing::Joined { .. }))
    }
}

impl Room {
    const fn new(wanted: Wanted, now: Instant) -> Self {
        let standing = Standing::Out { again: now };
        Self { wanted, standing, kicks: 0, why: String::new(), on_trial: false, ordered: None }
    }

    fn is_due(&self, now: Instant) -> bool {
        match self.standing {
            Standing::Joined { .. } | Standing::Leaving { .. } => false,
            Standing::Joining { since } => now.duration_since(since) >= LATE_REJOIN,
            Standing::Out { again } => now >= again,
        }
    }
}

/// Tells somebody who may have stopped listening.
fn answer(done: Option<Done>, outcome: Result<(), String>) {
    if let Some(done) = done {
        drop(done.send(outcome));
    }
}

fn join(rooms: &[&Wanted]) -> String {
    let names: Vec<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    let keys: Vec<&str> = rooms.iter().filter_map(|room| room.key.as_ref().map(|key| key.reveal())).collect();
    format!("JOIN {} {}", names.join(","), keys.join(",")).trim_end().to_owned()
}

/// Beyond so many rooms, configured ones included, none is joined by order.
const MOST: usize = 200;
/// Few enough for every server, and for a line when names have their usual length.
const ROOMS_A_LINE: usize = 4;
/// How soon a room is joined again after the first time that we were put out.
const FIRST_REJOIN: Duration = Duration::from_secs(2);
/// How soon a room is joined again at the latest.
const LATE_REJOIN: Duration = Duration::from_mins(5);
/// After so long in a room, having been put out of it is forgotten.
const SETTLED: Duration = Duration::from_mins(10);
/// How long whoever orders waits for the server.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
