//! A session of IRC, from its socket to its events and from its orders to its socket, with a server in this process.

use std::{sync::Arc, time::Duration};

use criterion::{Criterion, Throughput};
use fulmar_contract::{Backend, Event, Item, Link, Login, Options, Order, Post, RoomId, Value};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, tcp::OwnedWriteHalf},
    runtime::Runtime,
    sync::{mpsc, oneshot},
};

pub(crate) fn all(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let mut session = runtime.block_on(Session::begin());
    let mut group = criterion.benchmark_group("irc");
    group.measurement_time(Duration::from_secs(5)).throughput(Throughput::Elements(LINES as u64));
    let talk =
        ":joe!joe@host.example PRIVMSG #ops :did anybody look at the graphs of last night?\r\n".repeat(LINES);
    group.bench_function("100 lines heard", |bencher| {
        bencher.iter(|| runtime.block_on(session.hear(talk.as_bytes())));
    });
    group.bench_function("100 posts with receipts", |bencher| {
        bencher.iter(|| runtime.block_on(session.post(LINES)));
    });
    group.finish();
}

/// A session that is in its room.
struct Session {
    server: mpsc::Sender<Vec<u8>>,
    events: mpsc::Receiver<Event>,
    orders: mpsc::Sender<Order>,
}

impl Session {
    async fn begin() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = chat(listener.local_addr().unwrap().port());
        let (server, lines) = mpsc::channel(16);
        tokio::spawn(serve(listener, server.clone(), lines));
        let (event_in, events) = mpsc::channel(64);
        let (orders, order_out) = mpsc::channel(64);
        tokio::spawn(backend.run(Link::new(Login::Usual, event_in, order_out)));
        let mut session = Self { server, events, orders };
        while !matches!(session.events.recv().await.expect("a session"), Event::Joined(_)) {}
        session
    }

    /// Has the server send lines, and waits until all have been heard.
    async fn hear(&mut self, lines: &[u8]) {
        self.server.send(lines.to_vec()).await.unwrap();
        for _ in 0..LINES {
            self.events.recv().await.expect("a message");
        }
    }

    async fn post(&self, count: usize) {
        for number in 0..count {
            let (receipt, received) = oneshot::channel();
            let text = "Restarted service-00042 on web-17: done";
            let post = Post::plain(RoomId::new("#ops"), text, number.to_string());
            self.orders.send(Order::Post { post, receipt }).await.unwrap();
            received.await.unwrap().unwrap();
        }
    }
}

fn chat(port: u16) -> Arc<dyn Backend> {
    let text = |value: &str| Value::Text(value.into());
    let keys = [
        ("server", text("127.0.0.1")),
        ("port", Value::Integer(port.into())),
        ("tls", Value::Bool(false)),
        ("nick", text("fulmar")),
        ("rate", Value::Integer(0)),
        ("rooms", Value::List(vec![Item { value: text("#ops"), line: 1 }])),
    ];
    let items = keys.map(|(key, value)| (key.to_owned(), Item { value, line: 1 }));
    let mut options = Options::new("chats.bench".into(), 1, items.into_iter().collect());
    (fulmar_irc::KIND.build)(&mut options).expect("a chat")
}

/// A server that lets one client in and says what it is told to.
async fn serve(listener: TcpListener, replies: mpsc::Sender<Vec<u8>>, lines: mpsc::Receiver<Vec<u8>>) {
    let (stream, _) = listener.accept().await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (reader, writer) = stream.into_split();
    tokio::spawn(write(writer, lines));
    let mut reader = BufReader::new(reader).lines();
    while let Ok(Some(line)) = reader.next_line().await {
        let reply = match line.split_once(' ').unwrap_or((&line, "")) {
            ("CAP", rest) if rest.starts_with("LS") => ":s CAP * LS :batch\r\n".into(),
            ("CAP", rest) if rest.starts_with("REQ") => format!(":s CAP * ACK {}\r\n", &rest[4..]),
            ("CAP", _) => ":s 001 fulmar :Welcome\r\n:s 422 fulmar :No MOTD\r\n".into(),
            ("JOIN", room) => format!(":fulmar!f@h JOIN {room}\r\n"),
            ("PING", token) => format!(":s PONG s {token}\r\n"),
            _ => continue,
        };
        replies.send(reply.into_bytes()).await.unwrap();
    }
}

async fn write(mut writer: OwnedWriteHalf, mut lines: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = lines.recv().await {
        if writer.write_all(&bytes).await.is_err() {
            return;
        }
    }
}

/// How many lines are heard, or posts written, at once.
const LINES: usize = 100;
