//! Why a session ended, and what follows from it.

use std::time::Duration;

/// Why a session ended.
///
/// When in doubt it is [`Failure::Lost`]: say [`Failure::Credentials`] only for the network's own word
/// that they are bad, and [`Failure::Misconfigured`] only when no retry could ever help.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The network refused our credentials.
    #[error("credentials refused: {why}")]
    Credentials {
        /// What the network said.
        why: String,
    },
    /// The connection could not be made or did not last.
    #[error("session lost: {why}")]
    Lost {
        /// What happened.
        why: String,
    },
    /// Only an operator can help.
    #[error("cannot work as configured: {why}")]
    Misconfigured {
        /// What to change.
        why: String,
    },
    /// The network asked us to stay away.
    #[error("rate limited for {retry_after:?}")]
    RateLimited {
        /// For how long.
        retry_after: Duration,
    },
}

/// How to recover from a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovery {
    /// Try again after this long.
    After(Duration),
    /// Try again, each time later.
    Backoff,
    /// Wait for an operator, trying seldom.
    Park,
    /// Throw the cached login away and log in once more; if that is refused too, park.
    Reauthenticate,
}

impl Failure {
    /// A lost session.
    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub fn lost(why: impl ToString) -> Self {
        Self::Lost { why: why.to_string() }
    }

    /// How to recover.
    pub const fn recovery(&self) -> Recovery {
        match self {
            Self::Credentials { .. } => Recovery::Reauthenticate,
            Self::Lost { .. } => Recovery::Backoff,
            Self::Misconfigured { .. } => Recovery::Park,
            Self::RateLimited { retry_after } => Recovery::After(*retry_after),
        }
    }
}
