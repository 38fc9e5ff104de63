//! So much at once, then one whenever some time has passed. Pure: the time is given.
//!
//! The generic cell rate algorithm (ITU-T I.371): all that is remembered of somebody is the time at which what they took so
//! far would all have been taken, had they taken it evenly.

use std::{num::NonZeroU32, time::Duration};

use tokio::time::Instant;

/// So many at once, then one whenever `every` has passed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rate {
    /// How long it takes until there is one more.
    pub(crate) every: Duration,
    /// How many there are at once, after a silence.
    pub(crate) burst: u32,
}

impl Rate {
    /// `rate` a second, and `burst` of them at once.
    pub(crate) fn a_second(rate: NonZeroU32, burst: u32) -> Self {
        Self { every: Duration::from_nanos(1_000_000_000_u64.div_ceil(rate.get().into())), burst }
    }

    /// Takes one from somebody who has `paid` until then; who took nothing yet has paid until now at the latest.
    ///
    /// # Errors
    /// How long it has to wait before there is one.
    pub(crate) fn take(self, paid: &mut Instant, now: Instant) -> Result<(), Duration> {
        self.admits(*paid, now)?;
        *paid = now + paid.saturating_duration_since(now) + self.every;
        Ok(())
    }

    /// Whether there is one for somebody who has `paid` until then.
    ///
    /// # Errors
    /// How long it has to wait before there is one.
    pub(crate) fn admits(self, paid: Instant, now: Instant) -> Result<(), Duration> {
        let ahead = paid.saturating_duration_since(now);
        let tolerance = self.every * self.burst.saturating_sub(1);
        if ahead > tolerance { Err(ahead - tolerance) } else { Ok(()) }
    }
}
