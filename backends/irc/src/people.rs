//! Which accounts people are logged in to, where the server says so when they come and go rather than with
//! each message.

use std::collections::HashMap;

/// Accounts by folded nick. Knows only people with whom we share a room: of others nobody would tell us
/// that they logged out or that the nick changed hands.
#[derive(Debug, Default)]
pub(crate) struct People {
    accounts: HashMap<String, String>,
}

impl People {
    /// `nick` is logged in to `account`, or to none.
    pub(crate) fn learn(&mut self, nick: String, account: Option<String>) {
        match account {
            Some(account) if self.accounts.len() < MOST => drop(self.accounts.insert(nick, account)),
            _ => self.forget(&nick),
        }
    }

    /// `nick` is out of sight.
    pub(crate) fn forget(&mut self, nick: &str) {
        self.accounts.remove(nick);
    }

    /// Everybody may be out of sight.
    pub(crate) fn forget_all(&mut self) {
        self.accounts.clear();
    }

    /// Whoever was called `from` is called `to`.
    pub(crate) fn rename(&mut self, from: &str, to: String) {
        let account = self.accounts.remove(from);
        self.learn(to, account);
    }

    /// The nick of somebody who is logged in to `account`, in any case: `like` if they are, else any other.
    pub(crate) fn nick_of(&self, account: &str, like: &str) -> Option<&str> {
        let is_theirs = |there: &String| there.eq_ignore_ascii_case(account);
        let alike = self.accounts.get_key_value(like).filter(|(_, there)| is_theirs(there));
        let (nick, _) = alike.or_else(|| self.accounts.iter().find(|(_, there)| is_theirs(there)))?;
        Some(nick)
    }

    /// The account of `nick`.
    pub(crate) fn account(&self, nick: &str) -> Option<&str> {
        self.accounts.get(nick).map(String::as_str)
    }
}

/// Of more people nothing is remembered, so that a hostile server cannot fill our memory.
const MOST: usize = 100_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_follows_its_person_and_not_the_nick() {
        let mut people = People::default();
        people.learn("ada".into(), Some("lovelace".into()));

        people.rename("ada", "countess".into());

        assert_eq!((people.account("ada"), people.account("countess")), (None, Some("lovelace")));
    }

    #[test]
    fn a_nick_taken_over_by_somebody_without_an_account_has_none() {
        let mut people = People::default();
        people.learn("ada".into(), Some("lovelace".into()));

        people.rename("thief", "ada".into());

        assert_eq!(people.account("ada"), None);
    }

    #[test]
    fn a_person_is_found_by_account_whatever_the_nick() {
        let mut people = People::default();
        people.learn("ada".into(), Some("Lovelace".into()));
        people.learn("phone".into(), Some("Lovelace".into()));
        people.learn("bob".into(), Some("bob".into()));

        assert_eq!(people.nick_of("lovelace", "phone"), Some("phone"));
        assert!(people.nick_of("lovelace", "bob").is_some_and(|nick| nick != "bob"));
        assert_eq!(people.nick_of("byron", "ada"), None);
    }

    #[test]
    fn logging_out_and_leaving_are_forgetting() {
        let mut people = People::default();
        people.learn("ada".into(), Some("lovelace".into()));
        people.learn("bob".into(), Some("bob".into()));

        people.learn("ada".into(), None);
        people.forget("bob");

        assert_eq!((people.account("ada"), people.account("bob")), (None, None));
    }
}
