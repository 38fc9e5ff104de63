//! Asking for a token.

use std::time::Duration;

use actix_web::http::header;
use awc::{ClientRequest, http::Method};
use fulmar_contract::Secret;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{ApiError, Client, GET_LIMIT, USER_AGENT};
use crate::st2::Token;

#[derive(Deserialize)]
struct Granted {
    token: String,
    user: String,
    expiry: Timestamp,
}

impl Client {
    /// Asks for a token that lives for `life`, or as long as StackStorm likes if that is more than it allows.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] when user and password do not fit; else when StackStorm does not give it.
    pub async fn token(&self, user: &str, password: &Secret, life: Duration) -> Result<Token, ApiError> {
        let request = || {
            self.auth("/tokens")
                .basic_auth(user, password.reveal())
                .insert_header((header::USER_AGENT, USER_AGENT))
        };
        let body = json!({ "ttl": life.as_secs().max(1) });
        let Granted { token, user, expiry } =
            match self.call(request(), Some(body.to_string()), GET_LIMIT).await {
                Err(ApiError::Refused { status: 400, fault }) if fault.is_ttl_too_large() => {
                    self.call(request(), Some("{}".into()), GET_LIMIT).await
                }
                other => other,
            }?
            .body;
        let left = self.time().and_then(|now| Duration::try_from(expiry.duration_since(now)).ok());
        Ok(Token { secret: Secret::new(token), user, life: left.unwrap_or(life) })
    }

    fn auth(&self, path: &str) -> ClientRequest {
        self.http.request(Method::POST, self.endpoints.auth.at(path))
    }
}
