//! An IRC server that says anything: what we answer are lines that it takes, and what we tell is no secret.

use std::io;

use fulmar_contract::{Entries, Event, Failure, Item, Link, Login, Options, Order, Post, RoomId, Value};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
};

use super::Target;
use crate::log;

pub(super) const TARGET: Target =
    Target { name: "irc", words: include_str!("../../words/irc.toml"), longest: 1 << 16, run };

/// After a first `+` we are welcome already.
fn run(input: &[u8]) {
    let said = match input.strip_prefix(b"+") {
        Some(rest) => [WELCOME.as_bytes(), rest].concat(),
        None => input.to_vec(),
    };
    log::clear();
    let posts = ["#ops", "ada", "~ada"].map(|room| Post::plain(RoomId::new(room), "done\r\nQUIT :x", "1"));
    let Session { events, written, end } = session(&said, posts.into());
    let longest = if input.windows(7).any(|window| window == b"LINELEN") { 16_384 } else { 512 };
    lines(&written, longest);
    let told = format!("{events:?} {end:?} {}", log::taken());
    assert!(!told.contains(SECRET), "a secret is told: {told}");
    for event in &events {
        if let Event::Heard(heard) = event {
            assert!(!heard.text.contains(char::is_control), "{:?} is not only text", heard.text);
        }
    }
}

/// What a session did.
pub(super) struct Session {
    pub(super) events: Vec<Event>,
    pub(super) written: Vec<u8>,
    pub(super) end: Result<(), Failure>,
}

/// Each line that was written is one line, and no longer than the server takes.
pub(super) fn lines(written: &[u8], longest: usize) {
    let text = String::from_utf8_lossy(written);
    for line in text.split_inclusive("\r\n") {
        assert!(line.len() <= longest, "{} bytes: {line:?}", line.len());
        let is_one = line.strip_suffix("\r\n").is_some_and(|body| !body.contains(['\r', '\n', '\0']));
        assert!(is_one, "{line:?} is one line");
    }
}

/// A session whose server says `said` and then closes.
pub(super) fn session(said: &[u8], posts: Vec<Post>) -> Session {
    thread_local! {
        static RUNTIME: io::Result<Runtime> = Builder::new_current_thread().enable_time().build();
    }
    RUNTIME.with(|runtime| {
        let Ok(runtime) = runtime else { panic!("{runtime:?}") };
        runtime.block_on(async {
            let (ours, theirs) = duplex(1 << 16);
            let (events_in, mut events) = mpsc::channel(64);
            let (orders, orders_out) = mpsc::channel(16);
            let mut receipts = Vec::new();
            for post in posts {
                let (receipt, told) = oneshot::channel();
                receipts.push(told);
                assert!(orders.try_send(Order::Post { post, receipt }).is_ok(), "there is room for orders");
            }
            let link = Link::new(Login::Usual, events_in, orders_out);
            let mut options = Options::new("chats.fuzz".into(), 1, entries());
            let seen = async {
                let mut all = Vec::new();
                while let Some(event) = events.recv().await {
                    all.push(event);
                }
                all
            };
            let (end, written, events) =
                tokio::join!(fulmar_irc::run_over(ours, &mut options, link), serve(theirs, said), seen);
            Session { events, written, end }
        })
    })
}

async fn serve(stream: DuplexStream, said: &[u8]) -> Vec<u8> {
    let (mut reader, mut writer) = tokio::io::split(stream);
    let mut written = Vec::new();
    let say = async {
        // Nobody need listen to the end.
        drop(writer.write_all(said).await);
        drop(writer.shutdown().await);
    };
    let (_, read) = tokio::join!(say, reader.read_to_end(&mut written));
    drop(read);
    written
}

fn entries() -> Entries {
    let text = |text: &str| Value::Text(text.to_owned());
    let room = Item { value: text("#ops"), line: 1 };
    [
        ("server", text("irc.example.org")),
        ("nick", text("fulmar")),
        ("password", text(SECRET)),
        ("account", text("fulmar")),
        ("sasl_password", text(SECRET)),
        ("rate", Value::Integer(0)),
        ("colors", Value::Bool(true)),
        ("rooms", Value::List(vec![room])),
    ]
    .map(|(key, value)| (key.to_owned(), Item { value, line: 1 }))
    .into()
}

const SECRET: &str = "hunter2hunter2";

/// What a server says to let us in, up to our room.
pub(super) const WELCOME: &str = ":s.x CAP * LS :account-tag echo-message server-time batch labeled-response\r\n\
    :s.x CAP * ACK :account-tag echo-message server-time batch labeled-response\r\n\
    :s.x 001 fulmar :Welcome\r\n:s.x 005 fulmar CHANTYPES=# WHOX MONITOR=100 :are supported\r\n:s.x 422 fulmar :No MOTD\r\n\
    :fulmar!f@h JOIN #ops\r\n";
