//! How much may wait to be said, so that memory is bounded whatever StackStorm sends and whichever network is away. Pure.

use std::{iter::Sum, ops::Add};

use serde_json::Value;

use crate::journal::{Delivery, weight};

/// How much waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    pub(super) deliveries: usize,
    /// Roughly what they take in memory.
    pub(super) bytes: usize,
}

impl Load {
    /// That of one delivery.
    pub(super) fn of(delivery: &Delivery) -> Self {
        Self { deliveries: 1, bytes: delivery.text.len() + weight(&delivery.extra) }
    }

    /// Whether there is no space for it in a room where `self` waits, while `all` waits in all rooms. Where little waits there
    /// is more: rooms of a network that is away take none from the others.
    pub(super) const fn is_too_much(self, all: Self) -> bool {
        self.exceeds(ROOM) || all.exceeds(if self.exceeds(LITTLE) { ALL } else { MOST })
    }

    const fn exceeds(self, limit: Self) -> bool {
        self.deliveries > limit.deliveries || self.bytes > limit.bytes
    }
}

impl Add for Load {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { deliveries: self.deliveries + other.deliveries, bytes: self.bytes + other.bytes }
    }
}

impl Sum for Load {
    fn sum<I: Iterator<Item = Self>>(loads: I) -> Self {
        loads.fold(Self::default(), Add::add)
    }
}

/// Cuts off what is more than [`LONGEST`], which no room wants to read, and leaves out an `extra` of more than
/// [`LARGEST_EXTRA`].
pub(crate) fn bound(text: &mut String, extra: &mut Value) {
    text.truncate(text.floor_char_boundary(LONGEST));
    if weight(extra) > LARGEST_EXTRA {
        *extra = Value::Null;
    }
}

/// Whether something may have been cut off.
pub(super) const fn is_cut(text: &str) -> bool {
    text.len() > LONGEST - 4
}

/// The longest text that is kept, in bytes: five times what the usual 50 posts of 4,000 letters show.
const LONGEST: usize = 1024 * 1024;

/// The largest `extra` that is kept, in bytes.
const LARGEST_EXTRA: usize = 64 * 1024;

/// How much may wait in one room, so that a blocked one leaves space for the others.
const ROOM: Load = Load { deliveries: 5_000, bytes: 16 * 1024 * 1024 };

/// How much may wait in all.
const ALL: Load = Load { deliveries: 20_000, bytes: 64 * 1024 * 1024 };

/// How much may wait in all where no more than [`LITTLE`] waits in the room.
const MOST: Load = Load { deliveries: 2 * ALL.deliveries, bytes: 2 * ALL.bytes };

/// What is little for one room; but for one long text, which takes up to a megabyte.
const LITTLE: Load = Load { deliveries: 100, bytes: 2 * LONGEST };

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_nobody_reads_is_cut_off_between_two_characters() {
        let (mut long, mut extra) = ("ż".repeat(LONGEST), json!({"slack": "x".repeat(LARGEST_EXTRA)}));
        let (mut short, mut kept) = ("x".repeat(LONGEST / 2), json!({"slack": "x"}));

        bound(&mut long, &mut extra);
        bound(&mut short, &mut kept);

        assert_eq!((long.len(), extra, is_cut(&long)), (LONGEST, Value::Null, true));
        assert_eq!((short.len(), kept, is_cut(&short)), (LONGEST / 2, json!({"slack": "x"}), false));
    }

    #[test]
    fn many_and_large_ones_are_too_much_in_a_room_and_in_all() {
        let small = Load { deliveries: 1, bytes: 1 };

        assert!(!small.is_too_much(small) && !ROOM.is_too_much(ALL));
        for more in [Load { deliveries: 1, bytes: 0 }, Load { deliveries: 0, bytes: 1 }] {
            assert!((ROOM + more).is_too_much(ROOM + more) && ROOM.is_too_much(ALL + more));
        }
    }

    #[test]
    fn rooms_in_which_much_waits_leave_space_for_those_in_which_little_does() {
        let more = Load { deliveries: 1, bytes: 0 };

        assert!(!LITTLE.is_too_much(ALL + more) && !LITTLE.is_too_much(MOST));
        assert!((LITTLE + more).is_too_much(ALL + more) && LITTLE.is_too_much(MOST + more));
    }
}
