//! The dead letters of a ledger, and how many there may be.

use std::collections::BTreeMap;

use crate::journal::DeliveryId;

/// The dead letters with the length of their texts, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Dead {
    letters: BTreeMap<DeliveryId, usize>,
    bytes: usize,
}

impl Dead {
    pub(super) fn insert(&mut self, id: DeliveryId, bytes: usize) {
        self.bytes += bytes;
        self.bytes -= self.letters.insert(id, bytes).unwrap_or_default();
    }

    pub(super) fn remove(&mut self, id: DeliveryId) {
        self.bytes -= self.letters.remove(&id).unwrap_or_default();
    }

    /// The oldest.
    pub(super) fn first(&self) -> Option<DeliveryId> {
        self.letters.keys().next().copied()
    }

    /// The oldest, if there are too many.
    pub(super) fn surplus(&self) -> Option<DeliveryId> {
        self.first().filter(|_| self.letters.len() > MOST || self.bytes > MOST_BYTES)
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
        let id = |n| DeliveryId(Uuid::from_u128(n));
        let mut dead = Dead::default();

        (0..1_000).for_each(|n| dead.insert(id(n), 1));
        let enough = dead.surplus();
        dead.insert(id(5_000), 1);
        let many = dead.surplus();
        dead.remove(id(0));
        let enough_again = dead.surplus();
        dead.insert(id(5_000), MOST_BYTES);
        let long = dead.surplus();

        assert_eq!((enough, many, enough_again, long), (None, Some(id(0)), None, Some(id(1))));
    }
}
