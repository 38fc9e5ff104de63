//! A wire between the backend and a real server that can be cut.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// A proxy on loopback.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    cut: watch::Sender<u32>,
    stall: watch::Sender<u32>,
}

impl Proxy {
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (cut, cuts) = watch::channel(0);
        let (stall, stalls) = watch::channel(0);
        tokio::spawn(async move {
            while let Ok((mut ours, _)) = listener.accept().await {
                let (server, mut cuts, mut stalls) = (server.clone(), cuts.clone(), stalls.clone());
                cuts.mark_unchanged();
                stalls.mark_unchanged();
                tokio::spawn(async move {
                    let mut theirs = TcpStream::connect(server).await.unwrap();
                    tokio::select! {
                        _ = copy_bidirectional(&mut ours, &mut theirs) => {}
                        _ = cuts.changed() => {}
                        // Nothing passes any more, and nobody is told.
                        _ = stalls.changed() => drop(cuts.changed().await),
                    }
                });
            }
        });
        Self { port, cut, stall }
    }

    /// Lets nothing pass any more on every connection, without closing any.
    pub(crate) fn stall(&self) {
        self.stall.send_modify(|stalls| *stalls += 1);
    }

    /// Cuts every connection.
    pub(crate) fn cut(&self) {
        self.cut.send_modify(|cuts| *cuts += 1);
    }
}
