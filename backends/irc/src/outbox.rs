//! What is to be said: post after post, its lines at the allowed speed, then its receipt.
//!
//! Where the server echoes our messages, the echoes are the receipt. Elsewhere it is the answer to a PING that
//! follows the lines. The next post does not wait for that: a server answers in order, so an error belongs to the
//! oldest post to its target that has no receipt yet.

use std::{collections::VecDeque, future::pending, mem, time::Duration};

use fulmar_contract::{MessageId, Order, Post, Receipt, Undelivered};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use crate::{parked::Parked, throttle::Throttle};

/// Where what becomes of a post is told.
pub(crate) type Answer = oneshot::Sender<Result<Receipt, Undelivered>>;

/// The orders, and the posts that are under way. Dropped, it says of each what is known of it.
pub(crate) struct Outbox {
    orders: mpsc::Receiver<Order>,
    asking: Option<Asking>,
    parked: Parked,
    /// Oldest first. Only the last one has lines that are not written yet.
    under_way: VecDeque<UnderWay>,
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

/// A post of which lines are to be written or confirmed.
struct UnderWay {
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
    /// The orders are closed, and all have been carried out.
    Closed,
    /// Carry this out.
    Order(Order),
    /// Lines may be written.
    Write,
}

impl Outbox {
    pub(crate) fn new(orders: mpsc::Receiver<Order>, throttle: Throttle) -> Self {
        Self { orders, asking: None, parked: Parked::default(), under_way: VecDeque::new(), throttle, tokens: 0 }
    }

    /// Waits until there is something to do. Loses nothing when it is dropped.
    pub(crate) async fn step(&mut self) -> Step {
        if self.under_way.back().is_some_and(|post| !post.unsent.is_empty()) {
            let ready_at = self.throttle.ready_at();
            // A timer that is due would still cost a millisecond.
            if ready_at > Instant::now() {
                sleep_until(ready_at).await;
            }
            return Step::Write;
        }
        if self.asking.is_some() || self.under_way.len() >= MOST {
            return pending().await;
        }
        if let Some(order) = self.parked.next() {
            return Step::Order(order);
        }
        match self.orders.recv().await {
            Some(order) => Step::Order(order),
            None if self.under_way.is_empty() => Step::Closed,
            None => pending().await,
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

    /// The posts to rooms in which we are not yet.
    pub(crate) const fn parked(&mut self) -> &mut Parked {
        &mut self.parked
    }

    /// Begins with a post: `lines` are to be written to `target`.
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
        self.under_way.push_back(UnderWay {
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

    /// The lines that may be written now, and a PING after the last of a post.
    ///
    /// Servers count a PING like any line (solanum's `packet.c`, ngircd's `conn.c`). While another one is unanswered, so
    /// do we. Otherwise the server has read all that was written before this post: at most a burst and this PING wait in its
    /// queue, which has room for more (20 lines, by solanum's `client_flood_max_lines`).
    pub(crate) fn write(&mut self, now: Instant) -> Vec<String> {
        let is_read = self.under_way.len() <= 1;
        let Some(post) = self.under_way.back_mut() else { return Vec::new() };
        let mut lines = Vec::new();
        while self.throttle.ready_at() <= now
            && let Some(line) = post.unsent.pop_front()
        {
            self.throttle.spend(now);
            lines.push(line);
        }
        post.written += lines.len();
        post.last_write = now;
        if let Proof::Pong(token) = &post.proof
            && post.unsent.is_empty()
        {
            if !is_read {
                self.throttle.spend(now);
            }
            lines.push(format!("PING :{token}"));
        }
        lines
    }

    /// Notes a line that is written without asking.
    pub(crate) fn spend(&mut self, now: Instant) {
        self.throttle.spend(now);
    }

    /// The server echoed a message of ours.
    pub(crate) fn echoed(&mut self, target: &str, id: Option<MessageId>) {
        self.settle(target, |post| post.id = post.id.take().or(id));
    }

    /// The server refused a line to `target`. Returns whether that was ours.
    pub(crate) fn refused(&mut self, target: &str, undelivered: Undelivered) -> bool {
        self.settle(target, |post| post.refused = Some(undelivered))
    }

    /// The server answered the PING with `token`.
    pub(crate) fn answered(&mut self, token: &str) {
        let is_it = |post: &UnderWay| matches!(&post.proof, Proof::Pong(ours) if ours == token);
        self.take(is_it).map(UnderWay::finish).unwrap_or_default();
    }

    /// The folded target of the oldest post that is under way.
    pub(crate) fn target(&self) -> Option<String> {
        self.under_way.front().map(|post| post.target.clone())
    }

    /// Gives up what is not confirmed in time.
    pub(crate) fn give_up(&mut self, now: Instant) {
        let unanswered = |asking: &mut Asking| now.duration_since(asking.since) >= CONFIRMATION;
        if let Some(Asking { nick, answer, .. }) = self.asking.take_if(unanswered) {
            let why = format!("the server did not say who {nick} is");
            tell(answer, Err(Undelivered::Later { after: None, why }));
        }
        let overdue =
            |post: &UnderWay| post.unsent.is_empty() && now.duration_since(post.last_write) >= CONFIRMATION;
        while let Some(post) = self.take(overdue) {
            post.abandon("the server did not confirm it");
        }
    }

    fn settle(&mut self, target: &str, note: impl FnOnce(&mut UnderWay)) -> bool {
        let Some(at) = self.under_way.iter().position(|post| post.target == target) else { return false };
        let Some(post) = self.under_way.get_mut(at) else { return false };
        note(post);
        post.settled += 1;
        let is_whole = post.unsent.is_empty() && post.settled >= post.written;
        if is_whole && matches!(post.proof, Proof::Echoes) {
            self.under_way.remove(at).map(UnderWay::finish).unwrap_or_default();
        }
        true
    }

    /// Takes the oldest post that is as it should be.
    fn take(&mut self, is_it: impl Fn(&UnderWay) -> bool) -> Option<UnderWay> {
        let at = self.under_way.iter().position(is_it)?;
        self.under_way.remove(at)
    }
}

impl UnderWay {
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
        for post in mem::take(&mut self.under_way) {
            post.abandon(why);
        }
        if let Some(asking) = mem::take(&mut self.asking) {
            tell(asking.answer, Err(Undelivered::Later { after: None, why: why.into() }));
        }
        Order::put_off_all(&mut self.orders, why);
    }
}

/// Tells what became of an order, to somebody who may have stopped listening.
pub(crate) fn tell(answer: Answer, outcome: Result<Receipt, Undelivered>) {
    drop(answer.send(outcome));
}

/// How many posts may be under way.
const MOST: usize = 64;

/// How long the server may take to confirm: longer than any honest delay of a server that slows us down.
const CONFIRMATION: Duration = Duration::from_secs(60);
