//! One session of a network whose other end is played, and what any session has to keep.

use std::io;

use fulmar_contract::{
    Event, Failure, Identity, Item, Link, Login, Mention, Options, Order, Post, RoomId, Taken, Tone, Value,
};
use tokio::{
    runtime::{Builder, Runtime},
    sync::{mpsc, oneshot},
};

use crate::log;

/// What a session did.
pub(super) struct Session<W> {
    pub(super) events: Vec<Event>,
    /// What the other end was told.
    pub(super) written: W,
    pub(super) end: Result<(), Failure>,
}

impl<W> Session<W> {
    /// What is heard is only text, and no secret is told or logged. For sessions before which the log was cleared.
    pub(super) fn keeps_secrets(&self) {
        let told = format!("{:?} {:?}", self.events, self.end);
        assert!(!told.contains(SECRET), "a secret is told: {told}");
        log::look(|logged| assert!(!logged.contains(SECRET), "a secret is logged: {logged}"));
    }

    /// What was heard.
    pub(super) fn heard(&self) -> impl Iterator<Item = &str> {
        self.events.iter().filter_map(|event| match event {
            Event::Heard(heard) => Some(&*heard.text),
            _ => None,
        })
    }
}

/// Runs a session beside a server until both have ended. Where nothing happens, no time passes either.
pub(super) fn run<W>(
    session: impl AsyncFnOnce(Link) -> Result<(), Failure>,
    server: impl Future<Output = W>,
    posts: Vec<Post>,
) -> Session<W> {
    thread_local! {
        static RUNTIME: io::Result<Runtime> =
            Builder::new_current_thread().enable_time().start_paused(true).build();
    }
    let (events_in, mut events) = mpsc::channel(64);
    let (orders, orders_out) = mpsc::channel(16);
    let mut receipts = Vec::new();
    for post in posts {
        let (receipt, told) = oneshot::channel();
        receipts.push(told);
        assert!(orders.try_send(Order::Post { post, receipt }).is_ok(), "there is room for orders");
    }
    let link = Link::new(Login::Usual, events_in, orders_out);
    let seen = async {
        let mut all = Vec::new();
        while let Some(mut event) = events.recv().await {
            if let Event::Heard(heard) = &mut event {
                // It is taken.
                heard.taken = Taken::default();
            }
            all.push(event);
        }
        all
    };
    let server = async {
        let written = server.await;
        drop(orders);
        written
    };
    RUNTIME.with(|runtime| {
        let Ok(runtime) = runtime else { panic!("{runtime:?}") };
        let (end, written, events) = runtime.block_on(async { tokio::join!(session(link), server, seen) });
        Session { events, written, end }
    })
}

/// The table of a chat.
pub(super) fn options<const N: usize>(entries: [(&str, Value); N]) -> Options {
    let entries = entries.map(|(key, value)| (key.to_owned(), Item { value, line: 1 }));
    Options::new("chats.fuzz".into(), 1, entries.into())
}

pub(super) fn word(text: &str) -> Value {
    Value::Text(text.to_owned())
}

pub(super) fn words(texts: &[&str]) -> Value {
    Value::List(texts.iter().map(|text| Item { value: word(text), line: 1 }).collect())
}

/// Two posts: one to `first`, and one to `room` that names somebody who is called so.
pub(super) fn posts(first: &str, rest: &str, room: &str) -> Vec<Post> {
    let mut post = Post::plain(RoomId::new(first), rest, "1");
    let mut named = Post::plain(RoomId::new(room), rest, "2");
    let name = first.chars().take(40).collect();
    named.mention = Some(Mention { identity: Identity::Claimed(first.into()), name });
    (post.tone, named.tone) = (Tone::Bad, Tone::Good);
    vec![post, named]
}

/// What no one may see.
pub(super) const SECRET: &str = "hunter2hunter2";
