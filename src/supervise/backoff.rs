//! How long to wait before the next try.

use std::time::Duration;

/// Exponential backoff with jitter. Cannot be built wrong: see [`Backoff::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    min: Duration,
    max: Duration,
}

impl Backoff {
    /// From `min`, doubling, to `max`. A `max` below `min` counts as `min`; nothing is below a millisecond.
    pub fn new(min: Duration, max: Duration) -> Self {
        let min = min.max(Duration::from_millis(1));
        Self { min, max: max.max(min) }
    }

    /// The wait before try number `attempt`, counted from 0. `jitter`, from 0 to 1, shortens it by up to a
    /// half, so that many waiters do not come back in step.
    pub fn wait(&self, attempt: u32, jitter: f64) -> Duration {
        let doubled = self.min.saturating_mul(2_u32.saturating_pow(attempt.min(31)));
        doubled.min(self.max).mul_f64(1.0 - jitter.clamp(0.0, 1.0) / 2.0).max(self.min / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn doubles_up_to_the_greatest() {
        let backoff = Backoff::new(SECOND, 5 * SECOND);

        let waits: Vec<u64> = [0, 1, 2, 3, u32::MAX].map(|n| backoff.wait(n, 0.0).as_secs()).into();

        assert_eq!(waits, [1, 2, 4, 5, 5]);
    }

    #[test]
    fn jitter_takes_off_at_most_half() {
        let backoff = Backoff::new(SECOND, 60 * SECOND);

        assert_eq!(backoff.wait(2, 1.0), 2 * SECOND);
        assert_eq!(backoff.wait(2, 7.0), 2 * SECOND);
    }

    #[test]
    fn a_zero_or_crossed_range_still_waits() {
        assert!(Backoff::new(Duration::ZERO, Duration::ZERO).wait(0, 1.0) > Duration::ZERO);
        assert_eq!(Backoff::new(SECOND, Duration::ZERO).wait(9, 0.0), SECOND);
    }
}
