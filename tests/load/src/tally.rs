//! What has been asked and what was answered: nothing is counted that was not seen on the IRC server.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::time::Instant;

use crate::{samples::Samples, stackstorm::Written, words::Kind};

/// All commands, or announcements, of one run.
pub(crate) struct Tally {
    first: u64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    entries: Vec<Entry>,
    /// The last announcement that each has heard.
    announced: HashMap<usize, usize>,
    /// How many of them were only to warm up.
    warm: usize,
    /// Lines that answer nothing, such as "busy".
    strange: usize,
    first_strange: Option<String>,
}

/// A command, or an announcement.
struct Entry {
    owner: usize,
    begun: Instant,
    ack: Option<Instant>,
    result: Option<Instant>,
    lines: usize,
    is_command: bool,
    out_of_order: bool,
}

/// What came of it all.
#[derive(Default)]
pub(crate) struct Outcomes {
    /// How many were asked or announced.
    pub(crate) count: usize,
    /// From asking to the ack.
    pub(crate) ack: Samples,
    /// From asking to the result.
    pub(crate) result: Samples,
    /// From StackStorm's event to the line.
    pub(crate) event_to_line: Samples,
    /// Never answered.
    pub(crate) lost: usize,
    /// Refused in other words.
    pub(crate) refused: usize,
    /// More lines than there should be.
    pub(crate) doubled: usize,
    /// Results before their acks, announcements before earlier ones.
    pub(crate) disordered: usize,
    /// The first line that answered nothing.
    pub(crate) first_strange: Option<String>,
}

impl Tally {
    /// An empty one, whose numbers begin with `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self { first, inner: Mutex::default() }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Somebody asks something: its number.
    pub(crate) fn begin(&self, owner: usize, begun: Instant, is_command: bool) -> u64 {
        let entries = &mut self.inner().entries;
        entries.push(Entry { owner, begun, ack: None, result: None, lines: 0, is_command, out_of_order: false });
        self.first + entries.len() as u64 - 1
    }

    /// What follows counts; what was before did not.
    pub(crate) fn warmed_up(&self) {
        let mut inner = self.inner();
        inner.warm = inner.entries.len();
        inner.strange = 0;
    }

    /// `listener` has seen a line; says whether a command of theirs is finished by it.
    pub(crate) fn heard(&self, listener: usize, kind: Kind, number: u64, at: Instant) -> bool {
        let mut inner = self.inner();
        let Some(index) = number.checked_sub(self.first).and_then(|index| usize::try_from(index).ok()) else {
            return false;
        };
        let Inner { entries, announced, .. } = &mut *inner;
        let Some(entry) = entries.get_mut(index).filter(|entry| entry.owner == listener) else { return false };
        entry.lines += 1;
        match kind {
            Kind::Ack => {
                entry.ack.get_or_insert(at);
            }
            Kind::Result => {
                entry.out_of_order |= entry.ack.is_none();
                entry.result.get_or_insert(at);
            }
            Kind::Announcement => {
                let last = announced.insert(listener, index);
                entry.out_of_order |= last.is_some_and(|last| last > index);
                entry.result.get_or_insert(at);
            }
        }
        entry.lines == entry.lines_due()
    }

    /// A line of the bot's answers nothing.
    pub(crate) fn strange(&self, text: &str) {
        let mut inner = self.inner();
        inner.strange += 1;
        inner.first_strange.get_or_insert_with(|| text.to_owned());
    }

    /// How many have not been answered.
    pub(crate) fn open(&self) -> usize {
        let inner = self.inner();
        let open = inner.entries.iter().filter(|entry| entry.lines < entry.lines_due()).count();
        open.saturating_sub(inner.strange)
    }

    /// When the last line came.
    pub(crate) fn last(&self) -> Option<Instant> {
        self.inner().entries.iter().filter_map(|entry| entry.result).max()
    }

    /// What came of it.
    pub(crate) fn outcomes(&self, written: &Written) -> Outcomes {
        let inner = self.inner();
        let mut sum = Outcomes { first_strange: inner.first_strange.clone(), ..Outcomes::default() };
        for (number, entry) in (self.first..).zip(&inner.entries).skip(inner.warm) {
            sum.count += 1;
            sum.ack.extend(entry.ack.map(|at| at - entry.begun));
            sum.result.extend(entry.result.map(|at| at - entry.begun));
            let event = written.take(number).and_then(|at| entry.result?.checked_duration_since(at));
            sum.event_to_line.extend(event);
            sum.lost += usize::from(entry.lines < entry.lines_due());
            sum.doubled += entry.lines.saturating_sub(entry.lines_due());
            sum.disordered += usize::from(entry.out_of_order);
        }
        sum.refused = inner.strange.min(sum.lost);
        sum.lost -= sum.refused;
        sum
    }
}

impl Outcomes {
    /// Adds what came of another run.
    pub(crate) fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.ack.merge(other.ack);
        self.result.merge(other.result);
        self.event_to_line.merge(other.event_to_line);
        self.lost += other.lost;
        self.refused += other.refused;
        self.doubled += other.doubled;
        self.disordered += other.disordered;
        self.first_strange = self.first_strange.take().or(other.first_strange);
    }
}

impl Entry {
    /// How many lines belong to it.
    const fn lines_due(&self) -> usize {
        if self.is_command { 2 } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(tally: &Tally) -> Outcomes {
        tally.outcomes(&Written::default())
    }

    #[test]
    fn a_command_is_finished_by_its_ack_and_its_result() {
        let (tally, now) = (Tally::new(100), Instant::now());
        let number = tally.begin(3, now, true);

        assert!(!tally.heard(3, Kind::Ack, number, now));
        assert!(!tally.heard(4, Kind::Result, number, now), "somebody else's");
        assert!(tally.heard(3, Kind::Result, number, now));

        let seen = outcomes(&tally);
        assert_eq!((seen.count, seen.lost, seen.doubled, seen.disordered), (1, 0, 0, 0));
    }

    #[test]
    fn what_is_lost_doubled_or_out_of_order_is_seen() {
        let (tally, now) = (Tally::new(0), Instant::now());
        let numbers: Vec<u64> = (0..3).map(|_| tally.begin(0, now, true)).collect();
        for kind in [Kind::Ack, Kind::Result, Kind::Result] {
            tally.heard(0, kind, numbers[0], now);
        }
        tally.heard(0, Kind::Result, numbers[1], now);
        tally.heard(0, Kind::Ack, numbers[1], now);

        let seen = outcomes(&tally);

        assert_eq!((seen.count, seen.lost, seen.doubled, seen.disordered), (3, 1, 1, 1));
    }

    #[test]
    fn an_announcement_that_comes_late_is_out_of_order() {
        let (tally, now) = (Tally::new(0), Instant::now());
        let numbers: Vec<u64> = (0..2).map(|_| tally.begin(0, now, false)).collect();

        tally.heard(0, Kind::Announcement, numbers[1], now);
        tally.heard(0, Kind::Announcement, numbers[0], now);

        assert_eq!(outcomes(&tally).disordered, 1);
    }

    #[test]
    fn a_command_answered_in_other_words_is_refused_and_not_lost() {
        let (tally, now) = (Tally::new(0), Instant::now());
        tally.begin(0, now, true);

        tally.strange("Too many commands are under way");

        let seen = outcomes(&tally);
        assert_eq!((seen.lost, seen.refused, tally.open()), (0, 1, 0));
    }
}
