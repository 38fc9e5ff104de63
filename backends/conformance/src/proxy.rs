//! [`Proxy`]: a wire between a backend and a real server.

use std::{future::pending, io};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A wire that can be cut. It is on loopback, and knows who is connected.
#[derive(Debug)]
pub struct Proxy {
    /// Where the backend finds it.
    pub port: u16,
    fate: watch::Sender<Fate>,
    /// How many are connected.
    open: watch::Sender<usize>,
}

/// What has been done to the connections.
#[derive(Clone, Copy, Debug, Default)]
struct Fate {
    cuts: usize,
    stalls: usize,
    is_shut: bool,
}

impl Proxy {
    /// A wire to `server`, as `host:port`.
    ///
    /// # Panics
    /// When there is no port for it.
    pub async fn to(server: String) -> Self {
        let (listener, port) = match listen().await {
            Ok(there) => there,
            Err(error) => panic!("no port for a proxy: {error}"),
        };
        let (fate, open) = (watch::Sender::default(), watch::Sender::default());
        tokio::spawn(accept(listener, server, fate.subscribe(), open.clone()));
        Self { port, fate, open }
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        self.fate.send_modify(|fate| fate.cuts += 1);
    }

    /// Lets nothing pass any more on every connection, without closing any.
    pub fn stall(&self) {
        self.fate.send_modify(|fate| fate.stalls += 1);
    }

    /// Cuts every connection, and new ones at once.
    pub fn shut(&self) {
        self.fate.send_modify(|fate| fate.is_shut = true);
    }

    /// Lets new connections through again.
    pub fn mend(&self) {
        self.fate.send_modify(|fate| fate.is_shut = false);
    }

    /// Waits until nobody is connected.
    pub async fn unused(&self) {
        // The sender is ours.
        drop(self.open.subscribe().wait_for(|open| *open == 0).await);
    }
}

async fn listen() -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

async fn accept(listener: TcpListener, server: String, fate: watch::Receiver<Fate>, open: watch::Sender<usize>) {
    while let Ok((near, _)) = listener.accept().await {
        let (server, fate, open) = (server.clone(), fate.clone(), open.clone());
        tokio::spawn(async move {
            open.send_modify(|open| *open += 1);
            carry(near, server, fate).await;
            open.send_modify(|open| *open -= 1);
        });
    }
}

async fn carry(mut near: TcpStream, server: String, mut fate: watch::Receiver<Fate>) {
    let before = *fate.borrow();
    let mut stalls = fate.clone();
    let wire = async {
        if let Ok(mut far) = TcpStream::connect(server).await {
            drop(copy_bidirectional(&mut near, &mut far).await);
        }
    };
    let stalled = async { drop(stalls.wait_for(|fate| fate.stalls > before.stalls).await) };
    let passing = async {
        tokio::select! {
            () = wire => {}
            // Nothing passes any more, and nobody is told.
            () = stalled => pending().await,
        }
    };
    tokio::select! {
        () = passing => {}
        _ = fate.wait_for(|fate| fate.is_shut || fate.cuts > before.cuts) => {}
    }
}
