//! An IRC server in this process, so that no line that reaches a room goes unseen, whoever lives or dies.
//!
//! Its only clients are gateways. People are calls of [`Network::say`]: each may have a nick of their own.

mod client;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpSocket},
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep},
};

/// The server.
pub(crate) struct Network {
    /// Where it is.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

/// A line that a gateway wrote into a room.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    /// When it came.
    pub(crate) at: Instant,
    /// Where.
    pub(crate) room: String,
    /// What.
    pub(crate) text: String,
}

/// What a receipt is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Receipts {
    /// The server sends back what was written.
    Echo,
    /// The server answers pings in order, and that is all.
    Pong,
}

struct Shared {
    receipts: Receipts,
    clients: Mutex<BTreeMap<String, Client>>,
    lines: Mutex<Vec<Line>>,
    /// How many more lines are confirmed, if not all.
    confirmed: AtomicUsize,
}

struct Client {
    lines: mpsc::UnboundedSender<String>,
    rooms: BTreeSet<String>,
    entered: Instant,
}

impl Network {
    /// Starts it on a free port.
    pub(crate) fn start(receipts: Receipts) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            receipts,
            clients: Mutex::default(),
            lines: Mutex::default(),
            confirmed: AtomicUsize::new(usize::MAX),
        });
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let accepting = Some(tokio::spawn(Arc::clone(&shared).accept(listener)));
        Ok(Self { address, shared, accepting })
    }

    /// Ends without a word: nobody is connected any more, and nobody can connect.
    pub(crate) fn die(&mut self) {
        if let Some(accepting) = self.accepting.take() {
            accepting.abort();
        }
        self.shared.clients().clear();
    }

    /// Serves again, on the same port.
    pub(crate) async fn return_again(&mut self) {
        self.accepting = Some(tokio::spawn(Arc::clone(&self.shared).accept(listen_again(self.address).await)));
    }

    /// Somebody says something in a room; how many clients were there to hear it.
    pub(crate) fn say(&self, nick: &str, room: &str, text: &str) -> usize {
        let line = format!(":{nick}!{nick}@people.test PRIVMSG {room} :{text}");
        let clients = self.shared.clients();
        let there = clients.values().filter(|client| client.rooms.contains(room));
        there.filter(|client| client.lines.send(line.clone()).is_ok()).count()
    }

    /// How many clients are in a room.
    pub(crate) fn in_rooms(&self) -> usize {
        self.shared.clients().values().filter(|client| !client.rooms.is_empty()).count()
    }

    /// When each client that is here was let in.
    pub(crate) fn entries(&self) -> Vec<Instant> {
        self.shared.clients().values().map(|client| client.entered).collect()
    }

    /// From now on so many lines are confirmed, and no more.
    pub(crate) fn confirm_only(&self, lines: usize) {
        self.shared.confirmed.store(lines, Ordering::Relaxed);
    }

    /// All lines are confirmed again.
    pub(crate) fn confirm_all(&self) {
        self.confirm_only(usize::MAX);
    }

    /// How many lines were written so far.
    pub(crate) fn count(&self) -> usize {
        self.shared.lines().len()
    }

    /// All lines but the first so many.
    pub(crate) fn lines(&self, after: usize) -> Vec<Line> {
        self.shared.lines().get(after..).unwrap_or_default().to_vec()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.die();
    }
}

impl Shared {
    fn clients(&self) -> MutexGuard<'_, BTreeMap<String, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn accept(self: Arc<Self>, listener: TcpListener) {
        // Whoever ends this task ends theirs, too.
        let mut serving = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            serving.spawn(client::serve(Arc::clone(&self), stream));
            while serving.try_join_next().is_some() {}
        }
    }
}

/// Listens where somebody has listened before, as soon as nobody else has that port.
pub(crate) async fn listen_again(address: SocketAddr) -> TcpListener {
    loop {
        match listen(address) {
            Ok(listener) => return listener,
            // Whoever connects to somewhere may have been given it.
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Listens even where connections of an earlier life have not died out.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}
