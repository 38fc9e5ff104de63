//! The dead letters of a ledger, and how many there may be.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::journal::DeliveryId;

/// The dead letters with the length of their texts, by when they were queued, or last tried again.
#[derive(Debug, Default)]
pub(super) struct Dead {
    letters: BTreeMap<(Timestamp, DeliveryId), usize>,
    bytes: usize,
}

impl Dead {
    pub(super) fn insert(&mut self, at: Timestamp, id: DeliveryId, bytes: usize) {
        self.bytes += bytes;
        self.bytes -= self.letters.insert((at, id), bytes).unwrap_or_default();
    }

    pub(super) fn remove(&mut self, at: Timestamp, id: DeliveryId) {
        self.bytes -= self.letters.remove(&(at, id)).unwrap_or_default();
    }

    /// The oldest, if it is from before this time.
    pub(super) fn expired(&self, before: Timestamp) -> Option<DeliveryId> {
        self.letters.keys().next().filter(|(at, _)| *at < before).map(|(_, id)| *id)
    }

    /// The oldest, if there are too many.
    pub(super) fn surplus(&self) -> Option<DeliveryId> {
        let oldest = self.letters.keys().next().filter(|_| self.letters.len() > MOST || self.bytes > MOST_BYTES);
        oldest.map(|(_, id)| *id)
    }
}

/// How many are kept.
const MOST: usize = 1_000;

/// How long their texts may be together, in bytes.
const MOST_BYTES: usize = 32 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_oldest_goes_when_there_are_too_many_or_too_long_ones() {
        let (id, now) = (|n| DeliveryId(Uuid::from_u128(n)), Timestamp::UNIX_EPOCH);
        let mut dead = Dead::default();

        (0..1_000).for_each(|n| dead.insert(now, id(n), 1));
        let enough = dead.surplus();
        dead.insert(now, id(5_000), 1);
        let many = dead.surplus();
        dead.remove(now, id(0));
        let enough_again = dead.surplus();
        dead.insert(now, id(5_000), MOST_BYTES);
        let long = dead.surplus();

        assert_eq!((enough, many, enough_again, long), (None, Some(id(0)), None, Some(id(1))));
    }
}
