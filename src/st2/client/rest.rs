//! Leaving a service of StackStorm alone for as long as it asks with `Retry-After` (RFC 9110, section 10.2.3), or a server
//! before it.

use std::{
    cell::Cell,
    time::{Duration, SystemTime},
};

use actix_web::http::header::{self, HeaderMap};
use awc::http::StatusCode;
use fulmar_contract::retry_after;
use tokio::time::{Instant, sleep_until};
use tracing::warn;

use super::ApiError;

/// One of StackStorm's services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Api,
    Auth,
    Stream,
}

/// What may be done about a call that cannot be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Somebody waits for what it starts, and is told rather than kept waiting for long.
    Little,
    /// It only asks: it can wait, and be made again.
    Much,
}

/// Until when each service is left alone.
#[derive(Debug, Default)]
pub(super) struct Rests {
    api: Rest,
    auth: Rest,
    stream: Rest,
}

/// Until when a service is left alone; that it asked for it is told once, until it has answered well again.
#[derive(Debug, Default)]
pub(super) struct Rest(Cell<Option<Instant>>);

impl Rests {
    pub(super) const fn of(&self, service: Service) -> &Rest {
        match service {
            Service::Api => &self.api,
            Service::Auth => &self.auth,
            Service::Stream => &self.stream,
        }
    }
}

impl Rest {
    /// Waits for its end.
    ///
    /// # Errors
    /// [`ApiError::Resting`], when it is too long for this patience.
    pub(super) async fn over(&self, patience: Patience) -> Result<(), ApiError> {
        let Some((until, left)) = self.left() else { return Ok(()) };
        if patience == Patience::Little && left > SHORT {
            return Err(ApiError::Resting { left });
        }
        sleep_until(until).await;
        Ok(())
    }

    /// Takes note of an answer of `service`, which came at the time of `now`. Whether it asks to be left alone.
    pub(super) fn heed(&self, service: Service, status: StatusCode, headers: &HeaderMap, now: SystemTime) -> bool {
        if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            if self.left().is_none() {
                self.0.set(None);
            }
            return false;
        }
        let value = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let asked = value.and_then(|value| retry_after(value, now)).filter(|asked| *asked <= CREDIBLE);
        let Some(asked) = asked else { return false };
        if self.0.replace(Some(Instant::now() + asked.min(LONGEST))).is_none() {
            warn!(?service, %status, ?asked, "StackStorm asks to be left alone for a while");
        }
        true
    }

    fn left(&self) -> Option<(Instant, Duration)> {
        let until = self.0.get()?;
        Some((until, until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?))
    }
}

/// The longest that somebody is kept waiting.
const SHORT: Duration = Duration::from_secs(10);

/// Who asks for more than this says nothing: it is a mistake, or a clock that is wrong.
const CREDIBLE: Duration = Duration::from_secs(3600);

/// The longest rest that is taken: who says an hour while it is being mended is often back sooner.
const LONGEST: Duration = Duration::from_secs(60);
