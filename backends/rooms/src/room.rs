//! One room, and how we stand to it.

use std::time::Duration;

use fulmar_contract::Done;
use tokio::time::Instant;

use crate::{Arrival, Departure, Dismissal};

/// A room to be in.
#[derive(Debug)]
pub(crate) struct Room<R> {
    /// What the network knows of it.
    pub(crate) more: R,
    standing: Standing,
    /// How often in a row we were put out.
    kicks: u32,
    /// Why we are not in it, as last reported.
    why: String,
    /// Whether it is wanted only if we are let in at once.
    on_trial: bool,
    /// Who waits for us to be in it, or out of it.
    ordered: Option<Done>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Joined {
        since: Instant,
    },
    Joining {
        since: Instant,
    },
    Leaving {
        since: Instant,
    },
    /// For ever, unless it is tried again at a time.
    Out {
        again: Option<Instant>,
    },
}

impl<R> Room<R> {
    pub(crate) const fn new(more: R, now: Instant) -> Self {
        let standing = Standing::Out { again: Some(now) };
        Self { more, standing, kicks: 0, why: String::new(), on_trial: false, ordered: None }
    }

    /// One that is ours only once it has let us in.
    pub(crate) fn on_trial(more: R, now: Instant) -> Self {
        Self { on_trial: true, ..Self::new(more, now) }
    }

    pub(crate) const fn is_joined(&self) -> bool {
        matches!(self.standing, Standing::Joined { .. })
    }

    pub(crate) const fn is_joining(&self) -> bool {
        matches!(self.standing, Standing::Joining { .. })
    }

    /// Whether it is wanted only by an order that is over.
    pub(crate) const fn is_in_vain(&self) -> bool {
        self.on_trial && self.ordered.is_none()
    }

    /// Whether it is to be asked now to let us in; then it counts as asked.
    pub(crate) fn try_now(&mut self, now: Instant) -> bool {
        let is_due = match self.standing {
            Standing::Joined { .. } | Standing::Leaving { .. } => false,
            Standing::Joining { since } => now.duration_since(since) >= LATE_REJOIN,
            Standing::Out { again } => again.is_some_and(|again| now >= again),
        };
        if is_due {
            self.standing = Standing::Joining { since: now };
        }
        is_due
    }

    pub(crate) fn order(&mut self, done: Done, now: Instant) {
        match self.standing {
            Standing::Joined { .. } => return answer(Some(done), Ok(())),
            Standing::Leaving { .. } => return answer(Some(done), Err("we are just leaving it".into())),
            Standing::Joining { .. } => {}
            Standing::Out { .. } => self.standing = Standing::Out { again: Some(now) },
        }
        answer(self.ordered.replace(done), Err("it was ordered again".into()));
    }

    pub(crate) fn dismiss(&mut self, done: Done, now: Instant) -> Dismissal {
        answer(self.ordered.replace(done), Err("we were ordered to leave".into()));
        if let Standing::Joined { .. } | Standing::Leaving { .. } = self.standing {
            self.standing = Standing::Leaving { since: now };
            return Dismissal::Leaving;
        }
        Dismissal::Out
    }

    pub(crate) fn joined(&mut self, now: Instant) -> Arrival {
        match self.standing {
            Standing::Joined { .. } => return Arrival::Known,
            Standing::Leaving { .. } => return Arrival::Unwanted,
            Standing::Joining { .. } | Standing::Out { .. } => {}
        }
        self.standing = Standing::Joined { since: now };
        self.why.clear();
        if std::mem::take(&mut self.on_trial) { Arrival::Won } else { Arrival::Wanted }
    }

    pub(crate) fn confirm(&mut self) {
        answer(self.ordered.take(), Ok(()));
    }

    /// We are put out: after how long we come back, each time later.
    pub(crate) fn kicked(&mut self, now: Instant) -> Duration {
        if let Standing::Joined { since } = self.standing
            && now.duration_since(since) >= SETTLED
        {
            self.kicks = 0;
        }
        let after = FIRST_REJOIN.saturating_mul(2_u32.saturating_pow(self.kicks)).min(LATE_REJOIN);
        self.kicks = self.kicks.saturating_add(1);
        after
    }

    /// We are not in it, or not any more.
    pub(crate) fn out(&mut self, why: &str, again: Option<Instant>) -> Departure {
        match self.standing {
            Standing::Leaving { .. } => return Departure::Parted,
            Standing::Out { .. } => return Departure::Nothing,
            Standing::Joined { .. } | Standing::Joining { .. } => self.standing = Standing::Out { again },
        }
        answer(self.ordered.take(), Err(why.to_owned()));
        if self.on_trial || self.why == why {
            return Departure::Nothing;
        }
        why.clone_into(&mut self.why);
        Departure::Missing(why.to_owned())
    }

    pub(crate) fn invited(&mut self, now: Instant) {
        if let Standing::Out { again } = &mut self.standing {
            let soon = now + FIRST_REJOIN;
            *again = Some(again.map_or(soon, |again| again.min(soon)));
        }
    }

    /// Gives up an order that is not answered. Returns whether the room counts as left.
    pub(crate) fn give_up(&mut self, now: Instant) -> bool {
        match self.standing {
            Standing::Leaving { since } => now.duration_since(since) >= PATIENCE,
            Standing::Joining { since } if now.duration_since(since) >= PATIENCE => {
                answer(self.ordered.take(), Err("there was no answer".into()));
                false
            }
            Standing::Joined { .. } | Standing::Joining { .. } | Standing::Out { .. } => false,
        }
    }
}

/// Tells somebody who may have stopped listening.
pub(crate) fn answer(done: Option<Done>, outcome: Result<(), String>) {
    if let Some(done) = done {
        drop(done.send(outcome));
    }
}

/// How soon a room is joined again after the first time that we were put out.
pub(crate) const FIRST_REJOIN: Duration = Duration::from_secs(2);
/// How soon a room is joined again at the latest.
const LATE_REJOIN: Duration = Duration::from_mins(5);
/// After so long in a room, having been put out of it is forgotten.
pub(crate) const SETTLED: Duration = Duration::from_mins(10);
/// How long whoever orders waits for an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
