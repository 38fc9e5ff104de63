//! The least of HTTP/1.1 that a server needs: requests one after the other on a connection that stays.

use std::io;

use memchr::memmem::find;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A client's connection.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    buffer: Vec<u8>,
}

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Vec<u8>,
}

impl Connection {
    pub(super) const fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// The next request; `None` when the client has gone.
    pub(super) async fn next(&mut self) -> io::Result<Option<Request>> {
        let head = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at + 4;
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        };
        let (mut request, length) = parse(&self.buffer, head).ok_or(io::ErrorKind::InvalidData)?;
        while self.buffer.len() < head + length {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
        request.body = self.buffer.get(head..head + length).unwrap_or_default().to_vec();
        self.buffer.drain(..head + length);
        Ok(Some(request))
    }

    /// Answers; `total` is how many objects there are where the body is a page of them.
    pub(super) async fn answer(&mut self, status: &str, total: usize, body: &[u8]) -> io::Result<()> {
        let mut answer = format!(
            "HTTP/1.1 {status}\r\nServer: gunicorn\r\nDate: {DATE}\r\nConnection: keep-alive\r\n\
             Content-Type: application/json\r\nX-Total-Count: {total}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        answer.extend_from_slice(body);
        self.stream.write_all(&answer).await
    }

    /// Begins an endless answer of events.
    pub(super) async fn begin_stream(&mut self) -> io::Result<()> {
        let head = format!(
            "HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: {DATE}\r\nConnection: keep-alive\r\n\
             Transfer-Encoding: chunked\r\nCache-Control: no-cache\r\n\
             Content-Type: text/event-stream; charset=UTF-8\r\n\r\n1\r\n\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).await
    }
}

impl Request {
    /// A parameter of the query, not decoded.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// A number in the query.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.parameter(name)?.parse().ok()
    }
}

/// Reads the head, which ends at `head`: the request without its body, and the body's length.
fn parse(buffer: &[u8], head: usize) -> Option<(Request, usize)> {
    let text = std::str::from_utf8(buffer.get(..head)?).ok()?;
    let (first, headers) = text.split_once("\r\n")?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let length = headers.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
    });
    let request =
        Request { method: method.to_owned(), path: path.to_owned(), query: query.to_owned(), body: Vec::new() };
    Some((request, length.unwrap_or(0)))
}

/// What a real one said; nobody compares it with a clock here.
const DATE: &str = "Sat, 21 Nov 2026 02:45:39 GMT";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read() {
        let head = b"POST /a?x=1&limit=20 HTTP/1.1\r\nHost: h\r\ncontent-LENGTH: 3\r\n\r\n";

        let (request, length) = parse(head, head.len()).unwrap();

        assert_eq!((request.method.as_str(), request.path.as_str(), length), ("POST", "/a", 3));
        assert_eq!((request.number("limit"), request.number("offset")), (Some(20), None));
    }
}
