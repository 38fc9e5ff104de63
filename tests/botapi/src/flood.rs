//! Limits of how much a bot may say, and the 429 that follows.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// So many messages in any span of this length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many.
    pub most: usize,
    /// In how long.
    pub per: Duration,
}

/// Telegram's limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// To one chat.
    pub chat: Rate,
    /// To one group, besides.
    pub group: Rate,
    /// To all chats together.
    pub all: Rate,
}

impl Limits {
    /// What Telegram's FAQ says: one message a second to a chat, where short bursts may go over it; 20 a minute to a group;
    /// 30 a second in all.
    pub const DOCUMENTED: Self = Self {
        chat: Rate { most: 3, per: Duration::from_secs(3) },
        group: Rate { most: 20, per: Duration::from_secs(60) },
        all: Rate { most: 30, per: Duration::from_secs(1) },
    };
}

/// What was said lately.
#[derive(Debug, Default)]
pub(crate) struct Flood {
    pub(crate) limits: Option<Limits>,
    chats: HashMap<i64, VecDeque<Instant>>,
    all: VecDeque<Instant>,
}

impl Flood {
    /// Notes that something is said in `chat`, unless that is too much: then the seconds to wait.
    pub(crate) fn admit(&mut self, chat: i64, now: Instant) -> Result<(), u64> {
        let Some(limits) = self.limits else { return Ok(()) };
        let said = self.chats.entry(chat).or_default();
        let mut rates = vec![(limits.chat, &*said), (limits.all, &self.all)];
        if chat < 0 {
            rates.push((limits.group, said));
        }
        let wait = rates.into_iter().filter_map(|(rate, said)| excess(rate, said, now)).max();
        if let Some(wait) = wait {
            return Err(wait.as_secs() + 1);
        }
        said.push_back(now);
        self.all.push_back(now);
        keep(said, limits.group.most.max(limits.chat.most));
        keep(&mut self.all, limits.all.most);
        Ok(())
    }
}

fn excess(rate: Rate, said: &VecDeque<Instant>, now: Instant) -> Option<Duration> {
    let first = said.len().checked_sub(rate.most).and_then(|at| said.get(at))?;
    rate.per.checked_sub(now.duration_since(*first)).filter(|wait| !wait.is_zero())
}

/// Forgets all but the last ones.
fn keep(said: &mut VecDeque<Instant>, most: usize) {
    let gone = said.len().saturating_sub(most);
    said.drain(..gone);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_says_too_much_is_told_when_to_go_on() {
        let mut flood = Flood { limits: Some(Limits::DOCUMENTED), ..Flood::default() };
        let start = Instant::now();

        for _ in 0..3 {
            assert_eq!(flood.admit(-1, start), Ok(()));
        }

        assert_eq!(flood.admit(-1, start), Err(4));
        assert_eq!(flood.admit(-2, start), Ok(()), "another chat");
        assert_eq!(flood.admit(-1, start + Duration::from_secs(3)), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_group_has_a_limit_of_its_own() {
        let mut flood = Flood { limits: Some(Limits::DOCUMENTED), ..Flood::default() };
        let at = |second| Instant::now() + Duration::from_secs(second);

        for second in 0..20 {
            assert_eq!((flood.admit(-1, at(second)), flood.admit(1, at(second))), (Ok(()), Ok(())));
        }

        assert_eq!((flood.admit(-1, at(20)), flood.admit(1, at(20))), (Err(41), Ok(())));
    }
}
