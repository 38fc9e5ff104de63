//! How fast lines may be sent, so that the server does not throw us out for flooding.

use std::time::Duration;

use tokio::time::Instant;

/// So many lines a second, after a burst of so many at once. A rate of 0 is no limit.
#[derive(Clone, Debug)]
pub(crate) struct Throttle {
    per_line: Duration,
    tolerance: Duration,
    /// When the lines sent so far would all have been sent, had they been sent at the even rate.
    paid: Instant,
}

impl Throttle {
    pub(crate) fn new(rate: u32, burst: u32, now: Instant) -> Self {
        let per_line = Duration::from_secs(1).checked_div(rate).unwrap_or_default();
        Self { per_line, tolerance: per_line * burst.saturating_sub(1), paid: now }
    }

    /// When the next line may be sent.
    pub(crate) fn ready_at(&self) -> Instant {
        self.paid.checked_sub(self.tolerance).unwrap_or(self.paid)
    }

    /// Notes that a line is sent, allowed or not.
    pub(crate) fn spend(&mut self, now: Instant) {
        self.paid = self.paid.max(now) + self.per_line;
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep_until};

    use super::*;

    async fn times(throttle: &mut Throttle, lines: usize) -> Vec<u128> {
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..lines {
            sleep_until(throttle.ready_at()).await;
            times.push(start.elapsed().as_millis());
            throttle.spend(Instant::now());
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_burst_lines_keep_the_rate() {
        let mut throttle = Throttle::new(2, 3, Instant::now());

        assert_eq!(times(&mut throttle, 6).await, [0, 0, 0, 500, 1000, 1500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_earns_the_burst_again_but_no_more() {
        let mut throttle = Throttle::new(2, 3, Instant::now());
        times(&mut throttle, 6).await;

        advance(Duration::from_secs(60)).await;

        assert_eq!(times(&mut throttle, 5).await, [0, 0, 0, 500, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_of_nought_is_no_limit() {
        let mut throttle = Throttle::new(0, 0, Instant::now());

        assert_eq!(times(&mut throttle, 100).await, [0; 100]);
    }
}
