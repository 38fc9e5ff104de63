//! `GET /v1/stream`: events as they happen; `GET /v1/executions/ID/output`, of the same service: what one prints.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::web::Bytes;
use futures_util::stream::{Stream, StreamExt, iter, unfold};
use serde_json::Value;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use super::call::Call;
use super::execution::unknown;
use crate::sandbox::execution::Status;
use crate::sandbox::hub::{Chunk, OUTPUT, Wish};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::World;

/// Opens a stream: a newline first, then what was wished for, and a newline when nothing at all happens for long.
pub(crate) fn open(world: &Arc<World>, call: &Call) -> Result<HttpResponse, Refusal> {
    let chunks = {
        let mut state = world.state();
        if let Some(status) = state.switches.stream_refusal() {
            return Err(Refusal::new(status, "the sandbox refuses streams for now"));
        }
        state.hub.listen(wish(call))
    };
    let body = Body { world: Arc::clone(world), chunks, spoke: Instant::now(), begun: false };
    let body = unfold(body, |mut body| async move { body.next().await.map(|chunk| (chunk, body)) });
    Ok(opened(call, body))
}

/// Opens the output of an execution: all there is at once, then what comes, then `EOF`. As with StackStorm there is no
/// heart-beat, and what a workflow's tasks print is not in it.
pub(crate) fn output(world: &World, call: &Call, id: &str) -> Result<HttpResponse, Refusal> {
    let mut state = world.state();
    if let Some(status) = state.switches.stream_refusal() {
        return Err(Refusal::new(status, "the sandbox refuses streams for now"));
    }
    let execution = state.executions.find(id).ok_or_else(|| unknown(id))?;
    let over = execution.status.ends_output();
    let printed: String = execution.output.iter().map(|it| format!("event: {OUTPUT}\ndata: {it}\n\n")).collect();
    let events = [OUTPUT, UPDATE].map(str::to_owned).to_vec();
    let chunks = state.hub.listen(Wish { events, execution_ids: vec![id.to_owned()], ..Wish::default() });
    drop(state);
    let beginning = [Ok(Bytes::from(printed))].into_iter().chain(over.then_some(Ok(EOF)));
    let rest = unfold((chunks, over), |(mut chunks, over)| async move {
        let chunk = if over { None } else { printed_next(&mut chunks).await }?;
        let over = matches!(&chunk, Ok(bytes) if *bytes == EOF);
        Some((chunk, (chunks, over)))
    });
    Ok(opened(call, iter(beginning).chain(rest)))
}

/// What comes next of an output; the end, once the execution has come to it.
async fn printed_next(chunks: &mut Receiver<Chunk>) -> Option<Chunk> {
    loop {
        let chunk = chunks.recv().await?;
        let Ok(bytes) = &chunk else { return Some(chunk) };
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let Some((_, update)) = text.split_once(&format!("event: {UPDATE}\ndata: ")) else { return Some(chunk) };
        let update: Value = serde_json::from_str(update).unwrap_or_default();
        let status = serde_json::from_value::<Status>(update.get("status").cloned().unwrap_or_default());
        if status.is_ok_and(Status::ends_output) {
            return Some(Ok(EOF));
        }
    }
}

/// StackStorm's nginx is configured to send no chunks: what comes through it ends with the connection, and tells no length.
fn opened(call: &Call, body: impl Stream<Item = Chunk> + 'static) -> HttpResponse {
    let mut response = HttpResponse::build(StatusCode::OK)
        .content_type("text/event-stream; charset=UTF-8")
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header(("Cache-Control", "no-cache"))
        .streaming(Box::pin(body));
    if call.proxied {
        let head = response.head_mut();
        head.no_chunking(true);
        head.set_connection_type(ConnectionType::Close);
    }
    response
}

fn wish(call: &Call) -> Wish {
    Wish {
        events: call.list("events"),
        action_refs: call.list("action_refs"),
        execution_ids: call.list("execution_ids"),
        end_event: call.parameter("end_event").map(str::to_owned),
        end_execution_id: call.parameter("end_execution_id").map(str::to_owned),
    }
}

struct Body {
    world: Arc<World>,
    chunks: Receiver<Chunk>,
    spoke: Instant,
    begun: bool,
}

impl Body {
    async fn next(&mut self) -> Option<Chunk> {
        if !self.begun {
            self.begun = true;
            return Some(Ok(HEARTBEAT));
        }
        let chunk = tokio::select! {
            biased;
            chunk = self.chunks.recv() => chunk,
            () = silence(&self.world, self.spoke, self.world.config.heartbeat) => Some(Ok(HEARTBEAT)),
        };
        self.spoke = Instant::now();
        chunk
    }
}

/// Ends when nothing was said and nothing happened for `time`: events that a stream does not show put it off too.
async fn silence(world: &World, spoke: Instant, time: Duration) {
    loop {
        let until = spoke.max(world.state().hub.last_event()) + time;
        if until <= Instant::now() {
            return;
        }
        sleep_until(until).await;
    }
}

const HEARTBEAT: Bytes = Bytes::from_static(b"\n");
const UPDATE: &str = "st2.execution__update";

/// The last event of an output: no JSON, as StackStorm has it (`NO_MORE_DATA_EVENT`).
const EOF: Bytes = Bytes::from_static(b"event: EOF\ndata: ''\n\n");
