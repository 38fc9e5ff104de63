//! What is to be said: one order at a time, its lines at the allowed speed, then its receipt.
//!
//! Where the server echoes our messages, the echoes are the receipt. Elsewhere it is the answer to a PING that
//! follows the lines, because a server answers in order: errors about the lines have come before. One order
//! at a time keeps it certain to which order an error belongs.

use std::{collections::VecDeque, mem, time::Duration};

use fulmar_contract::{MessageId, Order, Post, Receipt, Undelivered};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use crate::throttle::Throttle;

/// Where what becomes of a post is told.
pub(crate) type Answer = oneshot::Sender<Result<Receipt, Undelivered>>;

/// The orders, and the one that is being carried out. Dropped, it says of each what is known of it.
pub(crate) struct Outbox {
    orders: mpsc::Receiver<Order>,
    asking: Option<Asking>,
    current: Option<Current>,
    throttle: Throttle,
    tokens: u64,
}

/// A post that waits until it is known who has a nick.
struct Asking {
    /// Folded.
    nick: String,
    account: String,
    post: Post,
    answer: Answer,
    since: Instant,
}

struct Current {
    /// Folded.
    target: String,
    unsent: VecDeque<String>,
    written: usize,
    proof: Proof,
    refused: Option<Undelivered>,
    settled: usize,
    id: Option<MessageId>,
    last_write: Instant,
    answer: Answer,
}

/// How the server confirms.
enum Proof {
    Echoes,
    /// The PONG with this token.
    Pong(String),
}

/// What there is to do.
#[expect(clippy::large_enum_variant, reason = "it is taken apart at once")]
pub(crate) enum Step {
    /// The orders are closed, and the last one has been carried out.
    Closed,
    /// Carry this out.
    Order(Order),
    /// A line may be written.
    Write,
}

impl Outbox {
    pub(crate) const fn new(orders: mpsc::Receiver<Order>, throttle: Throttle) -> Self {
        Self { orders, asking: None, current: None, throttle, tokens: 0 }
    }

    /// Waits until there is something to do. Loses nothing when it is dropped.
    pub(crate) async fn step(&mut self) -> Step {
        match &self.current {
            None if self.asking.is_some() => std::future::pending().await,
            None => self.orders.recv().await.map_or(Step::Closed, Step::Order),
            Some(current) if current.unsent.is_empty() => std::future::pending().await,
            Some(_) => {
                sleep_until(self.throttle.ready_at()).await;
                Step::Write
            }
        }
    }

    /// Holds `post` back, and every order after it, until it is known whether whoever has `nick`, folded, is logged in
    /// to `account`.
    pub(crate) fn ask(&mut self, nick: String, account: String, post: Post, answer: Answer, now: Instant) {
        self.asking = Some(Asking { nick, account, post, answer, since: now });
    }

    /// `nick` is logged in to `account`. Returns the post that waited for it.
    pub(crate) fn vouched(&mut self, nick: &str, account: &str) -> Option<(Post, Answer)> {
        let is_it = |asking: &mut Asking| asking.nick == nick && asking.account.eq_ignore_ascii_case(account);
        self.asking.take_if(is_it).map(|Asking { post, answer, .. }| (post, answer))
    }

    /// There is no more to be known of `nick`. Returns the account for which a post waited.
    pub(crate) fn unvouched(&mut self, nick: &str) -> Option<(String, Answer)> {
        let asking = self.asking.take_if(|asking| asking.nick == nick)?;
        Some((asking.account, asking.answer))
    }

    /// Begins to carry an order out: `lines` are to be written to `target`.
    pub(crate) fn begin(
        &mut self,
        target: String,
        lines: Vec<String>,
        answer: Answer,
        echoes: bool,
        now: Instant,
    ) {
        self.tokens += 1;
        let proof = if echoes { Proof::Echoes } else { Proof::Pong(format!("fulmar-{}", self.tokens)) };
        self.current = Some(Current {
            target,
            unsent: lines.into(),
            written: 0,
            proof,
            refused: None,
            settled: 0,
            id: None,
            last_write: now,
            answer,
        });
    }

    /// The lines that are to be written now: the next of the order, and a PING after the last.
    pub(crate) fn write(&mut self, now: Instant) -> Vec<String> {
        let Some(current) = &mut self.current else { return Vec::new() };
        let mut lines: Vec<String> = current.unsent.pop_front().into_iter().collect();
        current.written += lines.len();
        current.last_write = now;
        if let Proof::Pong(token) = &current.proof
            && current.unsent.is_empty()
        {
            lines.push(format!("PING :{token}"));
        }
        lines.iter().for_each(|_| self.throttle.spend(now));
        lines
    }

    /// Notes a line that is written without asking.
    pub(crate) fn spend(&mut self, now: Instant) {
        self.throttle.spend(now);
    }

    /// The server echoed a message of ours.
    pub(crate) fn echoed(&mut self, target: &str, id: Option<MessageId>) {
        self.settle(target, |current| current.id = current.id.take().or(id));
    }

    /// The server refused a line to `target`. Returns whether that was ours.
    pub(crate) fn refused(&mut self, target: &str, undelivered: Undelivered) -> bool {
        self.settle(target, |current| current.refused = Some(undelivered))
    }

    /// The server answered the PING with `token`.
    pub(crate) fn answered(&mut self, token: &str) {
        let is_ours = |current: &mut Current| matches!(&current.proof, Proof::Pong(ours) if ours == token);
        if let Some(current) = self.current.take_if(is_ours) {
            current.finish();
        }
    }

    /// The folded target of the order that is being carried out.
    pub(crate) fn target(&self) -> Option<String> {
        self.current.as_ref().map(|current| current.target.clone())
    }

    /// Gives up an order that is not confirmed in time.
    pub(crate) fn give_up(&mut self, now: Instant) {
        let unanswered = |asking: &mut Asking| now.duration_since(asking.since) >= CONFIRMATION;
        if let Some(Asking { nick, answer, .. }) = self.asking.take_if(unanswered) {
            let why = format!("the server did not say who {nick} is");
            tell(answer, Err(Undelivered::Later { after: None, why }));
        }
        let overdue = |current: &mut Current| {
            current.unsent.is_empty() && now.duration_since(current.last_write) >= CONFIRMATION
        };
        if let Some(current) = self.current.take_if(overdue) {
            current.abandon("the server did not confirm it");
        }
    }

    fn settle(&mut self, target: &str, note: impl FnOnce(&mut Current)) -> bool {
        let Some(current) = self.current.as_mut().filter(|current| current.target == target) else {
            return false;
        };
        note(current);
        current.settled += 1;
        let is_whole = current.unsent.is_empty() && current.settled >= current.written;
        if is_whole
            && matches!(current.proof, Proof::Echoes)
            && let Some(current) = self.current.take()
        {
            current.finish();
        }
        true
    }
}

impl Current {
    fn finish(self) {
        tell(self.answer, self.refused.map_or(Ok(Receipt { id: self.id }), Err));
    }

    fn abandon(self, why: &str) {
        let why = why.to_owned();
        let later = Undelivered::Later { after: None, why: why.clone() };
        let unknown = Undelivered::Unknown { why };
        tell(self.answer, Err(self.refused.unwrap_or(if self.written == 0 { later } else { unknown })));
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let why = "the session ended";
        if let Some(current) = mem::take(&mut self.current) {
            current.abandon(why);
        }
        let later = || Err(Undelivered::Later { after: None, why: why.into() });
        if let Some(asking) = mem::take(&mut self.asking) {
            tell(asking.answer, later());
        }
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            match order {
                Order::Join { done, .. } | Order::Leave { done, .. } => drop(done.send(Err(why.into()))),
                Order::Post { receipt, .. } => tell(receipt, later()),
            }
        }
    }
}

/// Tells what became of an order, to somebody who may have stopped listening.
pub(crate) fn tell(answer: Answer, outcome: Result<Receipt, Undelivered>) {
    drop(answer.send(outcome));
}

/// How long the server may take to confirm: longer than any honest delay of a server that slows us down.
const CONFIRMATION: Duration = Duration::from_secs(60);
