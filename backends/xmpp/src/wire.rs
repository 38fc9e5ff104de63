//! The bytes between us and a server, of which only those come in that the sieve passes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use fulmar_transport::Stream;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};

use crate::sieve::Sieve;

/// One connection.
pub(crate) struct Wire {
    inner: Box<dyn Stream>,
    sieve: Sieve,
    /// What was read and passed.
    passed: Vec<u8>,
    /// How much of that was taken.
    taken: usize,
    chunk: Box<[u8]>,
}

impl Wire {
    pub(crate) fn new(inner: Box<dyn Stream>) -> Self {
        let chunk = vec![0; CHUNK].into_boxed_slice();
        Self { inner, sieve: Sieve::default(), passed: Vec::new(), taken: 0, chunk }
    }

    /// The connection below, unless the other end said more than was read: over TLS that would have been said by
    /// somebody else.
    pub(crate) fn into_inner(self) -> io::Result<Box<dyn Stream>> {
        if self.taken < self.passed.len() {
            return Err(io::Error::other("the server went on without TLS"));
        }
        Ok(self.inner)
    }
}

impl AsyncBufRead for Wire {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.taken >= this.passed.len() {
            let mut buffer = ReadBuf::new(&mut this.chunk);
            ready!(Pin::new(&mut this.inner).poll_read(cx, &mut buffer))?;
            this.passed.clear();
            this.taken = 0;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(&[]));
            }
            this.sieve.feed(buffer.filled(), &mut this.passed);
        }
        Poll::Ready(Ok(this.passed.get(this.taken..).unwrap_or_default()))
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.get_mut().taken += amount;
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let passed = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = passed.len().min(buffer.remaining());
        buffer.put_slice(passed.get(..amount).unwrap_or_default());
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().inner).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().inner).poll_shutdown(cx)
    }
}

/// How many bytes are read at once.
const CHUNK: usize = 8 << 10;
