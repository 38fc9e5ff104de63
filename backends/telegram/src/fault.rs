//! What can become of a call instead of a result, and what follows from it. Pure.

use std::time::Duration;

use fulmar_contract::{Failure, Undelivered};
use serde::Deserialize;

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Fault {
    /// Telegram refused.
    #[error("{0}")]
    Refused(Refusal),
    /// Perhaps it was obeyed: the answer did not come, or is none.
    #[error("{0}")]
    Unclear(String),
    /// It was not sent.
    #[error("{0}")]
    Unsent(String),
}

/// Telegram's own no.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, thiserror::Error)]
#[error("{description}")]
pub(crate) struct Refusal {
    /// As an HTTP status.
    #[serde(default, rename = "error_code")]
    pub(crate) code: u16,
    /// Telegram's words.
    #[serde(default)]
    pub(crate) description: String,
    #[serde(default)]
    pub(crate) parameters: Parameters,
}

/// What a refused caller may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Parameters {
    /// The group has this id from now on.
    pub(crate) migrate_to_chat_id: Option<i64>,
    /// Come again after so many seconds.
    pub(crate) retry_after: Option<u64>,
}

impl Fault {
    /// What it means for a message.
    pub(crate) fn undelivered(self) -> Undelivered {
        match self {
            Self::Refused(refusal) => refusal.undelivered(),
            Self::Unclear(why) => Undelivered::Unknown { why },
            Self::Unsent(why) => Undelivered::Later { after: None, why },
        }
    }

    /// What it means for the session, if the session cannot do without the call.
    pub(crate) fn failure(self) -> Failure {
        match self {
            Self::Refused(refusal) => refusal.failure(),
            Self::Unclear(why) | Self::Unsent(why) => Failure::Lost { why },
        }
    }

    /// Where the group went, if that is why.
    pub(crate) const fn moved_to(&self) -> Option<i64> {
        match self {
            Self::Refused(refusal) => refusal.parameters.migrate_to_chat_id,
            Self::Unclear(_) | Self::Unsent(_) => None,
        }
    }

    /// Why we are not in the chat, if that is why.
    pub(crate) fn outside(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => refusal.outside(),
            Self::Unclear(_) | Self::Unsent(_) => None,
        }
    }

    /// Whether an edit changed nothing, since that stood there already.
    pub(crate) fn is_unmodified(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.description.contains("message is not modified"))
    }

    /// How long to stay away from the chat.
    pub(crate) fn rest(&self) -> Option<Duration> {
        match self {
            Self::Refused(refusal) => refusal.rest(),
            Self::Unclear(_) | Self::Unsent(_) => None,
        }
    }
}

impl Refusal {
    fn undelivered(self) -> Undelivered {
        let rest = self.rest();
        let why = self.description;
        match self.code {
            401 | 429 => Undelivered::Later { after: rest, why },
            500.. => Undelivered::Unknown { why },
            _ => Undelivered::Refused { why },
        }
    }

    fn failure(self) -> Failure {
        let rest = self.rest();
        let why = self.description;
        match (self.code, rest) {
            (_, Some(retry_after)) => Failure::RateLimited { retry_after },
            // No bot has this token, or its path makes no sense.
            (401 | 404, None) => Failure::Credentials { why },
            (409, None) => Failure::Lost { why: format!("another program uses this token: {why}") },
            (_, None) => Failure::Lost { why },
        }
    }

    fn rest(&self) -> Option<Duration> {
        self.parameters.retry_after.map(|seconds| Duration::from_secs(seconds.min(LONGEST_REST)))
    }

    fn outside(&self) -> Option<&str> {
        let is_gone = ["chat not found", "group chat was deactivated", "group is deactivated"];
        let is_outside = self.code == 403 || is_gone.iter().any(|words| self.description.contains(words));
        is_outside.then_some(&*self.description)
    }
}

/// A day: nobody is waited for longer.
const LONGEST_REST: u64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(json: &str) -> Fault {
        Fault::Refused(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn what_becomes_of_a_message() {
        let later = |after, why: &str| Undelivered::Later { after, why: why.into() };
        for (fault, expected) in [
            (Fault::Unsent("x".into()), later(None, "x")),
            (Fault::Unclear("x".into()), Undelivered::Unknown { why: "x".into() }),
            (
                refused(r#"{"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":7}}"#),
                later(Some(Duration::from_secs(7)), "Too Many Requests"),
            ),
            (refused(r#"{"error_code":401,"description":"Unauthorized"}"#), later(None, "Unauthorized")),
            (
                refused(r#"{"error_code":400,"description":"Bad Request: can't parse entities: x"}"#),
                Undelivered::Refused { why: "Bad Request: can't parse entities: x".into() },
            ),
            (refused(r#"{"error_code":500,"description":"y"}"#), Undelivered::Unknown { why: "y".into() }),
        ] {
            assert_eq!(fault.clone().undelivered(), expected, "{fault:?}");
        }
    }

    #[test]
    fn what_becomes_of_a_session() {
        let failure = |code: u16| refused(&format!(r#"{{"error_code":{code},"description":"x"}}"#)).failure();

        assert!(
            matches!(failure(401), Failure::Credentials { .. })
                && matches!(failure(404), Failure::Credentials { .. })
        );
        assert!(
            matches!(failure(409), Failure::Lost { why } if why.starts_with("another program uses this token"))
        );
        assert!(matches!(failure(502), Failure::Lost { .. }));
        let flood = refused(r#"{"error_code":429,"parameters":{"retry_after":99999999}}"#).failure();
        assert!(matches!(flood, Failure::RateLimited { retry_after } if retry_after.as_secs() == LONGEST_REST));
    }

    #[test]
    fn being_outside_is_told_from_other_refusals() {
        let outside = |code: u16, why: &str| {
            let refusal = Refusal { code, description: why.into(), ..Refusal::default() };
            Fault::Refused(refusal).outside().is_some()
        };

        assert!(outside(403, "Forbidden: bot was kicked from the supergroup chat"));
        assert!(outside(400, "Bad Request: chat not found"));
        assert!(!outside(400, "Bad Request: message is too long"));
    }
}
