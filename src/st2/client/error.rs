//! Why a call has no good answer, and what that says of a command.

use std::time::Duration;

use awc::error::{ConnectError, SendRequestError};

use crate::{st2::wire::Fault, time::span, tls};

/// Why a call has no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// An answer that is not StackStorm's.
    #[error("StackStorm gave {why}")]
    Garbage {
        /// What came.
        why: String,
    },
    /// There is nothing at the address: that in the configuration is wrong, or a server before StackStorm does not find it.
    #[error("StackStorm answered 404: there is no {url}: correct {key}")]
    NoPath {
        /// The address.
        url: String,
        /// Where it is configured.
        key: &'static str,
    },
    /// StackStorm refused, or failed inside.
    #[error("StackStorm answered {status}: {fault}")]
    Refused {
        /// The HTTP status.
        status: u16,
        /// What it said.
        fault: Fault,
    },
    /// The credential was refused.
    #[error("StackStorm refused the credentials: {fault}")]
    Unauthorized {
        /// What it said.
        fault: Fault,
    },
    /// The service has asked to be left alone: the request was not sent.
    #[error("StackStorm asks not to be called for {} more", span(*left))]
    Resting {
        /// How much longer.
        left: Duration,
    },
    /// The request was sent and no whole answer came.
    #[error("StackStorm did not answer: {why}")]
    Unanswered {
        /// What happened.
        why: String,
    },
    /// Somebody before StackStorm says that it is not there: 502, 503 or 504.
    #[error("StackStorm is not available ({status}): {fault}")]
    Unavailable {
        /// The HTTP status.
        status: u16,
        /// What was said.
        fault: Fault,
    },
    /// No connection could be made: the request was not sent.
    #[error("cannot reach StackStorm: {why}")]
    Unreachable {
        /// What happened.
        why: String,
    },
}

/// What became of a command whose POST has no good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It refused, yet StackStorm schedules before it renders the ack, so it may have run: look once.
    Doubtful,
    /// It has certainly not run.
    NotRun,
    /// Nobody knows, and it may still be on its way: look for a while.
    Unknown,
}

impl ApiError {
    /// What this says of the command that the call was to run.
    ///
    /// 503 is what StackStorm's own nginx says both when nobody listens and when the API died over a request; in
    /// either case nothing more is on its way.
    pub const fn fate(&self) -> Fate {
        match self {
            Self::Resting { .. } | Self::Unauthorized { .. } | Self::Unreachable { .. } => Fate::NotRun,
            Self::NoPath { .. } | Self::Refused { .. } | Self::Unavailable { status: 503, .. } => Fate::Doubtful,
            Self::Garbage { .. } | Self::Unanswered { .. } | Self::Unavailable { .. } => Fate::Unknown,
        }
    }

    /// Whether StackStorm itself says that there is no such thing.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Refused { status: 404, .. })
    }

    /// Whether StackStorm will not say anything else if it is asked the same again.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Garbage { .. } => true,
            Self::Refused { status, .. } => *status < 500 && *status != 429,
            Self::NoPath { .. }
            | Self::Resting { .. }
            | Self::Unanswered { .. }
            | Self::Unauthorized { .. }
            | Self::Unavailable { .. }
            | Self::Unreachable { .. } => false,
        }
    }

    pub(super) const fn from_status(status: u16, fault: Fault) -> Self {
        match status {
            401 => Self::Unauthorized { fault },
            502..=504 => Self::Unavailable { status, fault },
            _ => Self::Refused { status, fault },
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(super) fn unsent(error: impl ToString) -> Self {
        Self::Unreachable { why: format!("the request cannot be written: {}", error.to_string()) }
    }

    #[expect(clippy::needless_pass_by_value, reason = "for map_err")]
    pub(super) fn from_sending(error: SendRequestError) -> Self {
        if tls::wants_identity(&error) {
            return Self::Unreachable { why: Fault::wants_identity().to_string() };
        }
        let why = tls::bad_certificate(&error).unwrap_or_else(|| error.to_string());
        match error {
            // What awc says when the peer closes before its answer.
            SendRequestError::Connect(ConnectError::Disconnected) => {
                Self::Unanswered { why: "it closed the connection".to_owned() }
            }
            SendRequestError::Url(_) | SendRequestError::Http(_) | SendRequestError::Connect(_) => {
                Self::Unreachable { why }
            }
            _ => Self::Unanswered { why },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fate(status: u16) -> Fate {
        ApiError::from_status(status, Fault::default()).fate()
    }

    #[test]
    fn only_a_refused_credential_and_a_failed_connection_mean_that_nothing_ran() {
        assert_eq!(fate(401), Fate::NotRun);
        assert_eq!(ApiError::unsent("x").fate(), Fate::NotRun);
        assert_eq!([400, 403, 404, 500, 503].map(fate), [Fate::Doubtful; 5]);
        assert_eq!([502, 504].map(fate), [Fate::Unknown; 2]);
    }
}
