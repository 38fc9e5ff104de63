//! Up to when all announcements are dealt with after a look for them. Pure.
//!
//! An execution may take a while to announce, so the watermark stays [`OVERLAP`] behind; further, where something is left for the next
//! look to find. What is said already that one knows by its fingerprint.

use std::time::Duration;

use jiff::Timestamp;

/// How far a look has come.
pub(super) struct Reach {
    opened: Timestamp,
    until: Timestamp,
    /// When the oldest began of what is left to the next look.
    left: Option<Timestamp>,
}

impl Reach {
    /// As far as the moment when the look began.
    pub(super) const fn new(opened: Timestamp) -> Self {
        Self { opened, until: opened, left: None }
    }

    /// Only what began before `until` was looked at.
    pub(super) const fn ends(&mut self, until: Timestamp) {
        self.until = until;
    }

    /// The next look is to find what began at `began` and after that.
    pub(super) fn leaves(&mut self, began: Timestamp) {
        self.left = Some(self.left.map_or(began, |left| left.min(began)));
    }

    /// As [`Self::leaves`], for what has not been announced yet: after a long time it is taken for lost.
    pub(super) fn awaits(&mut self, began: Timestamp) {
        if began.saturating_add(PATIENCE).is_ok_and(|patient| patient > self.opened) {
            self.leaves(began);
        }
    }

    /// Leaves nothing any more. Returns when the oldest began of what is given up.
    pub(super) fn give_up(&mut self) -> Option<Timestamp> {
        let left = self.left.take()?;
        (left < self.watermark()).then_some(left)
    }

    /// The watermark: StackStorm is next asked for what began after it.
    pub(super) fn watermark(&self) -> Timestamp {
        let until = self.until.checked_sub(OVERLAP).unwrap_or(self.until);
        let left = self.left.and_then(|left| left.checked_sub(TICK).ok());
        left.map_or(until, |left| left.min(until))
    }
}

/// How long an execution may take from its start to its announcement.
const OVERLAP: Duration = Duration::from_secs(120);

/// How long an execution is awaited that takes longer than that: one that StackStorm lost never ends.
const PATIENCE: Duration = Duration::from_hours(1);

/// The least that StackStorm's times differ by.
const TICK: Duration = Duration::from_micros(1);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// The watermark of a look that began at 10,000 s, in seconds.
    fn watermark(look: impl FnOnce(&mut Reach)) -> f64 {
        let mut reach = Reach::new(at(10_000));
        look(&mut reach);
        reach.watermark().duration_since(at(0)).as_secs_f64()
    }

    #[test]
    fn it_stays_a_while_behind_as_what_began_may_be_announced_later() {
        assert!((watermark(|_| {}) - 9_880.0).abs() < f64::EPSILON);
        assert!((watermark(|reach| reach.ends(at(5_000))) - 4_880.0).abs() < f64::EPSILON);
    }

    #[test]
    fn it_stays_just_before_the_oldest_that_is_left() {
        let left = watermark(|reach| [500, 400, 9_990].into_iter().for_each(|began| reach.leaves(at(began))));

        assert!(left < 400.0 && left > 399.99, "{left}");
        assert!((watermark(|reach| reach.leaves(at(9_990))) - 9_880.0).abs() < f64::EPSILON);
    }

    #[test]
    fn what_is_not_announced_is_awaited_for_an_hour() {
        let left = watermark(|reach| [6_300, 6_500, 9_000].into_iter().for_each(|began| reach.awaits(at(began))));

        assert!(left < 6_500.0 && left > 6_499.99, "{left}");
    }

    #[test]
    fn what_is_given_up_is_told_once_and_left_no_longer() {
        let mut reach = Reach::new(at(10_000));
        assert_eq!(reach.give_up(), None);
        reach.leaves(at(9_990));
        assert_eq!(reach.give_up(), None, "it is found anyway");
        reach.leaves(at(400));

        assert_eq!((reach.give_up(), reach.give_up()), (Some(at(400)), None));

        assert_eq!(reach.watermark(), at(9_880));
    }
}
