//! What is to be said, and what has been said and is not confirmed.
//!
//! A message to a room is confirmed when the room shows it to us, and is called what the room calls it. Everything else is
//! confirmed when the server says that it has taken it.

use std::{collections::VecDeque, future::pending, mem, time::Duration};

use fulmar_contract::{Done, MessageId, Order, Receipt, Undelivered};
use jid::BareJid;
use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::{id::Names, inbound::Fault};

/// Where what becomes of a post is told.
pub(crate) type Answer = oneshot::Sender<Result<Receipt, Undelivered>>;

/// The orders, and what is under way. Dropped, it says of each what is known of it.
pub(crate) struct Outbox {
    orders: mpsc::Receiver<Order>,
    /// Oldest first.
    under_way: VecDeque<UnderWay>,
    /// Whether a file is on its way, which nothing overtakes.
    pub(crate) is_busy: bool,
}

/// A message that was sent.
pub(crate) struct UnderWay {
    /// Its own name.
    pub(crate) id: String,
    pub(crate) proof: Proof,
    pub(crate) asker: Asker,
    pub(crate) since: Instant,
}

/// How it is confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// By this room.
    Shown(BareJid),
    /// By the server, when it has taken so many stanzas.
    Taken(u32),
}

/// Who waits for that.
pub(crate) enum Asker {
    /// Of an edit, for the message that is edited.
    Edit {
        message: MessageId,
        answer: Answer,
    },
    Post(Answer),
    Reaction(Done),
}

/// What there is to do.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub(crate) enum Step {
    /// The orders are closed, and all have been carried out.
    Closed,
    /// Carry this out.
    Order(Order),
}

impl Outbox {
    pub(crate) const fn new(orders: mpsc::Receiver<Order>) -> Self {
        Self { orders, under_way: VecDeque::new(), is_busy: false }
    }

    /// Waits until there is something to do. Loses nothing when it is dropped.
    pub(crate) async fn step(&mut self) -> Step {
        if self.is_busy || self.under_way.len() >= MOST {
            return pending().await;
        }
        match self.orders.recv().await {
            Some(order) => Step::Order(order),
            None if self.under_way.is_empty() => Step::Closed,
            None => pending().await,
        }
    }

    /// Something was sent.
    pub(crate) fn begin(&mut self, sent: UnderWay) {
        self.under_way.push_back(sent);
    }

    /// The server has taken so many stanzas. Returns the names of the posts among them.
    pub(crate) fn taken(&mut self, number: u32) -> Vec<MessageId> {
        let is_taken = |sent: &UnderWay| matches!(sent.proof, Proof::Taken(of) if of <= number);
        let mut posts = Vec::new();
        while let Some(sent) = self.take(is_taken) {
            let names = Names { stable: sent.id.clone(), own: None };
            posts.extend(sent.confirm(&names));
        }
        posts
    }

    /// `room` showed us a message of ours. Returns its name, if it is a post.
    pub(crate) fn shown(&mut self, room: &BareJid, names: &Names) -> Option<MessageId> {
        let is_it = |sent: &UnderWay| {
            sent.id == names.own() && matches!(&sent.proof, Proof::Shown(there) if there == room)
        };
        self.take(is_it)?.confirm(names)
    }

    /// What is called `id` did not arrive. Returns whether that was ours.
    pub(crate) fn bounced(&mut self, id: &str, fault: &Fault) -> bool {
        let Some(sent) = self.take(|sent| sent.id == id) else { return false };
        sent.fail(fault.undelivered());
        true
    }

    /// Gives up what is not confirmed in time.
    pub(crate) fn give_up(&mut self, now: Instant) {
        let overdue = |sent: &UnderWay| now.duration_since(sent.since) >= CONFIRMATION;
        while let Some(sent) = self.take(overdue) {
            sent.fail(Undelivered::Unknown { why: "it was not confirmed".into() });
        }
    }

    /// Takes the oldest that is as it should be.
    fn take(&mut self, is_it: impl Fn(&UnderWay) -> bool) -> Option<UnderWay> {
        let at = self.under_way.iter().position(is_it)?;
        self.under_way.remove(at)
    }
}

impl UnderWay {
    /// Says that it is out, and returns what it is called from now on, if that is new.
    fn confirm(self, names: &Names) -> Option<MessageId> {
        match self.asker {
            Asker::Edit { message, answer } => {
                tell(answer, Ok(Receipt { id: Some(message) }));
                None
            }
            Asker::Post(answer) => {
                let id = names.id();
                tell(answer, Ok(Receipt { id: Some(id.clone()) }));
                Some(id)
            }
            Asker::Reaction(done) => {
                drop(done.send(Ok(())));
                None
            }
        }
    }

    fn fail(self, fate: Undelivered) {
        match self.asker {
            Asker::Edit { answer, .. } | Asker::Post(answer) => tell(answer, Err(fate)),
            Asker::Reaction(done) => drop(done.send(Err(fate.why().to_owned()))),
        }
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let why = "the session ended";
        for sent in mem::take(&mut self.under_way) {
            sent.fail(Undelivered::Unknown { why: why.into() });
        }
        Order::put_off_all(&mut self.orders, why);
    }
}

/// Tells what became of an order, to somebody who may have stopped listening.
pub(crate) fn tell(answer: Answer, outcome: Result<Receipt, Undelivered>) {
    drop(answer.send(outcome));
}

/// How many messages may be under way.
const MOST: usize = 64;
/// How long a confirmation may take: longer than any honest delay of a server that slows us down.
const CONFIRMATION: Duration = Duration::from_secs(60);
