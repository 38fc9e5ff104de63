//! What stands between the gateway and somebody else, and spoils it.

mod request;

use std::{
    collections::VecDeque,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

use crate::network::{listen, listen_again};

/// A proxy.
pub(crate) struct Proxy {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<io::Result<()>>,
}

/// What becomes of connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// All goes through.
    Open,
    /// All goes through, each piece a while later.
    Slow,
    /// Every connection is closed, and new ones are refused.
    Cut,
    /// Connections stay, and are accepted, and nothing goes through. Those that have lost something never recover.
    Hole,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub(crate) enum Mishap {
    /// It is answered by these bytes and goes nowhere.
    Answer(String),
    /// It arrives, and the connection is closed in place of the answer.
    Reset,
    /// There is never an answer, though it perhaps arrives.
    Silence {
        /// Whether it arrives.
        arrives: bool,
    },
}

struct Shared {
    to: SocketAddr,
    way: watch::Sender<Way>,
    /// What befalls the next requests with this in their first line.
    mishaps: Mutex<VecDeque<(&'static str, Mishap)>>,
    /// How many requests something befell.
    befallen: AtomicUsize,
}

impl Proxy {
    /// Starts one in front of `to`.
    pub(crate) fn start(to: SocketAddr) -> io::Result<Self> {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            to,
            way: watch::Sender::new(Way::Open),
            mishaps: Mutex::default(),
            befallen: AtomicUsize::new(0),
        });
        let accepting = tokio::spawn(Arc::clone(&shared).accept(listener));
        Ok(Self { address, shared, accepting })
    }

    /// What becomes of connections from now on.
    pub(crate) fn turn(&self, way: Way) {
        self.shared.way.send_replace(way);
    }

    /// Something befalls the next request that has `what` in its first line, after what was said before.
    pub(crate) fn befalls(&self, what: &'static str, mishap: Mishap) {
        self.shared.mishaps.lock().unwrap_or_else(PoisonError::into_inner).push_back((what, mishap));
    }

    /// How many requests something befell so far.
    pub(crate) fn befallen(&self) -> usize {
        self.shared.befallen.load(Ordering::Relaxed)
    }

    /// Forgets what has not happened yet.
    pub(crate) fn forget(&self) {
        self.shared.mishaps.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    async fn accept(self: Arc<Self>, mut listener: TcpListener) -> io::Result<()> {
        let address = listener.local_addr()?;
        let mut way = self.way.subscribe();
        // Whoever ends this task ends theirs, too.
        let mut serving = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (shared, (client, _)) = (Arc::clone(&self), accepted?);
                    serving.spawn(async move {
                        // Either end may go at any time.
                        drop(shared.relay(client).await);
                    });
                    while serving.try_join_next().is_some() {}
                }
                () = until(&mut way, |way| way == Way::Cut) => {
                    drop(listener);
                    serving.shutdown().await;
                    until(&mut way, |way| way != Way::Cut).await;
                    listener = listen_again(address).await;
                }
            }
        }
    }

    async fn relay(&self, client: TcpStream) -> io::Result<()> {
        let server = TcpStream::connect(self.to).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
        let link = Link { shared: self, is_spoiled: AtomicBool::new(false), is_doomed: AtomicBool::new(false) };
        let to_client = tokio::sync::Mutex::new(to_client);
        tokio::select! {
            ended = link.requests(from_client, to_server, &to_client) => ended,
            ended = link.answers(from_server, &to_client) => ended,
        }
    }

    /// What befalls a request that begins with this line.
    fn mishap(&self, line: &str) -> Option<Mishap> {
        let mut mishaps = self.mishaps.lock().unwrap_or_else(PoisonError::into_inner);
        let at = mishaps.iter().position(|(what, _)| line.contains(what))?;
        self.befallen.fetch_add(1, Ordering::Relaxed);
        mishaps.remove(at).map(|(_, mishap)| mishap)
    }
}

async fn until(turned: &mut watch::Receiver<Way>, is_wanted: impl Fn(Way) -> bool) {
    // Its sender lives as long as whoever waits.
    drop(turned.wait_for(|way| is_wanted(*way)).await);
}

/// One connection.
struct Link<'a> {
    shared: &'a Shared,
    /// Whether something was lost already.
    is_spoiled: AtomicBool,
    /// Whether it is closed as soon as an answer comes.
    is_doomed: AtomicBool,
}

impl Link<'_> {
    /// Whether what has come is lost.
    fn loses(&self) -> bool {
        let is_spoiled = *self.shared.way.borrow() == Way::Hole;
        self.is_spoiled.fetch_or(is_spoiled, Ordering::Relaxed) || is_spoiled
    }

    /// Holds up a piece, if that is the way.
    async fn dawdle(&self) {
        if *self.shared.way.borrow() == Way::Slow {
            sleep(SLOW).await;
        }
    }

    async fn requests(
        &self,
        mut from: OwnedReadHalf,
        mut to: OwnedWriteHalf,
        back: &tokio::sync::Mutex<OwnedWriteHalf>,
    ) -> io::Result<()> {
        let mut buffer = Vec::new();
        while from.read_buf(&mut buffer).await? > 0 {
            if self.loses() {
                buffer.clear();
            }
            while let Some(length) = request::whole(&buffer) {
                let request: Vec<u8> = buffer.drain(..length).collect();
                self.dawdle().await;
                match self.shared.mishap(request::first_line(&request)) {
                    None => to.write_all(&request).await?,
                    Some(Mishap::Answer(answer)) => back.lock().await.write_all(answer.as_bytes()).await?,
                    Some(Mishap::Silence { arrives }) => {
                        self.is_spoiled.store(true, Ordering::Relaxed);
                        to.write_all(if arrives { &request } else { b"" }).await?;
                    }
                    Some(Mishap::Reset) => {
                        self.is_doomed.store(true, Ordering::Relaxed);
                        to.write_all(&request).await?;
                    }
                }
            }
        }
        Ok(())
    }

    async fn answers(&self, mut from: OwnedReadHalf, to: &tokio::sync::Mutex<OwnedWriteHalf>) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let length = from.read(&mut buffer).await?;
            if length == 0 || self.is_doomed.load(Ordering::Relaxed) {
                return Ok(());
            }
            self.dawdle().await;
            if !self.loses() {
                to.lock().await.write_all(buffer.get(..length).unwrap_or_default()).await?;
            }
        }
    }
}

/// How long a piece is held up where all is slow.
const SLOW: Duration = Duration::from_millis(300);
