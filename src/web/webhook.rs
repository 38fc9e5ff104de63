//! From a request to an announcement, and from what becomes of that to the answer.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::ContentType},
    web::{Data, Payload},
};
use serde_json::Value;
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use super::{Web, body, guard, refusal::Refusal};
use crate::{
    actors::router::{Announced, Outcome},
    st2::wire::Announcement,
    supervise::Down,
};

/// Whose webhook it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Endpoint {
    Errbot,
    Hubot,
}

impl Endpoint {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Errbot => "/chatops/message",
            Self::Hubot => "/hubot/st2",
        }
    }

    /// What is answered when all is well, word for word (err-stackstorm's `st2.py`, hubot-stackstorm's `stackstorm.js`).
    fn thanks(self) -> HttpResponse {
        match self {
            Self::Errbot => {
                HttpResponse::Ok().content_type(ContentType::html()).body("Delivered to chat backend.")
            }
            Self::Hubot => HttpResponse::Ok()
                .content_type(ContentType::json())
                .body(r#"{"status": "completed", "msg": "Message posted successfully"}"#),
        }
    }
}

pub(super) async fn answer(
    endpoint: Endpoint,
    request: HttpRequest,
    mut body: Payload,
    web: Data<Web>,
) -> HttpResponse {
    let taken = take(&request, &mut body, &web).await;
    let outcome = match &taken {
        Ok(outcome) => *outcome,
        Err(refusal) => refusal.outcome(),
    };
    web.metrics.webhook(endpoint.path(), outcome);
    let Err(refusal) = taken else { return endpoint.thanks() };
    let (endpoint, peer) = (endpoint.path(), guard::peer(&request));
    match &refusal {
        Refusal::Failed(_) => warn!(endpoint, %peer, error = %refusal, "webhook not taken"),
        _ => debug!(endpoint, %peer, error = %refusal, "webhook not taken"),
    }
    body::pass_by(&request, &mut body).await;
    refusal.response(body)
}

/// Answers what is posted to anywhere else.
pub(super) async fn astray(request: HttpRequest, mut body: Payload) -> HttpResponse {
    body::pass_by(&request, &mut body).await;
    Refusal::NoSuchPath.response(body)
}

/// Takes a request as far as it is allowed; what it counts as, once what was posted is in the Journal.
async fn take(request: &HttpRequest, body: &mut Payload, web: &Web) -> Result<&'static str, Refusal> {
    web.limits().take_of(guard::peer(request), Instant::now()).map_err(Refusal::TooMany)?;
    if request.method() != Method::POST {
        return Err(Refusal::NotPost);
    }
    guard::admit(request, web.token.as_ref())?;
    web.limits().take_of_all(Instant::now()).map_err(Refusal::TooMany)?;
    let posted = body::read(request, body).await?;
    announce(Announcement::read(ROUTE, &Value::Object(posted)), web).await
}

async fn announce(announcement: Announcement, web: &Web) -> Result<&'static str, Refusal> {
    if announcement.message.trim().is_empty() && is_empty(&announcement.extra) {
        return Err(Refusal::NothingToSay);
    }
    let Some(stackstorm) = web.homes.stackstorm(announcement.channel.as_deref()) else {
        return Err(Refusal::Nowhere("there are several StackStorms: name the chat, as \"chat/room\"".into()));
    };
    let announced = Announced { stackstorm: stackstorm.to_owned(), announcement };
    let told = async {
        match web.router.send(announced).await? {
            Outcome::Unclear(told) => Ok(told.await.unwrap_or_else(|_| Outcome::failed())),
            outcome => Ok(outcome),
        }
    };
    let late = |_| Refusal::Failed(format!("the gateway did not answer within {LONGEST:?}"));
    let outcome: Result<Outcome, Down> = timeout(LONGEST, told).await.map_err(late)?;
    match outcome.map_err(|down| Refusal::Failed(down.to_string()))? {
        Outcome::Nowhere { why } => Err(Refusal::Nowhere(why)),
        Outcome::Said => Ok("said"),
        Outcome::Suppressed => Ok("suppressed"),
        Outcome::Unclear(_) => Err(Refusal::Failed("it is not clear what it is".into())),
        Outcome::Unsaid { why } => Err(Refusal::Failed(why)),
    }
}

fn is_empty(extra: &Value) -> bool {
    extra.is_null() || extra.as_object().is_some_and(serde_json::Map::is_empty)
}

/// The route that such announcements have: none of the stream's.
const ROUTE: &str = "webhook";

/// How long the gateway may take: longer than any part of it takes to be restarted.
const LONGEST: Duration = Duration::from_secs(30);
