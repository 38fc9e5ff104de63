//! A wire between the backend and the homeserver that can be cut, and that knows who is connected.

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// The wire.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// Whether it is whole.
    switch: watch::Sender<bool>,
    /// How many are connected.
    open: watch::Sender<usize>,
}

impl Proxy {
    /// A wire to `server`.
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (switch, open) = (watch::Sender::new(true), watch::Sender::new(0));
        tokio::spawn(accept(listener, server, switch.subscribe(), open.clone()));
        Self { port, switch, open }
    }

    /// Cuts all connections; new ones are cut at once.
    pub(crate) fn cut(&self) {
        self.switch.send_replace(false);
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.switch.send_replace(true);
    }

    /// Waits until nobody is connected.
    pub(crate) async fn unused(&self) {
        self.open.subscribe().wait_for(|open| *open == 0).await.unwrap();
    }
}

async fn accept(listener: TcpListener, server: String, switch: watch::Receiver<bool>, open: watch::Sender<usize>) {
    while let Ok((mut near, _)) = listener.accept().await {
        let (server, mut switch, open) = (server.clone(), switch.clone(), open.clone());
        tokio::spawn(async move {
            open.send_modify(|open| *open += 1);
            let wire = async {
                if let Ok(mut far) = TcpStream::connect(server).await {
                    drop(copy_bidirectional(&mut near, &mut far).await);
                }
            };
            tokio::select! {
                () = wire => {}
                _ = switch.wait_for(|is_whole| !is_whole) => {}
            }
            open.send_modify(|open| *open -= 1);
        });
    }
}
