//! `GET /v1/stream`: events as they happen.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use futures_util::stream::unfold;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};

use super::call::Call;
use crate::sandbox::hub::{Chunk, Wish};
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
    Ok(HttpResponse::build(StatusCode::OK)
        .content_type("text/event-stream; charset=UTF-8")
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header(("Cache-Control", "no-cache"))
        .streaming(Box::pin(body)))
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
