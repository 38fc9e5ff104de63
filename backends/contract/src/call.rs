//! What a network posts to us over HTTP.

use tokio::sync::oneshot;

/// One request from outside, as it came: whether it is the network's own is for the backend to find out.
#[derive(Debug)]
pub struct Call {
    /// The path below [`crate::Link::address`], without a slash at its beginning; empty for the address itself.
    pub path: String,
    /// What stood after the question mark.
    pub query: String,
    /// The headers; their names are in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, of a bounded length.
    pub body: Vec<u8>,
    /// Where to answer. Dropped without a word, it is answered with 503, so that the network calls again.
    pub answer: oneshot::Sender<Answer>,
}

/// The answer to a [`Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The media type of the body.
    pub media_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer without a body.
    pub const fn empty(status: u16) -> Self {
        Self { status, media_type: "text/plain", body: Vec::new() }
    }
}

impl Call {
    /// The value of a header, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}
