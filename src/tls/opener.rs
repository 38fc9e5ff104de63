//! Answers that last as long as their connection.
//!
//! Such an answer of HTTP/1.1 tells no length (RFC 9112, 6.3), and awc takes it for one without a body. StackStorm's own nginx
//! gives all streams like that, since it is configured to send no chunks. So they are read from the connection itself.

use actix_web::{
    dev::{RequestHead, ResponseHead},
    http::header,
    web::Bytes,
};
use awc::{
    ClientRequest,
    error::{PayloadError, SendRequestError},
    http::{Uri, header::HeaderValue},
};
use futures_util::{FutureExt, future::LocalBoxFuture, stream::LocalBoxStream};

/// What an answer consists of after its head. Dropped, it closes the connection.
pub type Pieces = LocalBoxStream<'static, Result<Bytes, PayloadError>>;

type Opened = Result<(ResponseHead, Pieces), SendRequestError>;

/// Sends requests on connections of their own.
pub struct Opener(Box<dyn Fn(RequestHead) -> LocalBoxFuture<'static, Opened>>);

impl Opener {
    pub(super) fn new<F: Future<Output = Opened> + 'static>(open: impl Fn(RequestHead) -> F + 'static) -> Self {
        Self(Box::new(move |head| open(head).boxed_local()))
    }

    /// Sends a request without a body, and waits for the head of its answer.
    ///
    /// # Errors
    /// As awc has them.
    pub async fn open(&self, request: &ClientRequest) -> Opened {
        let mut head = RequestHead::default();
        head.method = request.get_method().clone();
        head.uri = request.get_uri().clone();
        head.headers = request.headers().clone();
        head.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(host) = host(&head.uri) {
            head.headers.insert(header::HOST, host);
        }
        (self.0)(head).await
    }
}

fn host(uri: &Uri) -> Option<HeaderValue> {
    let (host, port) = (uri.host()?, uri.port());
    let host = port.map_or(host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::try_from(host).ok()
}

/// How the body of an answer ends.
pub(super) enum Ends {
    /// At once: there is none.
    Empty,
    /// As its head says.
    Told,
    /// With the connection.
    WithConnection,
}

impl Ends {
    pub(super) fn of(answer: &ResponseHead) -> Self {
        let headers = answer.headers();
        match headers.get(header::CONTENT_LENGTH) {
            Some(length) if length.as_bytes() == b"0" => Self::Empty,
            None if !headers.contains_key(header::TRANSFER_ENCODING) => Self::WithConnection,
            _ => Self::Told,
        }
    }
}
