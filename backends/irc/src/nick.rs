//! Getting back the nick that we want, when somebody else has it. Pure.

use std::time::Duration;

use tokio::time::Instant;

use crate::services;

/// When to ask for the nick again, and how.
#[derive(Debug)]
pub(crate) struct Regain {
    wanted: String,
    /// Whether services know us and could help.
    identified: bool,
    attempts: u32,
    asked: Instant,
    next: Instant,
}

impl Regain {
    /// Of a session that begins at `now`.
    pub(crate) fn new(wanted: &str, identified: bool, now: Instant) -> Self {
        Self { wanted: wanted.into(), identified, attempts: 0, asked: now, next: now + FIRST }
    }

    /// The nick that we want.
    pub(crate) fn wanted(&self) -> &str {
        &self.wanted
    }

    /// We have it.
    pub(crate) const fn won(&mut self) {
        self.attempts = 0;
    }

    /// We lost it.
    pub(crate) fn lost(&mut self, now: Instant) {
        self.next = now + FIRST;
    }

    /// It seems to be free.
    pub(crate) fn free(&mut self, now: Instant) {
        self.next = self.next.min(now.max(self.asked + PAUSE));
    }

    /// The lines that ask for it, if it is time to.
    pub(crate) fn lines(&mut self, now: Instant) -> Vec<String> {
        if now < self.next {
            return Vec::new();
        }
        let help = services::regain(&self.wanted, self.attempts).filter(|_| self.identified);
        self.asked = now;
        self.next = now + FIRST.saturating_mul(2_u32.saturating_pow(self.attempts)).min(LAST);
        self.attempts = self.attempts.saturating_add(1);
        help.into_iter().chain([format!("NICK {}", self.wanted)]).collect()
    }
}

/// How soon to ask first.
const FIRST: Duration = Duration::from_secs(5);
/// How seldom to ask at the end.
const LAST: Duration = Duration::from_mins(5);
/// How long to leave between asking and asking again, however often the nick becomes free.
const PAUSE: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(regain: &mut Regain, start: Instant, seconds: u64) -> Vec<(u64, Vec<String>)> {
        let at = |second| (second, regain.lines(start + Duration::from_secs(second)));
        (0..seconds).map(at).filter(|(_, lines)| !lines.is_empty()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_for_ever_more_seldom() {
        let start = Instant::now();
        let mut regain = Regain::new("fulmar", false, start);

        let asked = asked(&mut regain, start, 1500);

        assert!(asked.iter().all(|(_, lines)| lines == &["NICK fulmar"]));
        let times: Vec<u64> = asked.iter().map(|(second, _)| *second).collect();
        assert_eq!(times, [5, 10, 20, 40, 80, 160, 320, 620, 920, 1220]);
    }

    #[tokio::test(start_paused = true)]
    async fn services_that_know_us_are_asked_for_help_three_times() {
        let start = Instant::now();
        let mut regain = Regain::new("fulmar", true, start);

        let asked = asked(&mut regain, start, 300);

        let help: Vec<&str> =
            asked.iter().flat_map(|(_, lines)| lines).filter_map(|line| line.strip_prefix("PRIVMSG ")).collect();
        assert_eq!(help, ["NickServ :REGAIN fulmar", "NickServ :RECOVER fulmar", "NickServ :GHOST fulmar"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_free_nick_is_taken_at_once_and_a_flapping_one_after_a_pause() {
        let start = Instant::now();
        let mut regain = Regain::new("fulmar", false, start);
        let second = Duration::from_secs(1);

        regain.free(start + second);
        let early = regain.lines(start + second);
        regain.free(start + 2 * second);
        let late = regain.lines(start + 2 * second);
        regain.free(start + 3 * second);
        let flapping = regain.lines(start + 3 * second);

        assert!(early.is_empty(), "the session has hardly begun");
        assert_eq!(late, ["NICK fulmar"]);
        assert!(flapping.is_empty());
    }
}
