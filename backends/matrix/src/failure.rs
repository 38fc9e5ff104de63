//! What went wrong, and what follows from it. Pure.

use std::time::{Duration, SystemTime};

use fulmar_contract::{Failure, Undelivered};
use matrix_sdk::{
    ClientBuildError, Error, HttpError,
    reqwest::StatusCode,
    ruma::api::error::{ErrorKind, RetryAfter},
};

/// Why a session ends that gets this answer.
pub(crate) fn ending(error: &HttpError) -> Failure {
    let why = told(error);
    match error.client_api_error_kind() {
        Some(
            ErrorKind::Forbidden
            | ErrorKind::UnknownToken(_)
            | ErrorKind::MissingToken
            | ErrorKind::UserDeactivated,
        ) => Failure::Credentials { why },
        Some(ErrorKind::LimitExceeded(limit)) => {
            Failure::RateLimited { retry_after: wait(limit.retry_after.as_ref()).unwrap_or(USUAL_WAIT) }
        }
        _ => Failure::Lost { why },
    }
}

/// As [`ending`], of a login: whatever the server does not like of it, only an operator can change.
pub(crate) fn refused_login(error: &HttpError) -> Failure {
    let status = error.as_client_api_error().map(|error| error.status_code);
    match ending(error) {
        Failure::Lost { why } if status.is_some_and(|status| status.is_client_error()) => {
            Failure::Credentials { why }
        }
        other => other,
    }
}

/// As [`ending`], of what matrix-sdk says.
pub(crate) fn ending_of(error: &Error) -> Failure {
    match error {
        Error::Http(error) => ending(error),
        other => Failure::Lost { why: told(other) },
    }
}

/// Why there is no client.
pub(crate) fn building(error: &ClientBuildError) -> Failure {
    match error {
        ClientBuildError::Http(error) => ending(error),
        ClientBuildError::MissingHomeserver | ClientBuildError::InvalidServerName | ClientBuildError::Url(_) => {
            Failure::Misconfigured { why: told(error) }
        }
        other => Failure::Lost { why: told(other) },
    }
}

/// What becomes of a post that ran into this.
pub(crate) fn fate(error: &Error) -> Undelivered {
    let why = told(error);
    match error {
        Error::Http(error) => fate_of_request(error, why),
        // Nothing was sent: keys could not be made or shared.
        _ => Undelivered::Later { after: None, why },
    }
}

fn fate_of_request(error: &HttpError, why: String) -> Undelivered {
    if let HttpError::Reqwest(error) = error {
        return if error.is_connect() || error.is_builder() {
            Undelivered::Later { after: None, why }
        } else {
            Undelivered::Unknown { why }
        };
    }
    match error.client_api_error_kind() {
        Some(ErrorKind::LimitExceeded(limit)) => {
            return Undelivered::Later { after: wait(limit.retry_after.as_ref()), why };
        }
        Some(ErrorKind::UnknownToken(_) | ErrorKind::MissingToken) => {
            return Undelivered::Later { after: None, why };
        }
        _ => {}
    }
    match error.as_client_api_error().map(|error| error.status_code) {
        Some(StatusCode::TOO_MANY_REQUESTS) => Undelivered::Later { after: None, why },
        Some(status) if status.is_client_error() => Undelivered::Refused { why },
        // A proxy that has lost the server may have lost its answer only.
        _ => Undelivered::Unknown { why },
    }
}

/// Whether the server said no, so that to ask again is of no use.
pub(crate) fn is_refusal(error: &Error) -> bool {
    matches!(fate(error), Undelivered::Refused { .. })
}

/// What happened, with what led to it.
pub(crate) fn told(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_told = cause.to_string();
        if !told.contains(&cause_told) {
            told = format!("{told}: {cause_told}");
        }
        next = cause.source();
    }
    if told.contains("certificate") {
        told.push_str("; name the authority that signed it as ca_cert if it is one of your own");
    }
    told
}

fn wait(asked: Option<&RetryAfter>) -> Option<Duration> {
    let wait = match asked? {
        RetryAfter::Delay(delay) => *delay,
        RetryAfter::DateTime(date) => date.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    Some(wait.min(LONGEST_WAIT))
}

/// How long to wait for a server that does not say.
const USUAL_WAIT: Duration = Duration::from_secs(30);
/// Nobody is waited for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
