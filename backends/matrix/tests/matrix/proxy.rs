//! A wire between the backend and the homeserver that can be cut, and that knows who is connected.

use std::sync::Arc;

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    task::JoinSet,
};

/// The wire.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    switch: mpsc::Sender<bool>,
    open: watch::Receiver<usize>,
}

impl Proxy {
    /// A wire to `server`.
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (switch, switched) = mpsc::channel(1);
        let (count, open) = watch::channel(0);
        tokio::spawn(forward(listener, server, switched, Arc::new(count)));
        Self { port, switch, open }
    }

    /// Cuts all connections; new ones are cut at once.
    pub(crate) async fn cut(&self) {
        self.switch.send(false).await.unwrap();
    }

    /// Lets connections through again.
    pub(crate) async fn mend(&self) {
        self.switch.send(true).await.unwrap();
    }

    /// Waits until nobody is connected.
    pub(crate) async fn unused(&mut self) {
        self.open.wait_for(|open| *open == 0).await.unwrap();
    }
}

async fn forward(
    listener: TcpListener,
    server: String,
    mut switched: mpsc::Receiver<bool>,
    count: Arc<watch::Sender<usize>>,
) {
    let mut wires = JoinSet::new();
    let mut is_whole = true;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((mut near, _)) = accepted else { return };
                if is_whole {
                    let (server, wire) = (server.clone(), Wire::new(&count));
                    wires.spawn(async move {
                        if let Ok(mut far) = TcpStream::connect(server).await {
                            drop(copy_bidirectional(&mut near, &mut far).await);
                        }
                        drop(wire);
                    });
                }
            }
            position = switched.recv() => match position {
                Some(position) => {
                    is_whole = position;
                    if !is_whole {
                        wires.shutdown().await;
                    }
                }
                None => return,
            },
        }
    }
}

/// Counts as an open connection while it lives.
struct Wire(Arc<watch::Sender<usize>>);

impl Wire {
    fn new(count: &Arc<watch::Sender<usize>>) -> Self {
        count.send_modify(|open| *open += 1);
        Self(Arc::clone(count))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open -= 1);
    }
}
