//! One connection: lines in, lines out.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use fulmar_contract::Failure;
use fulmar_transport::{Stream, connect, in_time};
use futures_util::StreamExt;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tokio_util::codec::FramedRead;

use crate::{config::Server, framing::Framing};

/// A connection to a server. Dropped, it is closed.
pub(crate) struct Connection {
    reader: FramedRead<ReadHalf<Box<dyn Stream>>, Framing>,
    writer: WriteHalf<Box<dyn Stream>>,
    /// The greatest length in bytes of a line that we write, its end included.
    longest: usize,
}

impl Connection {
    /// Connects; by TLS at `secure_port` if there is one, else as `server` says.
    pub(crate) async fn open(server: &Server, secure_port: Option<u16>) -> Result<Self, Failure> {
        let tcp = Prompt(connect(&server.host, secure_port.unwrap_or(server.port)).await?);
        if !server.tls && secure_port.is_none() {
            return Ok(Self::on(Box::new(tcp)));
        }
        let name = ServerName::try_from(server.host.clone()).map_err(Failure::lost)?;
        let config = server.trust.client_config(server.certificate.clone())?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        let stream = in_time("TLS handshake", connecting).await?;
        Ok(Self::on(Box::new(stream)))
    }

    /// A connection over any stream.
    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self::on(Box::new(stream))
    }

    fn on(stream: Box<dyn Stream>) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self { reader: FramedRead::new(reader, Framing::default()), writer, longest: LONGEST }
    }

    /// The next line. Loses nothing when it is dropped.
    pub(crate) async fn line(&mut self) -> Result<String, Failure> {
        match self.reader.next().await {
            Some(line) => line.map_err(Failure::lost),
            None => Err(Failure::lost("the server closed the connection")),
        }
    }

    /// Writes a line; see [`Connection::send_all`].
    pub(crate) async fn send(&mut self, line: &str) -> Result<(), Failure> {
        self.send_all(&[line]).await
    }

    /// Has lines written of at most `length` bytes, as the server says that it takes them.
    pub(crate) const fn allow(&mut self, length: usize) {
        self.longest = length;
    }

    /// Writes `lines` at once. Each is cut at whatever could end it, and where the server would: a line in is a line out,
    /// also where the server's own words are in it.
    pub(crate) async fn send_all(&mut self, lines: &[impl AsRef<str>]) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        for line in lines {
            let line = line.as_ref().split(['\r', '\n', '\0']).next().unwrap_or_default();
            let end = line.floor_char_boundary(self.longest.saturating_sub(b"\r\n".len()));
            bytes.extend_from_slice(line.get(..end).unwrap_or_default().as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        let written = async {
            self.writer.write_all(&bytes).await?;
            self.writer.flush().await
        };
        in_time("write", written).await
    }
}

/// A stream of which the kernel acknowledges at once what we have read. Many servers send a line only when the one
/// before it is acknowledged (Nagle's algorithm), and the kernel likes to wait with that for 40 ms.
struct Prompt(TcpStream);

impl AsyncRead for Prompt {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.0).poll_read(cx, buffer);
        #[cfg(target_os = "linux")]
        if read.is_ready() {
            // Where it cannot be had, lines are late and nothing else.
            drop(self.0.set_quickack(true));
        }
        read
    }
}

impl AsyncWrite for Prompt {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// The greatest length of a line in bytes, its end included, unless the server says otherwise (RFC 2812, section 2.3).
const LONGEST: usize = 512;
