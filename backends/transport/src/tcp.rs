//! TCP: connected in time, or a reason why not.

use std::{io, net::SocketAddr, time::Duration};

use fulmar_contract::Failure;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpSocket, TcpStream, lookup_host},
    time::timeout,
};

/// Bytes in and out, with or without TLS around them.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// Connects to `host`, a name or an address, whichever of its addresses answers first in their order.
///
/// # Errors
/// [`Failure::Lost`] when it has no address or none answers in time.
pub async fn connect(host: &str, port: u16) -> Result<TcpStream, Failure> {
    let addresses = in_time("name lookup", lookup_host((host, port))).await?;
    let mut last = Failure::lost(format!("{host} has no address"));
    for address in addresses {
        match in_time("connect", connect_to(address)).await {
            Ok(stream) => return Ok(stream),
            Err(failure) => last = failure,
        }
    }
    Err(last)
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_nodelay(true)?;
    socket.set_keepalive(true)?;
    socket.connect(address).await
}

/// Takes a step that is called `what`.
///
/// # Errors
/// [`Failure::Lost`] with the name of the step, when it fails or takes longer than [`PATIENCE`].
pub async fn in_time<T>(what: &str, step: impl Future<Output = io::Result<T>>) -> Result<T, Failure> {
    match timeout(PATIENCE, step).await {
        Ok(outcome) => outcome.map_err(|error| Failure::lost(format!("{what}: {error}"))),
        Err(_) => Err(Failure::lost(format!("{what}: nothing happened for {PATIENCE:?}"))),
    }
}

/// How long a single step may take.
pub const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_name_leads_to_whoever_listens_there_and_nobody_is_told() {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();

        let found = connect("localhost", port).await.unwrap().peer_addr();
        drop(listener);
        let nobody = connect("localhost", port).await;

        assert_eq!(found.unwrap().port(), port);
        assert!(nobody.unwrap_err().to_string().starts_with("session lost: connect: "));
    }

    #[tokio::test(start_paused = true)]
    async fn a_step_that_does_not_end_is_given_up() {
        let ended = in_time("write", pending::<io::Result<()>>()).await;

        assert_eq!(ended.unwrap_err().to_string(), "session lost: write: nothing happened for 10s");
    }
}
