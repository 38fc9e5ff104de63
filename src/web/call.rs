//! What chat networks post to us: from a request to a chat's session, which knows whether it is its network's own, and
//! from its answer to ours.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web::{Data, Payload},
};
use fulmar_contract::{Answer, Call};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};
use tracing::debug;

use super::{Web, body, guard, refusal::Refusal, webhook};
use crate::{actors::chat, supervise::Line};

/// Where chats are called: each at its name, and below that.
pub(super) const PATHS: [&str; 2] = ["/chats/{name}", "/chats/{name}/{tail:.*}"];

/// Passes a request on to the session of the chat that it names.
pub(super) async fn answer(request: HttpRequest, mut body: Payload, web: Data<Web>) -> HttpResponse {
    let name = request.match_info().get("name").unwrap_or_default();
    let Some(chat) = web.chats.get(name) else { return webhook::astray(request, body).await };
    let answered = pass_on(&request, &mut body, &web, chat).await;
    let outcome = outcome(&answered);
    if matches!(outcome, "bad" | "refused") {
        // It was admitted; what counts is the next one.
        web.limits().take_of(guard::peer(&request), Instant::now()).unwrap_or_default();
    }
    web.metrics.call(name, outcome);
    match answered {
        Ok(Answer { status, media_type, body }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            HttpResponse::build(status).content_type(media_type).body(body)
        }
        Err(refusal) => {
            debug!(path = request.path(), peer = %guard::peer(&request), error = %refusal, "call not taken");
            body::pass_by(&request, &mut body).await;
            refusal.response(body)
        }
    }
}

fn outcome(answered: &Result<Answer, Refusal>) -> &'static str {
    match answered {
        Ok(Answer { status: ..400, .. }) => "taken",
        Ok(Answer { status: ..500, .. }) => "refused",
        Ok(_) => "failed",
        Err(refusal) => refusal.outcome(),
    }
}

async fn pass_on(
    request: &HttpRequest,
    body: &mut Payload,
    web: &Web,
    chat: &Line<chat::Chat>,
) -> Result<Answer, Refusal> {
    web.limits().admits(guard::peer(request), Instant::now()).map_err(Refusal::TooMany)?;
    if ![Method::GET, Method::POST].contains(request.method()) {
        return Err(Refusal::NotPost);
    }
    let (answer, answered) = oneshot::channel();
    let call = Call {
        path: request.match_info().get("tail").unwrap_or_default().to_owned(),
        query: request.query_string().to_owned(),
        headers: headers(request),
        body: body::bytes(request, body).await?,
        answer,
    };
    let late = |_| Refusal::Failed(format!("the chat did not answer within {LONGEST:?}"));
    timeout(LONGEST, answer_to(call, answered, chat)).await.map_err(late)?
}

async fn answer_to(
    call: Call,
    answered: oneshot::Receiver<Answer>,
    chat: &Line<chat::Chat>,
) -> Result<Answer, Refusal> {
    let passed_on = chat.send_now(chat::Call(call)).await.map_err(|down| Refusal::Failed(down.to_string()))?;
    passed_on.map_err(|why| Refusal::Failed(why.to_string()))?;
    answered.await.map_err(|_| Refusal::Failed("the session has ended".into()))
}

fn headers(request: &HttpRequest) -> Vec<(String, String)> {
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    request.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value.as_bytes()))).collect()
}

/// How long a session may take: networks do not wait much longer, and call again.
const LONGEST: Duration = Duration::from_secs(10);
