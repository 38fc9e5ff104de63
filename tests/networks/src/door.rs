//! A door in front of a server that must not be killed: shut, nobody gets in and whoever was in is thrown out.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpSocket, TcpStream},
    task::{JoinHandle, JoinSet},
};

/// An open or shut door to a server.
#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    to: SocketAddr,
    open: Option<JoinHandle<()>>,
}

impl Door {
    /// An open one.
    ///
    /// # Errors
    /// When there is no port for it.
    pub fn open(to: SocketAddr) -> io::Result<Self> {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        Ok(Self { address, to, open: Some(tokio::spawn(serve(listener, to))) })
    }

    /// Where it is.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shuts it, over the toes of whoever stands in it.
    pub async fn shut(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
            // So that the port is free.
            drop(open.await);
        }
    }

    /// Opens it again, in the same place.
    ///
    /// # Errors
    /// When somebody else has the port by now.
    pub fn open_again(&mut self) -> io::Result<()> {
        self.open = Some(tokio::spawn(serve(listen(self.address)?, self.to)));
        Ok(())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let Some(open) = self.open.take() {
            open.abort();
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(64)
}

async fn serve(listener: TcpListener, to: SocketAddr) {
    let mut guests = JoinSet::new();
    while let Ok((mut guest, _)) = listener.accept().await {
        guests.spawn(async move {
            if let Ok(mut host) = TcpStream::connect(to).await {
                // Either end may go.
                drop(copy_bidirectional(&mut guest, &mut host).await);
            }
        });
    }
}
