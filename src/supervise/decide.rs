//! What follows from a child's end: pure, so that an hour of restarts is tested in no time.

use std::{collections::VecDeque, time::Duration};

use fulmar_contract::{Login, Recovery};
use tokio::time::Instant;

use super::Backoff;

/// Why a life ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It gave up, and says how to recover.
    Failed {
        /// What happened, for an operator to read.
        why: String,
        /// How to recover.
        recovery: Recovery,
    },
    /// It panicked: a fault of ours.
    Panicked,
    /// It was told to stop.
    Stopped,
}

impl Cause {
    /// The cause in words.
    pub fn why(&self) -> &str {
        match self {
            Self::Failed { why, .. } => why,
            Self::Panicked => "panicked; the log has the place",
            Self::Stopped => "stopped",
        }
    }
}

/// How children are restarted.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// The waits between lives.
    pub backoff: Backoff,
    /// A life that was up this long is a success: the waits begin anew.
    pub healthy_after: Duration,
    /// How many faults of ours are borne within [`Policy::within`].
    pub restarts: usize,
    /// See [`Policy::restarts`].
    pub within: Duration,
    /// How long a parked child waits.
    pub park: Duration,
    /// What follows when faults of ours exceed the budget.
    pub exhausted: Exhausted,
}

/// What follows when a child exceeds its restart intensity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exhausted {
    /// The gateway cannot do without it: stop everything.
    Escalate,
    /// It rests; the others go on.
    Park,
}

/// What to do after a life has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Stop the gateway.
    Escalate,
    /// Rest, then begin a life.
    Park {
        /// For how long.
        after: Duration,
    },
    /// Begin a life.
    Restart {
        /// After how long.
        after: Duration,
        /// How to log in.
        login: Login,
    },
}

/// What is remembered of a child's lives.
#[derive(Debug, Default)]
pub(super) struct History {
    attempt: u32,
    faults: VecDeque<Instant>,
    login: Login,
}

impl History {
    /// Forgets the past: an operator has asked for a restart.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

/// Decides what follows from `cause`. `up` is how long the life was online, if it was; `jitter` is from 0 to 1.
///
/// Losing a network is weather, and is waited out for ever. Only faults of ours, which are panics, spend
/// the budget; refused credentials are tried once more with a fresh login, because more tries lock accounts.
pub(super) fn decide(
    policy: &Policy,
    history: &mut History,
    cause: &Cause,
    up: Option<Duration>,
    now: Instant,
    jitter: f64,
) -> Decision {
    if up.is_some_and(|up| up >= policy.healthy_after) {
        history.attempt = 0;
        history.login = Login::Usual;
    }
    let last_login = std::mem::take(&mut history.login);
    let recovery = match cause {
        Cause::Failed { recovery, .. } => *recovery,
        Cause::Panicked if history.exhausts(policy, now) => return policy.surrender(history),
        Cause::Panicked | Cause::Stopped => Recovery::Backoff,
    };
    match recovery {
        Recovery::Park => policy.rest(history),
        Recovery::Reauthenticate if last_login == Login::Fresh => policy.rest(history),
        Recovery::After(after) => {
            let least = policy.backoff.wait(0, jitter);
            Decision::Restart { after: after.clamp(least, policy.park.max(least)), login: Login::Usual }
        }
        Recovery::Backoff | Recovery::Reauthenticate => {
            if recovery == Recovery::Reauthenticate {
                history.login = Login::Fresh;
            }
            let after = policy.backoff.wait(history.attempt, jitter);
            history.attempt = history.attempt.saturating_add(1);
            Decision::Restart { after, login: history.login }
        }
    }
}

impl History {
    fn exhausts(&mut self, policy: &Policy, now: Instant) -> bool {
        self.faults.push_back(now);
        while self.faults.front().is_some_and(|first| now.duration_since(*first) > policy.within) {
            self.faults.pop_front();
        }
        self.faults.len() > policy.restarts
    }
}

impl Policy {
    fn surrender(&self, history: &mut History) -> Decision {
        match self.exhausted {
            Exhausted::Escalate => Decision::Escalate,
            Exhausted::Park => self.rest(history),
        }
    }

    fn rest(&self, history: &mut History) -> Decision {
        history.clear();
        Decision::Park { after: self.park }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn policy(exhausted: Exhausted) -> Policy {
        Policy {
            backoff: Backoff::new(SECOND, 60 * SECOND),
            healthy_after: 30 * SECOND,
            restarts: 5,
            within: 60 * SECOND,
            park: 300 * SECOND,
            exhausted,
        }
    }

    fn failed(recovery: Recovery) -> Cause {
        Cause::Failed { why: "x".into(), recovery }
    }

    fn panics(exhausted: Exhausted, apart: Duration) -> Vec<Decision> {
        let (policy, mut history, start) = (policy(exhausted), History::default(), Instant::now());
        (0..7).map(|n| decide(&policy, &mut history, &Cause::Panicked, None, start + apart * n, 0.0)).collect()
    }

    #[test]
    fn a_lost_session_is_retried_for_ever_each_time_later() {
        let (policy, mut history) = (policy(Exhausted::Park), History::default());

        let waits: Vec<Decision> = (0..100)
            .map(|_| decide(&policy, &mut history, &failed(Recovery::Backoff), None, Instant::now(), 0.0))
            .collect();

        assert_eq!(waits[0], Decision::Restart { after: SECOND, login: Login::Usual });
        assert_eq!(waits[3], Decision::Restart { after: 8 * SECOND, login: Login::Usual });
        assert_eq!(waits[99], Decision::Restart { after: 60 * SECOND, login: Login::Usual });
    }

    #[test]
    fn a_healthy_life_resets_the_waits_and_a_short_one_does_not() {
        let (policy, mut history) = (policy(Exhausted::Park), History::default());
        let mut after =
            |up| match decide(&policy, &mut history, &failed(Recovery::Backoff), Some(up), Instant::now(), 0.0) {
                Decision::Restart { after, .. } => after,
                other => panic!("{other:?}"),
            };

        assert_eq!([after(SECOND), after(SECOND), after(31 * SECOND)], [SECOND, 2 * SECOND, SECOND]);
    }

    #[test]
    fn refused_credentials_get_one_fresh_login_and_then_rest() {
        let (policy, mut history) = (policy(Exhausted::Park), History::default());
        let mut next =
            || decide(&policy, &mut history, &failed(Recovery::Reauthenticate), None, Instant::now(), 0.0);

        assert_eq!(next(), Decision::Restart { after: SECOND, login: Login::Fresh });
        assert_eq!(next(), Decision::Park { after: 300 * SECOND });
        assert_eq!(next(), Decision::Restart { after: SECOND, login: Login::Fresh });
    }

    #[test]
    fn a_login_that_held_for_long_is_renewed_again_and_not_parked_over() {
        let (policy, mut history) = (policy(Exhausted::Park), History::default());
        let mut after = |up| {
            let cause = failed(Recovery::Reauthenticate);
            decide(&policy, &mut history, &cause, up, Instant::now(), 0.0)
        };

        after(None);
        assert_eq!(after(Some(60 * SECOND)), Decision::Restart { after: SECOND, login: Login::Fresh });
    }

    #[test]
    fn a_chat_parks_after_five_panics_in_a_minute() {
        assert_eq!(panics(Exhausted::Park, SECOND)[5], Decision::Park { after: 300 * SECOND });
    }

    #[test]
    fn a_core_actor_escalates_after_five_panics_in_a_minute() {
        assert_eq!(panics(Exhausted::Escalate, SECOND)[5], Decision::Escalate);
    }

    #[test]
    fn rare_panics_are_borne_for_ever() {
        let all = panics(Exhausted::Escalate, 20 * SECOND);

        assert!(all.iter().all(|decision| matches!(decision, Decision::Restart { .. })), "{all:?}");
    }

    #[test]
    fn the_wait_that_a_network_asks_for_is_kept_within_reason() {
        let (policy, mut history) = (policy(Exhausted::Park), History::default());
        let mut after = |wait| {
            let cause = failed(Recovery::After(wait));
            decide(&policy, &mut history, &cause, None, Instant::now(), 0.0)
        };

        assert_eq!(after(7 * SECOND), Decision::Restart { after: 7 * SECOND, login: Login::Usual });
        assert_eq!(after(Duration::MAX), Decision::Restart { after: 300 * SECOND, login: Login::Usual });
        assert_eq!(after(Duration::ZERO), Decision::Restart { after: SECOND, login: Login::Usual });
    }
}
