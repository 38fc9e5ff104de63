//! What is known of the announcements of one StackStorm: up to when all are dealt with, and which since.

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

/// The announcements of one StackStorm.
#[derive(Debug, Default)]
pub(super) struct Watch {
    until: Option<Timestamp>,
    /// When each came and its fingerprint.
    since: VecDeque<(Timestamp, u64)>,
}

impl Watch {
    /// An announcement is dealt with.
    pub(super) fn note(&mut self, at: Timestamp, fingerprint: u64) {
        if self.since.len() == MOST {
            self.since.pop_front();
        }
        self.since.push_back((at, fingerprint));
    }

    /// All that came of executions which began before `until` are dealt with; it never goes back.
    pub(super) fn advance(&mut self, until: Timestamp) {
        self.until = self.until.max(Some(until));
        self.since.retain(|(at, _)| at.saturating_add(BLUR).is_ok_and(|at| at > until));
    }

    /// Up to when all are dealt with, and the fingerprints of those dealt with since.
    pub(super) fn known(&self) -> (Option<Timestamp>, Vec<u64>) {
        (self.until, self.since.iter().map(|(_, fingerprint)| *fingerprint).collect())
    }
}

/// How many are known again. More within the minutes that a [`Watch`] looks back may be said twice after a reconnect.
const MOST: usize = 20_000;

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
    fn a_flood_is_not_remembered_for_ever() {
        let mut watch = Watch::default();

        (0..=MOST as u64).for_each(|number| watch.note(at(0), number));

        assert_eq!((watch.known().1.len(), watch.known().1[0]), (MOST, 1));
    }
}
