//! Which rooms we want to be in, which we are in, and when to try again.

use std::{collections::BTreeMap, time::Duration};

use tokio::time::Instant;

use crate::{casemap::CaseMapping, config::Wanted};

/// The configured rooms, by folded name.
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Joined { since: Instant },
    Joining { since: Instant },
    Out { again: Instant },
}

impl Rooms {
    /// All of `wanted`, none of which is joined yet.
    pub(crate) fn new(wanted: &[Wanted], casemapping: CaseMapping, now: Instant) -> Self {
        let room = |wanted: &Wanted| {
            let standing = Standing::Out { again: now };
            let room = Room { wanted: wanted.clone(), standing, kicks: 0, why: String::new() };
            (casemapping.fold(&wanted.name), room)
        };
        Self { rooms: wanted.iter().map(room).collect() }
    }

    /// The configured rooms, folded.
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.rooms.keys()
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

    /// We have joined `room`.
    pub(crate) fn joined(&mut self, room: &str, now: Instant) {
        if let Some(room) = self.rooms.get_mut(room) {
            room.standing = Standing::Joined { since: now };
            room.why.clear();
        }
    }

    /// We were put out of `room`: it is joined again, each time later.
    pub(crate) fn left(&mut self, room: &str, now: Instant) {
        let Some(room) = self.rooms.get_mut(room) else { return };
        if let Standing::Joined { since } = room.standing
            && now.duration_since(since) >= SETTLED
        {
            room.kicks = 0;
        }
        let after = FIRST_REJOIN.saturating_mul(2_u32.saturating_pow(room.kicks)).min(LATE_REJOIN);
        room.kicks = room.kicks.saturating_add(1);
        room.standing = Standing::Out { again: now + after };
    }

    /// The server did not let us into `room`, which is tried again seldom. Returns whether that is news.
    pub(crate) fn refused(&mut self, room: &str, why: &str, now: Instant) -> bool {
        let Some(room) = self.rooms.get_mut(room) else { return false };
        let Standing::Joining { .. } = room.standing else { return false };
        room.standing = Standing::Out { again: now + LATE_REJOIN };
        let is_news = room.why != why;
        why.clone_into(&mut room.why);
        is_news
    }

    /// Whether we want to be in `room` and are not.
    pub(crate) fn is_missing(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|room| !matches!(room.standing, Standing::Joined { .. }))
    }
}

impl Room {
    fn is_due(&self, now: Instant) -> bool {
        match self.standing {
            Standing::Joined { .. } => false,
            Standing::Joining { since } => now.duration_since(since) >= LATE_REJOIN,
            Standing::Out { again } => now >= again,
        }
    }
}

fn join(rooms: &[&Wanted]) -> String {
    let names: Vec<&str> = rooms.iter().map(|room| room.name.as_str()).collect();
    let keys: Vec<&str> = rooms.iter().filter_map(|room| room.key.as_ref().map(|key| key.reveal())).collect();
    format!("JOIN {} {}", names.join(","), keys.join(",")).trim_end().to_owned()
}

/// Few enough for every server, and for a line when names have their usual length.
const ROOMS_A_LINE: usize = 4;
/// How soon a room is joined again after the first time that we were put out.
const FIRST_REJOIN: Duration = Duration::from_secs(2);
/// How soon a room is joined again at the latest.
const LATE_REJOIN: Duration = Duration::from_mins(5);
/// After so long in a room, having been put out of it is forgotten.
const SETTLED: Duration = Duration::from_mins(10);

#[cfg(test)]
mod tests {
    use fulmar_contract::Secret;

    use super::*;

    fn rooms(names: &[&str], now: Instant) -> Rooms {
        let wanted = |text: &&str| {
            let (name, key) = text.split_once(' ').map_or((*text, None), |(name, key)| (name, Some(key)));
            Wanted { name: name.into(), key: key.map(Secret::new) }
        };
        Rooms::new(&names.iter().map(wanted).collect::<Vec<_>>(), CaseMapping::Ascii, now)
    }

    fn seconds_until_rejoin(rooms: &mut Rooms, now: Instant) -> u64 {
        (0..1000).find(|second| !rooms.joins(now + Duration::from_secs(*second)).is_empty()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn keyed_rooms_come_first_on_the_line() {
        let now = Instant::now();
        let mut rooms = rooms(&["#a", "#b kb", "#c", "#d kd", "#e"], now);

        assert_eq!(rooms.joins(now), ["JOIN #b,#d,#a,#c kb,kd", "JOIN #e"]);
        assert!(rooms.joins(now).is_empty(), "nothing is joined twice");
    }

    #[tokio::test(start_paused = true)]
    async fn rejoins_after_each_kick_later_up_to_a_bound() {
        let now = Instant::now();
        let mut rooms = rooms(&["#Ops"], now);

        let mut waits = Vec::new();
        for _ in 0..10 {
            rooms.joined("#ops", now);
            rooms.left("#ops", now);
            waits.push(seconds_until_rejoin(&mut rooms, now));
        }

        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_room_that_kept_us_long_forgives() {
        let now = Instant::now();
        let mut rooms = rooms(&["#ops"], now);
        rooms.left("#ops", now);
        rooms.left("#ops", now);
        rooms.joined("#ops", now);

        let later = now + SETTLED;
        rooms.left("#ops", later);

        assert_eq!(seconds_until_rejoin(&mut rooms, later), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_ban_is_news_once_and_is_retried_seldom() {
        let now = Instant::now();
        let mut rooms = rooms(&["#ops"], now);
        rooms.joins(now);

        assert!(rooms.refused("#ops", "banned", now));

        assert_eq!(seconds_until_rejoin(&mut rooms, now), 300);
        assert!(!rooms.refused("#ops", "banned", now), "the same reason again is no news");
        assert!(rooms.is_missing("#ops") && !rooms.is_missing("#other"));
    }
}
