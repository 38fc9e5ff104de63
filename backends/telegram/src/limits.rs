//! How fast we may write, so that Telegram does not have to ask us to wait. Pure but for the clock that it is given.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::config::Pace;

/// No more than so many in any span of this length.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    most: usize,
    per: Duration,
    /// When the last ones were sent: at most `most`.
    sent: VecDeque<Instant>,
}

impl Window {
    /// At most `most` in `per`; 0 is no limit.
    fn new(most: u32, per: Duration) -> Self {
        Self { most: usize::try_from(most).unwrap_or(usize::MAX), per, sent: VecDeque::new() }
    }

    /// The limits of one chat: in the long run, and for a group by the minute, too.
    pub(crate) fn of_chat(chat: i64, pace: &Pace) -> Vec<Self> {
        let mut windows = Vec::new();
        if let Some(second) = Duration::from_secs(1).checked_div(pace.rate) {
            windows.push(Self::new(pace.burst, second * pace.burst));
        }
        if chat < 0 {
            windows.push(Self::new(pace.group, Duration::from_secs(60)));
        }
        windows
    }

    /// The limit of all chats together.
    pub(crate) fn of_all(pace: &Pace) -> Self {
        Self::new(pace.total, Duration::from_secs(1))
    }

    /// When one more may be sent; `None` if that was always so.
    pub(crate) fn ready_at(&self) -> Option<Instant> {
        let first = self.sent.front().filter(|_| self.most > 0 && self.sent.len() >= self.most)?;
        Some(*first + self.per)
    }

    /// Whether so many on their way leave room for one more.
    pub(crate) fn admits(&self, under_way: usize, now: Instant) -> bool {
        let lately = self.sent.iter().filter(|sent| now.duration_since(**sent) < self.per).count();
        self.most == 0 || lately + under_way < self.most
    }

    /// Notes that one was sent. Noted when it is answered, since that is not before Telegram counts it.
    pub(crate) fn note(&mut self, now: Instant) {
        if self.most > 0 {
            self.sent.push_back(now);
            let gone = self.sent.len().saturating_sub(self.most);
            self.sent.drain(..gone);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep_until};

    use super::*;

    const PACE: Pace = Pace { rate: 1, burst: 3, group: 20, total: 30 };

    async fn times(windows: &mut [Window], messages: usize) -> Vec<u64> {
        let start = Instant::now();
        let mut times = Vec::new();
        for _ in 0..messages {
            if let Some(ready) = windows.iter().filter_map(Window::ready_at).max() {
                sleep_until(ready).await;
            }
            times.push(start.elapsed().as_secs());
            windows.iter_mut().for_each(|window| window.note(Instant::now()));
        }
        times
    }

    #[tokio::test(start_paused = true)]
    async fn after_the_burst_messages_keep_the_rate() {
        let mut windows = Window::of_chat(1, &PACE);

        assert_eq!(times(&mut windows, 7).await, [0, 0, 0, 3, 3, 3, 6]);
        advance(Duration::from_secs(60)).await;
        assert_eq!(times(&mut windows, 4).await, [0, 0, 0, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_minute_brings_a_group_more_than_twenty() {
        let mut windows = Window::of_chat(-1, &PACE);

        let times = times(&mut windows, 60).await;

        for (at, time) in times.iter().enumerate() {
            let before = times[..at].iter().filter(|other| **other + 60 > *time).count();
            assert!(before < 20, "{times:?}");
        }
        assert_eq!(times[59], 138);
    }

    #[tokio::test(start_paused = true)]
    async fn nought_is_no_limit() {
        let mut windows = Window::of_chat(-1, &Pace { rate: 0, burst: 1, group: 0, total: 0 });

        assert_eq!(times(&mut windows, 100).await, [0; 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_counts() {
        let mut all = Window::of_all(&Pace { total: 2, ..PACE });
        let now = Instant::now();

        assert!(all.admits(1, now) && !all.admits(2, now));
        all.note(now);
        assert!(all.admits(0, now) && !all.admits(1, now));
        assert!(all.admits(1, now + Duration::from_secs(1)));
    }
}
