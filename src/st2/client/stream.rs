//! Streams of events, as bytes; [`crate::st2::sse`] decodes them.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    http::header,
    web::{Bytes, BytesMut},
};
use awc::ClientRequest;
use futures_util::{Stream, StreamExt, TryStreamExt};
use tokio::time::timeout;

use super::{
    ApiError, Client, GET_LIMIT, MAX_BODY, refuse_encoded,
    rest::{Patience, Service},
    with,
};
use crate::{
    st2::{
        Access,
        wire::{ExecutionId, Fault},
    },
    tls::Pieces,
};

/// The bytes of an open stream. Silence has no end here: who reads must watch the time. Dropped, it closes.
pub struct EventBytes(Pieces);

impl Client {
    /// Opens the stream for the events with these names, in which `*` stands for any characters. The credential is
    /// looked at now and never again.
    ///
    /// # Errors
    /// When StackStorm does not open it, or something else answers in its place.
    pub async fn stream(&self, access: &Access, events: &[String]) -> Result<EventBytes, ApiError> {
        let url = self.endpoints.stream.at("/stream");
        let request = self.http.get(&url).query(&[("events", events.join(","))]).map_err(ApiError::unsent)?;
        self.open(access, request, &url).await
    }

    /// Opens the stream of what an execution prints: what it has printed so far, then what it prints, then a last event
    /// ([`crate::st2::wire::Printed::End`]). It brings no heart-beats, and none of what the tasks of a workflow print.
    ///
    /// # Errors
    /// As [`Client::stream`]; see [`ApiError::is_absent`].
    pub async fn output(&self, access: &Access, id: &ExecutionId) -> Result<EventBytes, ApiError> {
        let url = self.endpoints.stream.at(&format!("/executions/{id}/output"));
        self.open(access, self.http.get(&url), &url).await
    }

    async fn open(&self, access: &Access, request: ClientRequest, url: &str) -> Result<EventBytes, ApiError> {
        let rest = self.rests.of(Service::Stream);
        rest.over(Patience::Much).await?;
        let request = with(request, access).insert_header((header::ACCEPT, "text/event-stream"));
        let late = |_| ApiError::Unanswered { why: format!("no answer in {GET_LIMIT:?}") };
        let opened = timeout(GET_LIMIT, self.opener.open(&request)).await.map_err(late)?;
        let (head, pieces) = opened.map_err(ApiError::from_sending)?;
        self.note_date(head.headers());
        rest.heed(Service::Stream, head.status, head.headers(), self.system_time());

        if !head.status.is_success() {
            let fault = timeout(GET_LIMIT, whole(pieces)).await.ok().flatten().map(|body| Fault::in_body(&body));
            return Err(self.refusal(head.status, Service::Stream, url, fault.unwrap_or_default()));
        }
        let kind =
            head.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("text/event-stream") {
            return Err(ApiError::Garbage { why: format!("\"{kind}\" in place of the stream") });
        }
        refuse_encoded(head.headers())?;
        Ok(EventBytes(pieces))
    }
}

/// All of a body, unless it is too long or broken.
async fn whole(pieces: Pieces) -> Option<BytesMut> {
    let body = pieces.map_err(drop).try_fold(BytesMut::new(), async |mut body, piece| {
        body.extend_from_slice(&piece);
        if body.len() > MAX_BODY { Err(()) } else { Ok(body) }
    });
    body.await.ok()
}

impl Stream for EventBytes {
    type Item = Result<Bytes, ApiError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let piece = ready!(self.0.poll_next_unpin(cx));
        Poll::Ready(piece.map(|piece| piece.map_err(|error| ApiError::Unanswered { why: error.to_string() })))
    }
}
