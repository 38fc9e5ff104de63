//! A running session, as the gateway would hold it.

use std::{
    future::Future,
    time::{Duration, SystemTime},
};

use fulmar_contract::{
    Backend, Done, Event, Failure, Heard, Link, Login, MessageId, Offered, Order, Post, Reaction, Receipt, RoomId,
    Sender, Taken, Undelivered,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};

/// How long a law waits for what must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Awaits `future`.
///
/// # Panics
/// After [`PATIENCE`], naming what was awaited.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long for {what}"),
    }
}

/// A running session. Dropping it drops the session's future.
///
/// Its methods wait for what they name and panic when it does not come.
#[derive(Debug)]
pub struct Session {
    events: mpsc::Receiver<Event>,
    orders: Option<mpsc::Sender<Order>>,
    task: JoinHandle<Result<(), Failure>>,
    posted: usize,
}

impl Session {
    /// Starts a session of `backend`.
    pub fn start(backend: &dyn Backend) -> Self {
        Self::linked(backend, |_| {})
    }

    /// Starts a session of `backend` that may have missed what was said since then.
    pub fn since(backend: &dyn Backend, since: SystemTime) -> Self {
        Self::linked(backend, |link| link.since = Some(since))
    }

    /// Starts a session of `backend` with a link of which `adjust` makes what it likes.
    pub fn linked(backend: &dyn Backend, adjust: impl FnOnce(&mut Link)) -> Self {
        let (events_in, events) = mpsc::channel(1024);
        let (orders, orders_out) = mpsc::channel(64);
        let mut link = Link::new(Login::Usual, events_in, orders_out);
        adjust(&mut link);
        Self { events, orders: Some(orders), task: tokio::spawn(backend.run(link)), posted: 0 }
    }

    /// Starts a session and waits until it is online and has joined `room`.
    pub async fn in_room(backend: &dyn Backend, room: &RoomId) -> (Self, Sender) {
        let mut session = Self::start(backend);
        let me = session.online().await;
        session.joined(room).await;
        (session, me)
    }

    /// The next event.
    pub async fn event(&mut self) -> Event {
        let Some(event) = within("an event", self.events.recv()).await else {
            panic!("the session ended: {:?}", (&mut self.task).await);
        };
        event
    }

    /// The first event, which must be [`Event::Online`].
    pub async fn online(&mut self) -> Sender {
        let first = self.event().await;
        let Event::Online { me, .. } = first else { panic!("expected to be online first, got {first:?}") };
        me
    }

    /// Who we are, or nothing if the session ends before it is online.
    pub async fn first(&mut self) -> Option<Sender> {
        match within("the session to be online or over", self.events.recv()).await? {
            Event::Online { me, .. } => Some(me),
            first => panic!("expected to be online first, got {first:?}"),
        }
    }

    /// Waits until `room` is joined.
    pub async fn joined(&mut self, room: &RoomId) {
        while self.event().await != Event::Joined(room.clone()) {}
    }

    /// Waits until `room` is parted from.
    pub async fn parted(&mut self, room: &RoomId) {
        while self.event().await != Event::Parted(room.clone()) {}
    }

    /// Waits until `room` is left, and returns why.
    pub async fn left(&mut self, room: &RoomId) -> String {
        loop {
            if let Event::Left { room: left, why } = self.event().await
                && left == *room
            {
                return why;
            }
        }
    }

    /// The next message heard, and taken at once: a network may say nothing more before that.
    pub async fn heard(&mut self) -> Heard {
        loop {
            if let Event::Heard(heard) = self.event().await {
                return Heard { taken: Taken::default(), ..heard };
            }
        }
    }

    /// The next reaction.
    pub async fn reacted(&mut self) -> Reaction {
        loop {
            if let Event::Reacted(reaction) = self.event().await {
                return reaction;
            }
        }
    }

    /// Orders a post of `text` and returns where its receipt will come.
    pub async fn order(&mut self, room: &RoomId, text: &str) -> oneshot::Receiver<Result<Receipt, Undelivered>> {
        self.posted += 1;
        self.order_post(Post::plain(room.clone(), text, format!("key-{}", self.posted))).await
    }

    /// Orders `post` and returns where its receipt will come.
    pub async fn order_post(&mut self, post: Post) -> oneshot::Receiver<Result<Receipt, Undelivered>> {
        let (receipt, answer) = oneshot::channel();
        self.give(Order::Post { post, receipt }).await;
        answer
    }

    /// Posts `text` and waits for what becomes of it.
    pub async fn post(&mut self, room: &RoomId, text: &str) -> Result<Receipt, Undelivered> {
        let answer = self.order(room, text).await;
        receipt(answer).await
    }

    /// Posts and waits for what becomes of it.
    pub async fn write(&mut self, post: Post) -> Result<Receipt, Undelivered> {
        let answer = self.order_post(post).await;
        receipt(answer).await
    }

    /// Orders that `text` stand in the place of `message`, and waits for what becomes of it.
    pub async fn edit(&mut self, room: &RoomId, message: &MessageId, text: &str) -> Result<Receipt, Undelivered> {
        self.posted += 1;
        let post = Post::plain(room.clone(), text, format!("key-{}", self.posted));
        let (tell, answer) = oneshot::channel();
        self.give(Order::Edit { message: message.clone(), post, receipt: tell }).await;
        receipt(answer).await
    }

    /// Orders that `room` be joined, and waits for what becomes of it.
    pub async fn join(&mut self, room: &RoomId) -> Result<(), String> {
        self.carry_out(|done| Order::Join { room: room.clone(), key: None, done }).await
    }

    /// Orders that `room` be left, and waits for what becomes of it.
    pub async fn part(&mut self, room: &RoomId) -> Result<(), String> {
        self.carry_out(|done| Order::Leave { room: room.clone(), done }).await
    }

    /// Orders a reaction, and waits for what becomes of it.
    pub async fn react(&mut self, room: &RoomId, message: &MessageId, emoji: Option<&str>) -> Result<(), String> {
        let (room, message, emoji) = (room.clone(), message.clone(), emoji.map(str::to_owned));
        self.carry_out(|done| Order::React { room, message, emoji, done }).await
    }

    /// Orders that commands with these words be offered, and waits for what becomes of it.
    pub async fn offer(&mut self, words: &[&str]) -> Result<(), String> {
        let offered = |word: &&str| Offered { word: (*word).to_owned(), summary: format!("What {word} does") };
        let commands = words.iter().map(offered).collect();
        self.carry_out(|done| Order::Offer { commands, done }).await
    }

    async fn carry_out(&self, order: impl FnOnce(Done) -> Order) -> Result<(), String> {
        let (done, told) = oneshot::channel();
        self.give(order(done)).await;
        within("an order to be carried out", told).await.unwrap_or_else(|_| Err("the answer was dropped".into()))
    }

    async fn give(&self, order: Order) {
        let Some(orders) = &self.orders else { panic!("the orders are closed") };
        let sent = within("the session to take an order", orders.send(order)).await;
        assert!(sent.is_ok(), "the session takes no orders");
    }

    /// Closes the orders and returns how the session ended.
    pub async fn leave(mut self) -> Result<(), Failure> {
        self.orders = None;
        self.ended().await
    }

    /// Waits for the session to end by itself, having reported nothing at all.
    pub async fn ended_unheard(mut self) -> Result<(), Failure> {
        let event = within("the session to end", self.events.recv()).await;
        assert_eq!(event, None, "nothing was to be reported");
        self.ended().await
    }

    /// Waits for the session to end by itself, without closing the orders.
    pub async fn ended(mut self) -> Result<(), Failure> {
        while within("the session to end", self.events.recv()).await.is_some() {}
        match within("the session to end", &mut self.task).await {
            Ok(end) => end,
            Err(error) => panic!("the session panicked: {error}"),
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits for a receipt.
pub(crate) async fn receipt(
    answer: oneshot::Receiver<Result<Receipt, Undelivered>>,
) -> Result<Receipt, Undelivered> {
    within("a receipt", answer)
        .await
        .unwrap_or_else(|_| Err(Undelivered::Unknown { why: "the receipt was dropped".into() }))
}
