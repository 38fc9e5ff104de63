//! What is known of the announcements of one StackStorm: up to when all are dealt with, and which since.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use crate::journal::{Announced, Dated, Entry};

/// The announcements of one StackStorm.
#[derive(Debug, Default)]
pub(super) struct Watch {
    until: Option<Timestamp>,
    /// When each came and its fingerprint.
    since: VecDeque<(Timestamp, u64)>,
    /// How many entries have told this.
    entries: usize,
}

impl Watch {
    /// An announcement is dealt with.
    pub(super) fn note(&mut self, at: Timestamp, fingerprint: u64) {
        if self.since.len() == MOST {
            self.since.pop_front();
        }
        self.since.push_back((at, fingerprint));
        self.entries += 1;
    }

    /// All that came of executions which began before `until` are dealt with; it never goes back.
    pub(super) fn advance(&mut self, until: Timestamp) {
        self.until = self.until.max(Some(until));
        self.entries += 1;
        self.since.retain(|(at, _)| at.saturating_add(BLUR).is_ok_and(|at| at > until));
    }

    /// Fewer entries that tell the same, if that is worth it.
    pub(super) fn condensed(&mut self, stackstorm: &str, now: Timestamp) -> Option<Vec<Dated>> {
        let least = self.since.len() + usize::from(self.until.is_some());
        if self.entries < SPARE + 2 * least {
            return None;
        }
        self.entries = least;
        let name = || stackstorm.to_owned();
        let announced =
            |&(at, fingerprint): &(_, u64)| Entry::Announced(Announced { stackstorm: name(), at, fingerprint });
        let entries = self.since.iter().map(announced);
        let entries = entries.chain(self.until.map(|until| Entry::Watched(name(), until)));
        Some(entries.map(|entry| (now, entry)).collect())
    }

    /// Up to when all are dealt with, and the fingerprints of those dealt with since.
    pub(super) fn known(&self) -> (Option<Timestamp>, Vec<u64>) {
        (self.until, self.since.iter().map(|(_, fingerprint)| *fingerprint).collect())
    }
}

/// How many are known again. More within the minutes that a [`Watch`] looks back may be said twice after a reconnect.
const MOST: usize = 20_000;

/// How many entries are never too many.
const SPARE: usize = 100;

/// How exactly StackStorm's time is known: it tells whole seconds.
const BLUR: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn only_what_may_be_asked_for_again_is_remembered() {
        let mut watch = Watch::default();
        (0..20).for_each(|second| watch.note(at(second), second.unsigned_abs()));

        watch.advance(at(20));
        watch.advance(at(10));

        assert_eq!(watch.known(), (Some(at(20)), vec![16, 17, 18, 19]));
    }

    #[test]
    fn what_is_no_longer_of_interest_is_not_kept_for_ever() {
        let mut watch = Watch::default();
        let mut condensed = None;
        for second in 0..200 {
            watch.note(at(second), 7);
            watch.advance(at(second));
            condensed = watch.condensed("default", at(second)).or(condensed);
        }

        let entries = condensed.unwrap();
        let mut again = Watch::default();
        for (_, entry) in &entries {
            match entry {
                Entry::Announced(it) => again.note(it.at, it.fingerprint),
                Entry::Watched(_, until) => again.advance(*until),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((entries.len(), again.known().1.len()), (6, 5));
    }

    #[test]
    fn a_flood_is_not_remembered_for_ever() {
        let mut watch = Watch::default();

        (0..=MOST as u64).for_each(|number| watch.note(at(0), number));

        assert_eq!((watch.known().1.len(), watch.known().1[0]), (MOST, 1));
    }
}
