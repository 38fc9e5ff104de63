//! What a chat remembers from one session to the next, for as long as the process lives.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{casemap::CaseMapping, config::Wanted};

/// A chat's memory. Each method takes a moment: it is never held across a wait.
#[derive(Debug)]
pub(crate) struct Lasting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    casemapping: CaseMapping,
    /// The rooms to be in: the configured ones, and what was ordered since.
    rooms: Vec<Wanted>,
    policy: Option<Policy>,
    /// The nick that each account, in lower case, was last seen with.
    nicks: HashMap<String, String>,
    /// Since when there was something for an account, in lower case, and nobody who was logged in to it.
    absent: HashMap<String, Instant>,
}

/// The server's demand for TLS (IRCv3 sts).
#[derive(Clone, Copy, Debug)]
struct Policy {
    port: u16,
    until: Instant,
}

impl Lasting {
    /// The memory of a chat that is to be in `rooms`.
    pub(crate) fn new(rooms: Vec<Wanted>) -> Self {
        Self(Mutex::new(State { rooms, ..State::default() }))
    }

    /// How the network folds names, as far as is known.
    pub(crate) fn casemapping(&self) -> CaseMapping {
        self.state().casemapping
    }

    /// The network folds names so.
    pub(crate) fn fold_by(&self, casemapping: CaseMapping) {
        self.state().casemapping = casemapping;
    }

    /// The rooms to be in.
    pub(crate) fn rooms(&self) -> Vec<Wanted> {
        self.state().rooms.clone()
    }

    /// A room is to be joined in later sessions, too.
    pub(crate) fn add(&self, room: Wanted) {
        self.state().rooms.push(room);
    }

    /// A room is not to be joined any more.
    pub(crate) fn remove(&self, folded: &str) {
        let mut state = self.state();
        let casemapping = state.casemapping;
        state.rooms.retain(|room| casemapping.fold(&room.name) != folded);
    }

    /// The port for TLS, if the server demanded it and still does.
    pub(crate) fn secure_port(&self, now: Instant) -> Option<u16> {
        self.state().policy.filter(|policy| now < policy.until).map(|policy| policy.port)
    }

    /// Over TLS, the server demanded TLS for so long from now on; for no time, it demands nothing any more.
    pub(crate) fn demand(&self, port: u16, duration: Duration, now: Instant) {
        let until = now.checked_add(duration).unwrap_or(now + FOR_EVER);
        self.state().policy = Some(Policy { port, until });
    }

    /// Somebody is logged in to an account.
    pub(crate) fn seen(&self, account: &str, nick: &str) {
        let account = account.to_ascii_lowercase();
        let State { nicks, absent, .. } = &mut *self.state();
        absent.remove(&account);
        let is_known = nicks.get(&account).is_some_and(|known| known == nick);
        if is_known {
            return;
        }
        if nicks.len() < MOST_ACCOUNTS || nicks.contains_key(&account) {
            nicks.insert(account, nick.to_owned());
        }
    }

    /// The nick that `account`, in lower case, was last seen with.
    pub(crate) fn nick_of(&self, account: &str) -> Option<String> {
        self.state().nicks.get(account).cloned()
    }

    /// Nobody who is logged in to `account` is there: for how long that has been so, as far as it was asked lately.
    pub(crate) fn absence(&self, account: &str, now: Instant) -> Duration {
        let account = account.to_ascii_lowercase();
        let absent = &mut self.state().absent;
        absent.retain(|_, since| now.duration_since(*since) < LONGEST_ABSENCE);
        if absent.len() >= MOST_ABSENT && !absent.contains_key(&account) {
            return LONGEST_ABSENCE;
        }
        now.duration_since(*absent.entry(account).or_insert(now))
    }

    /// Somebody is there who is logged in to `account`.
    pub(crate) fn present(&self, account: &str) {
        self.state().absent.remove(&account.to_ascii_lowercase());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of more accounts nothing is remembered.
const MOST_ACCOUNTS: usize = 10_000;
/// Of more who are not there nothing is remembered, and so nothing is kept for them.
const MOST_ABSENT: usize = 1000;
/// So long that nothing is kept for somebody any more. After it, they are looked for anew.
const LONGEST_ABSENCE: Duration = Duration::from_hours(1);
/// Longer than any process lives.
const FOR_EVER: Duration = Duration::from_hours(24 * 365 * 10);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_demand_for_tls_holds_as_long_as_it_says() {
        let lasting = Lasting::new(Vec::new());
        let now = Instant::now();
        lasting.demand(6697, Duration::from_secs(60), now);

        assert_eq!(lasting.secure_port(now + Duration::from_secs(59)), Some(6697));
        assert_eq!(lasting.secure_port(now + Duration::from_secs(60)), None);
        lasting.demand(6697, Duration::MAX, now);
        assert_eq!(lasting.secure_port(now + Duration::from_hours(24)), Some(6697));
        lasting.demand(6697, Duration::ZERO, now);
        assert_eq!(lasting.secure_port(now), None);
    }

    #[test]
    fn the_memory_of_accounts_is_bounded_and_follows_those_it_has() {
        let lasting = Lasting::new(Vec::new());
        for number in 0..=MOST_ACCOUNTS {
            lasting.seen(&format!("Account{number}"), "old");
        }

        lasting.seen("account0", "new");

        assert_eq!(lasting.nick_of("account0").as_deref(), Some("new"));
        assert_eq!(lasting.nick_of(&format!("account{MOST_ACCOUNTS}")), None);
    }

    #[tokio::test(start_paused = true)]
    async fn an_absence_ends_with_a_word_of_theirs_or_after_an_hour() {
        let lasting = Lasting::new(Vec::new());
        let (now, minute) = (Instant::now(), Duration::from_mins(1));

        assert_eq!(lasting.absence("Ada", now), Duration::ZERO);
        assert_eq!(lasting.absence("ada", now + minute), minute);
        lasting.seen("Ada", "ada");
        assert_eq!(lasting.absence("ada", now + 2 * minute), Duration::ZERO);
        assert_eq!(lasting.absence("ada", now + 62 * minute), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_memory_of_absences_is_bounded() {
        let lasting = Lasting::new(Vec::new());
        let now = Instant::now();
        for number in 0..MOST_ABSENT {
            lasting.absence(&format!("account{number}"), now);
        }

        assert_eq!(lasting.absence("account0", now), Duration::ZERO);
        assert_eq!(lasting.absence("one-more", now), LONGEST_ABSENCE);
        assert_eq!(lasting.absence("one-more", now + LONGEST_ABSENCE), Duration::ZERO);
    }
}
