//! How fast each person may ask, and who has been told that it was too fast. Pure: the time is given.

use std::{collections::HashMap, num::NonZeroU32, time::Duration};

use tokio::time::Instant;

use super::person::Person;
use crate::rate::Rate;

/// The people of whom something is known; of who was quiet for longest it is forgotten.
#[derive(Debug)]
pub(super) struct Pace {
    /// How often a person may ask; `None` for as often as they like.
    limit: Option<Rate>,
    recent: HashMap<Person, Known>,
    /// Who has not been heard since `recent` was begun.
    earlier: HashMap<Person, Known>,
    /// Until when what we said of refusals to all people together is paid for.
    notices: Instant,
}

#[derive(Debug)]
struct Known {
    /// Until when what they asked is paid for.
    paid: Instant,
    told: Option<Instant>,
}

impl Pace {
    /// `rate` asks a second and person, `burst` of them at once; a `rate` of 0 is no limit.
    pub(super) fn new(rate: u32, burst: u32, now: Instant) -> Self {
        let limit = NonZeroU32::new(rate).map(|rate| Rate::a_second(rate, burst));
        Self { limit, recent: HashMap::new(), earlier: HashMap::new(), notices: now }
    }

    /// Whether `person` may ask something now; if so, it is counted.
    pub(super) fn admits(&mut self, person: &Person, now: Instant) -> bool {
        let Some(limit) = self.limit else { return true };
        limit.take(&mut self.known(person, now).paid, now).is_ok()
    }

    /// Whether `person`, whom we have just refused something, is to be told: once in [`WINDOW`], and never so that
    /// what we say to all of them would be a flood itself.
    pub(super) fn tells(&mut self, person: &Person, now: Instant) -> bool {
        let is_news = |told: &Known| told.told.is_none_or(|told| now.duration_since(told) >= WINDOW);
        if !is_news(self.known(person, now)) || NOTICES.take(&mut self.notices, now).is_err() {
            return false;
        }
        self.known(person, now).told = Some(now);
        true
    }

    fn known(&mut self, person: &Person, now: Instant) -> &mut Known {
        if self.recent.len() >= REMEMBERED && !self.recent.contains_key(person) {
            self.earlier = std::mem::take(&mut self.recent);
        }
        let fresh = || Known { paid: now, told: None };
        let earlier = self.earlier.remove(person);
        self.recent.entry(person.clone()).or_insert_with(|| earlier.unwrap_or_else(fresh))
    }
}

/// How long somebody who was told is not told again.
pub(super) const WINDOW: Duration = Duration::from_secs(30);

/// How often we say that something was not taken: 20 times at once, twice a second.
const NOTICES: Rate = Rate { every: Duration::from_millis(500), burst: 20 };

/// How many people are remembered at least; twice as many at most.
const REMEMBERED: usize = 5_000;

#[cfg(test)]
mod tests {
    use fulmar_contract::Identity;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn person(name: &impl ToString) -> Person {
        Person { chat: "ops".into(), identity: Identity::Claimed(name.to_string()) }
    }

    fn admitted(pace: &mut Pace, who: &Person, asks: usize, now: Instant) -> usize {
        (0..asks).filter(|_| pace.admits(who, now)).count()
    }

    #[test]
    fn a_burst_is_taken_at_once_and_the_rate_after_it() {
        let now = Instant::now();
        let mut pace = Pace::new(2, 20, now);
        let ada = person(&"ada");

        let burst = admitted(&mut pace, &ada, 100, now);
        let later = admitted(&mut pace, &ada, 100, now + Duration::from_millis(2_500));

        assert_eq!((burst, later), (20, 5));
    }

    #[test]
    fn one_persons_haste_is_not_anothers() {
        let now = Instant::now();
        let mut pace = Pace::new(1, 3, now);
        let elsewhere = Person { chat: "other".into(), ..person(&"ada") };
        admitted(&mut pace, &person(&"ada"), 100, now);

        assert_eq!(admitted(&mut pace, &person(&"bob"), 100, now), 3);
        assert_eq!(admitted(&mut pace, &elsewhere, 100, now), 3);
    }

    #[test]
    fn a_rate_of_none_is_no_limit() {
        let now = Instant::now();
        let mut pace = Pace::new(0, 20, now);

        assert_eq!(admitted(&mut pace, &person(&"ada"), 5_000, now), 5_000);
    }

    #[test]
    fn who_is_refused_much_is_told_once_in_a_while() {
        let now = Instant::now();
        let mut pace = Pace::new(0, 20, now);
        let mut told = |at: Instant| (0..1_000).filter(|_| pace.tells(&person(&"ada"), at)).count();

        assert_eq!((told(now), told(now + WINDOW / 2), told(now + WINDOW)), (1, 0, 1));
    }

    #[test]
    fn a_crowd_that_is_refused_is_not_answered_with_a_flood() {
        let now = Instant::now();
        let mut pace = Pace::new(0, 20, now);

        let told = (0..1_000).filter(|name| pace.tells(&person(&name), now)).count();

        assert_eq!(told, 20);
    }

    #[test]
    fn the_table_is_bounded_and_keeps_who_was_heard_last() {
        let now = Instant::now();
        let mut pace = Pace::new(1, 1, now);
        let ada = person(&"ada");
        for name in 0..50_000 {
            pace.admits(&person(&name), now);
            if name % 1_000 == 0 {
                pace.admits(&ada, now);
            }
        }

        assert!(pace.recent.len() + pace.earlier.len() <= 2 * REMEMBERED);
        assert!(!pace.admits(&ada, now), "what is known of her is kept");
    }

    proptest! {
        #[test]
        fn nobody_is_taken_more_from_than_the_burst_and_the_rate(
            rate in 1..50_u32, burst in 1..50_u32, waits in vec(0..500_u64, 1..200),
        ) {
            let began = Instant::now();
            let mut pace = Pace::new(rate, burst, began);
            let mut now = began;
            let mut taken = 0;
            for wait in waits {
                now += Duration::from_millis(wait);
                taken += u32::from(pace.admits(&person(&"ada"), now));
            }

            let most = f64::from(burst) + (now - began).as_secs_f64() * f64::from(rate);
            prop_assert!(f64::from(taken) <= most + 1e-6);
        }
    }
}
