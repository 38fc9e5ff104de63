//! Why a request is not taken, and how that is answered.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use actix_web::{
    HttpResponse,
    body::{BodySize, MessageBody},
    http::{
        StatusCode,
        header::{self, ContentType},
    },
    web::{Bytes, Payload},
};
use serde_json::json;

/// Why a request is not taken. Shown to who sent it, so it holds nothing that is ours alone.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself what it means")]
pub enum Refusal {
    #[error("the body cannot be read: {0}")]
    Broken(String),
    #[error("not taken, try again later: {0}")]
    Failed(String),
    #[error("a token is needed: {0}")]
    NoToken(&'static str),
    #[error("not JSON as expected: {0}")]
    NotJson(String),
    #[error("nothing to say: there is neither a message nor anything in extra")]
    NothingToSay,
    #[error("nowhere to say it: {0}")]
    Nowhere(String),
    #[error("there is nothing here: post to /chatops/message or /hubot/st2")]
    NoSuchPath,
    #[error("only POST is served here")]
    NotPost,
    #[error("a body of more than {0} bytes is not read")]
    TooLarge(usize),
    #[error("as there is no webhook_token, only this machine may post: {0}")]
    Stranger(&'static str),
    #[error("too many requests")]
    TooMany(Duration),
    #[error("the body did not come within {0:?}")]
    TooSlow(Duration),
    #[error("expected application/json or application/x-www-form-urlencoded, got {0}")]
    UnknownType(String),
    #[error("the token is wrong")]
    WrongToken,
}

impl Refusal {
    /// What it counts as.
    pub(super) const fn outcome(&self) -> &'static str {
        match self {
            Self::Broken(_)
            | Self::NotJson(_)
            | Self::NothingToSay
            | Self::NoSuchPath
            | Self::NotPost
            | Self::TooLarge(_)
            | Self::TooSlow(_)
            | Self::UnknownType(_) => "bad",
            Self::Failed(_) => "failed",
            Self::NoToken(_) | Self::Stranger(_) | Self::WrongToken => "refused",
            Self::Nowhere(_) => "nowhere",
            Self::TooMany(_) => "limited",
        }
    }

    const fn status(&self) -> StatusCode {
        match self {
            Self::Broken(_) | Self::NotJson(_) | Self::NothingToSay => StatusCode::BAD_REQUEST,
            Self::Failed(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoToken(_) | Self::WrongToken => StatusCode::UNAUTHORIZED,
            Self::Stranger(_) => StatusCode::FORBIDDEN,
            Self::Nowhere(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoSuchPath => StatusCode::NOT_FOUND,
            Self::NotPost => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::TooSlow(_) => StatusCode::REQUEST_TIMEOUT,
            Self::UnknownType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        }
    }

    /// The answer to a request with this body, perhaps not read to its end.
    pub(super) fn response(&self, body: Payload) -> HttpResponse {
        let mut response = HttpResponse::build(self.status());
        match self {
            Self::NotPost => response.insert_header((header::ALLOW, "POST")),
            Self::NoToken(_) | Self::WrongToken => response.insert_header((header::WWW_AUTHENTICATE, "Bearer")),
            Self::TooMany(wait) => response.insert_header((header::RETRY_AFTER, wait.as_secs() + 1)),
            Self::Failed(_) => response.insert_header((header::RETRY_AFTER, 5)),
            _ => &mut response,
        };
        let text = json!({ "error": self.to_string() }).to_string();
        response.force_close().content_type(ContentType::json()).body(Unread { text: text.into(), _body: body })
    }
}

/// An answer that holds on to what was not read of the request. actix closes the connection then; of a body in chunks
/// that nobody holds any more it would wait for the end, which may never come.
struct Unread {
    text: Bytes,
    _body: Payload,
}

impl MessageBody for Unread {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.text.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let text = mem::take(&mut self.text);
        Poll::Ready((!text.is_empty()).then_some(Ok(text)))
    }
}
