//! Telling what was missed from what came on a stream, by what was announced in all. Pure.
//!
//! Announcements have no names, so they are told apart by fingerprint and counted. What was made before a look began came
//! before, waited in the stream, or was missed; what was made after is left to the stream and to the next look. As StackStorm tells its time in whole
//! seconds, its hosts may differ, and what was made may be on its way, there are seconds of which that is not known.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;

use crate::st2::wire::Announcement;

/// What is known when a look begins.
#[derive(Debug)]
pub(super) struct Opening {
    /// When that is, by StackStorm's clock; less than [`BLUR`] earlier or later in truth.
    pub(super) at: Timestamp,
    /// Until when all announcements were dealt with then.
    pub(super) since: Timestamp,
    /// The fingerprints of those dealt with since.
    pub(super) seen: Vec<u64>,
    /// As `seen`, [`super::catch_up::SETTLING`] later: with those that waited in the stream.
    pub(super) settled: Vec<u64>,
}

/// An announcement by the execution that made it.
pub(super) struct Made {
    pub(super) began: Timestamp,
    /// When it had been made; `None` if it is still to be.
    pub(super) ended: Option<Timestamp>,
    pub(super) announcement: Announcement,
}

/// Takes in all that was announced, in order, and lets through what was missed.
pub(super) struct Sieve {
    opened: Timestamp,
    before: Multiset,
    /// What came just after the look began, whenever it was made.
    settling: Multiset,
    /// What may be either, made within the seconds of doubt or like what came just after the look began.
    between: Vec<Made>,
    after: Multiset,
}

/// How often each fingerprint occurs.
#[derive(Default)]
pub(super) struct Multiset(HashMap<u64, usize>);

/// The time from which on all comes on a stream that was opened at `at`, by StackStorm's clock.
pub(super) fn surely(at: Timestamp) -> Timestamp {
    at.checked_add(BLUR).unwrap_or(at)
}

impl Sieve {
    pub(super) fn new(opening: &Opening) -> Self {
        let (before, mut settling) = (Multiset::of(&opening.seen), Multiset::of(&opening.settled));
        settling.subtract(&before);
        Self { opened: opening.at, before, settling, between: Vec::new(), after: Multiset::default() }
    }

    /// Whether it is left to the stream, and to the next look.
    pub(super) fn leaves(&self, made: &Made) -> bool {
        made.ended.is_none_or(|ended| ended >= surely(self.opened))
    }

    /// Takes one in; gives it back if it was missed.
    pub(super) fn pass(&mut self, made: Made) -> Option<Made> {
        let (ended, fingerprint) = (made.ended?, made.announcement.fingerprint());
        if self.leaves(&made) {
            self.after.add(fingerprint);
            return None;
        }
        if self.opened.checked_sub(TRANSIT).is_ok_and(|surely| ended < surely) {
            if self.before.take(fingerprint) {
                return None;
            }
            if !self.settling.has(fingerprint) {
                return Some(made);
            }
        }
        self.between.push(made);
        None
    }

    /// Those of which it was not known, and that were missed. `came` is what came since the look began.
    pub(super) fn rest(mut self, mut came: Multiset) -> Vec<Made> {
        came.subtract(&self.after);
        self.between.retain(|made| {
            let fingerprint = made.announcement.fingerprint();
            !came.take(fingerprint) && !self.before.take(fingerprint)
        });
        self.between
    }
}

impl Multiset {
    pub(super) fn of(fingerprints: &[u64]) -> Self {
        let mut all = Self::default();
        fingerprints.iter().for_each(|it| all.add(*it));
        all
    }

    pub(super) fn add(&mut self, fingerprint: u64) {
        *self.0.entry(fingerprint).or_insert(0) += 1;
    }

    fn has(&self, fingerprint: u64) -> bool {
        self.0.get(&fingerprint).is_some_and(|count| *count > 0)
    }

    /// Takes one away; whether there was one.
    fn take(&mut self, fingerprint: u64) -> bool {
        let count = self.0.get_mut(&fingerprint).filter(|count| **count > 0);
        count.map(|count| *count -= 1).is_some()
    }

    pub(super) fn subtract(&mut self, other: &Self) {
        for (fingerprint, times) in &other.0 {
            if let Some(count) = self.0.get_mut(fingerprint) {
                *count = count.saturating_sub(*times);
            }
        }
    }
}

/// How exactly StackStorm's time is known: it tells whole seconds, servers before it may tell what they read a while ago,
/// and the hosts on which actions run have clocks of their own. Less than [`super::catch_up::SETTLING`], or what is still on its way
/// would be taken for missed.
const BLUR: Duration = Duration::from_secs(2);

/// How long what was made may take to come on the stream, and be dealt with: StackStorm takes tenths of a second, or seconds
/// when it is busy. What takes longer, and has not come a little after a look has begun, is said twice.
const TRANSIT: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn announcement(message: &str) -> Announcement {
        Announcement::from_event("errbot", &json!({"payload": {"message": message}}).to_string()).unwrap()
    }

    /// What was missed of executions (their ends in tenths of a second, and their messages) when a look began at 100 s, where
    /// `before` came before and `came` since.
    fn missed(made: &[(i64, &str)], before: &[&str], came: &[&str]) -> Vec<String> {
        missed_after(made, before, &[], came)
    }

    /// As [`missed`], where the first of what came since, `settling`, was there a little later.
    fn missed_after(made: &[(i64, &str)], before: &[&str], settling: &[&str], came: &[&str]) -> Vec<String> {
        let fingerprints = |all: &[&str]| all.iter().map(|it| announcement(it).fingerprint()).collect::<Vec<_>>();
        let at = |tenths: i64| Timestamp::from_millisecond(tenths * 100).unwrap();
        let (seen, settled) = (fingerprints(before), fingerprints(&[before, settling].concat()));
        let mut sieve = Sieve::new(&Opening { at: at(1_000), since: at(0), seen, settled });
        let made = made.iter().map(|(tenths, message)| {
            let (began, ended) = (at(tenths - 1), Some(at(*tenths)));
            Made { began, ended, announcement: announcement(message) }
        });

        let mut missed: Vec<_> = made.filter_map(|made| sieve.pass(made)).collect();
        missed.extend(sieve.rest(Multiset::of(&fingerprints(came))));
        missed.into_iter().map(|made| made.announcement.message).collect()
    }

    #[test]
    fn what_came_before_hides_as_many_alike() {
        assert_eq!(missed(&[(10, "a"), (20, "a"), (30, "a"), (40, "b")], &["a", "c"], &[]), ["a", "a", "b"]);
    }

    #[test]
    fn what_came_since_hides_nothing_that_was_made_long_before() {
        assert_eq!(missed(&[(10, "a"), (50, "a"), (1_050, "a")], &["a"], &["a"]), ["a"]);
    }

    #[test]
    fn what_was_made_since_is_left_to_the_stream() {
        assert!(missed(&[(1_020, "a"), (1_030, "a")], &[], &["a"]).is_empty());
    }

    #[test]
    fn in_the_seconds_of_doubt_it_may_have_come_before_or_since() {
        assert_eq!(missed(&[(1_005, "a"), (1_006, "b"), (1_007, "c")], &["a"], &["b"]), ["c"]);
        assert_eq!(missed(&[(950, "a"), (960, "a"), (970, "a")], &["a"], &["a"]), ["a"]);
    }

    #[test]
    fn what_was_on_its_way_for_nine_seconds_is_not_taken_for_missed() {
        assert!(missed(&[(910, "a")], &[], &["a"]).is_empty());
        assert_eq!(missed(&[(890, "a")], &[], &["a"]), ["a"]);
        assert_eq!(missed(&[(1_019, "a")], &[], &[]), ["a"]);
    }

    #[test]
    fn what_waited_in_the_stream_is_not_taken_for_missed() {
        let made = [(10, "a"), (20, "a"), (30, "b"), (950, "a"), (1_050, "c")];

        assert_eq!(missed_after(&made, &["a"], &["a", "a"], &["a", "a", "c"]), ["b"]);
    }

    #[test]
    fn what_was_made_since_hides_nothing_like_it_though_it_came_at_once() {
        assert_eq!(missed_after(&[(10, "a"), (1_025, "a")], &[], &["a"], &["a"]), ["a"]);
    }

    #[test]
    fn what_was_made_since_or_is_still_to_be_made_is_left() {
        let sieve = Sieve::new(&Opening {
            at: Timestamp::UNIX_EPOCH,
            since: Timestamp::UNIX_EPOCH,
            seen: vec![],
            settled: vec![],
        });
        let leaves = |ended: Option<i64>| {
            let ended = ended.map(|second| Timestamp::from_second(second).unwrap());
            sieve.leaves(&Made { began: Timestamp::UNIX_EPOCH, ended, announcement: announcement("a") })
        };

        assert_eq!([None, Some(2), Some(1)].map(leaves), [true, true, false]);
    }

    #[test]
    fn what_was_missed_in_the_seconds_of_doubt_is_not_hidden_by_what_followed() {
        assert_eq!(missed(&[(1_005, "a"), (1_050, "a")], &[], &["a"]), ["a"]);
        assert!(missed(&[(1_005, "a"), (1_050, "a")], &[], &["a", "a"]).is_empty());
    }
}
