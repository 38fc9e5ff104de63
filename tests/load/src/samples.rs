//! Times that were measured, and where most of them lie.

use std::time::Duration;

use serde::Serialize;

/// Times that were measured.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<Duration>);

/// Where they lie, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// Half of them took no longer.
    pub p50: f64,
    /// 95 of 100.
    pub p95: f64,
    /// 99 of 100.
    pub p99: f64,
}

impl Samples {
    /// Adds another set.
    pub fn merge(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Where they lie; `None` if there are none.
    pub fn spread(&self) -> Option<Spread> {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let at = |hundredths: usize| {
            let rank = (sorted.len() * hundredths).div_ceil(100).max(1);
            sorted.get(rank - 1).map(|it| it.as_secs_f64() * 1e3)
        };
        Some(Spread { p50: at(50)?, p95: at(95)?, p99: at(99)? })
    }
}

impl Extend<Duration> for Samples {
    fn extend<T: IntoIterator<Item = Duration>>(&mut self, more: T) {
        self.0.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rank_is_taken() {
        let mut samples = Samples::default();
        assert_eq!(samples.spread(), None);

        samples.extend((1..=100).rev().map(Duration::from_millis));

        assert_eq!(samples.spread(), Some(Spread { p50: 50.0, p95: 95.0, p99: 99.0 }));
    }
}
