//! The HTTP side: one service for all paths, so that StackStorm's own words are said for unknown ones too.

mod alias;
mod call;
mod command;
mod execution;
mod other;
mod page;
mod route;
mod stream;
mod wire;

use std::sync::Arc;

use actix_web::http::{StatusCode, header};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use tokio::time::sleep;
use uuid::Uuid;

use super::access::Caller;
use super::fault::{Mishap, When};
use super::refusal::Refusal;
use super::world::{Seen, World};
use call::{Answer, Call};
use route::{Endpoint, Known};
pub(crate) use wire::Wire;

/// Answers every request. Those about faults are neither counted nor befallen by any.
pub(crate) async fn serve(request: HttpRequest, body: Bytes, world: Data<World>) -> HttpResponse {
    let world = world.into_inner();
    let call = Call::read(&request, body);
    if call.path == FAULTS {
        return respond(&world, &call);
    }
    let mishap = world.state().switches.take(&call.path);
    let response = match mishap {
        None => respond(&world, &call),
        Some((When::Before, mishap)) => match befall(mishap).await {
            Some(instead) => instead,
            None => respond(&world, &call),
        },
        Some((When::After, mishap)) => {
            let response = respond(&world, &call);
            befall(mishap).await.unwrap_or(response)
        }
    };
    let reset = matches!(mishap, Some((_, Mishap::Reset)));
    let status = if reset { 0 } else { response.status().as_u16() };
    let credential = call.presented.kind();
    world.state().saw(Seen { method: call.method, path: call.path, status, credential });
    if reset {
        Wire::close(&request);
    }
    identified(&request, response)
}

/// What a mishap answers instead; none when it only takes time.
async fn befall(mishap: Mishap) -> Option<HttpResponse> {
    match mishap {
        Mishap::Answer { status, retry_after } => {
            let mut response = built(Refusal::new(status, "the sandbox was told to fail").into());
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            Some(response)
        }
        Mishap::Hang(time) => {
            sleep(time).await;
            None
        }
        Mishap::Reset => Some(HttpResponse::ServiceUnavailable().finish()),
    }
}

fn respond(world: &Arc<World>, call: &Call) -> HttpResponse {
    if call.method == "HEAD" {
        return built(Answer::text(500, "text/html", ""));
    }
    if call.proxied && !PROXIED_METHODS.contains(&call.method.as_str()) {
        return built(Answer::text(405, "text/html", "<html><h1>405 Not Allowed</h1></html>\r\n"));
    }
    let Some(endpoint) = Endpoint::of(&call.method, &call.path) else {
        return built(Refusal::no_such_path().into());
    };
    answered(world, call, endpoint).unwrap_or_else(|refusal| built(refusal.into()))
}

fn answered(world: &Arc<World>, call: &Call, endpoint: Endpoint<'_>) -> Result<HttpResponse, Refusal> {
    let caller = || world.state().access.caller(&call.presented);
    match endpoint {
        Endpoint::Known(Known::Output(id)) if call.streams => {
            caller().and_then(|_| stream::output(world, call, id))
        }
        Endpoint::Known(endpoint) => known(world, call, endpoint, &caller()?).map(built),
        Endpoint::Open(endpoint) => other::open(world, call, endpoint).map(built),
        Endpoint::Stream => caller().and_then(|_| stream::open(world, call)),
    }
}

fn known(world: &Arc<World>, call: &Call, endpoint: Known<'_>, caller: &Caller) -> Result<Answer, Refusal> {
    match endpoint {
        Known::Action(reference) => other::action(world, reference),
        Known::Actions => other::actions(world, call),
        Known::Alias(key) => alias::one(world, key),
        Known::Aliases => alias::list(world, call),
        Known::CancelExecution(id) => execution::cancel(world, caller, id),
        Known::Children(id) => execution::children(world, id),
        Known::CreateAlias => alias::create(world, call),
        Known::CreateExecution => execution::create(world, call, caller),
        Known::DeleteAlias(key) => alias::delete(world, key),
        Known::Execute => command::execute(world, call, caller),
        Known::Execution(id) => execution::one(world, call, id),
        Known::Executions => execution::list(world, call),
        Known::Help => alias::help(world, call),
        Known::Inquiries => other::inquiries(call),
        Known::Match => alias::matching(world, call),
        Known::MatchAndExecute => command::match_and_execute(world, call, caller),
        Known::Output(id) => execution::output(world, id),
        Known::PutExecution(id) => execution::put(world, call, id),
        Known::Rerun(id) => execution::rerun(world, call, caller, id),
        Known::Result(id) => execution::result(world, id),
        Known::Root => Ok(other::root()),
        Known::Rules => other::rules(world, call),
        Known::UpdateAlias(key) => alias::update(world, call, key),
        Known::User => Ok(other::user(caller)),
    }
}

fn built(answer: Answer) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.content_type(answer.content_type);
    for (name, value) in answer.headers {
        response.insert_header((name, value));
    }
    response.body(answer.body)
}

/// Every answer carries the id of its request, the caller's own if it sent one.
fn identified(request: &HttpRequest, mut response: HttpResponse) -> HttpResponse {
    let name = header::HeaderName::from_static("x-request-id");
    let id = request.headers().get(&name).cloned();
    let id = id.or_else(|| Uuid::new_v4().to_string().parse().ok());
    if let Some(id) = id {
        response.headers_mut().insert(name, id);
    }
    response
}

const FAULTS: &str = "/v1/sandbox/faults";
const PROXIED_METHODS: [&str; 5] = ["GET", "POST", "PUT", "DELETE", "OPTIONS"];
