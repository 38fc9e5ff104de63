//! What a request to StackStorm carries to prove who asks, and how long it is good for.

use std::time::Duration;

use fulmar_contract::Secret;

/// The proof that a request carries: exactly one header, since StackStorm refuses two (`st2common/router.py`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// An API key.
    Key(Secret),
    /// A token.
    Token(Secret),
}

impl Access {
    /// The header's name and value.
    pub(super) fn header(&self) -> (&'static str, &str) {
        match self {
            Self::Key(key) => ("St2-Api-Key", key.reveal()),
            Self::Token(token) => ("X-Auth-Token", token.reveal()),
        }
    }
}

/// A token that StackStorm made for us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The token.
    pub secret: Secret,
    /// Whose it is.
    pub user: String,
    /// How long it lives from now on, by StackStorm's own clock.
    pub life: Duration,
}

impl Token {
    /// How long to wait before asking for the next one: four fifths of the life, never less than a second.
    pub fn renew_after(&self) -> Duration {
        (self.life / 5 * 4).max(Duration::from_secs(1))
    }

    /// The proof.
    pub fn access(&self) -> Access {
        Access::Token(self.secret.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(life: u64) -> Token {
        Token { secret: Secret::new("t"), user: "u".into(), life: Duration::from_secs(life) }
    }

    #[test]
    fn a_token_is_renewed_after_four_fifths_of_its_life() {
        assert_eq!(token(86_400).renew_after(), Duration::from_secs(69_120));
    }

    #[test]
    fn a_token_that_is_over_already_is_not_renewed_in_a_busy_loop() {
        assert_eq!(token(0).renew_after(), Duration::from_secs(1));
    }

    #[test]
    fn exactly_one_header_is_sent() {
        assert_eq!(Access::Key(Secret::new("k")).header(), ("St2-Api-Key", "k"));
        assert_eq!(token(1).access().header(), ("X-Auth-Token", "t"));
    }
}
