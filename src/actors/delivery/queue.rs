//! What is to be said in one room, in order. Pure.

use std::{collections::VecDeque, time::Duration};

use fulmar_contract::{Post, Undelivered};

use super::item::Item;
use crate::{
    journal::{DeliveryId, DeliveryState},
    supervise::Backoff,
};

/// The queue of one room. No post goes before one that stands before it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    attempt: u32,
    /// Whether a post is to go once more: nothing goes before it any more, and it goes when nothing else is out.
    failed: bool,
    /// What the room is about.
    pub(super) now: Now,
    /// Counts the waits, so that one that was cut short is not ended twice.
    pub(super) waits: u64,
}

/// What a room is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Now {
    /// Nothing: the next posts may go.
    #[default]
    Free,
    /// The next posts go as soon as the Journal knows of it.
    Noting,
    /// Waiting before another try.
    Waiting,
}

/// Posts whose turn it is.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// How far their deliveries will have come when they go.
    pub(super) states: Vec<(DeliveryId, DeliveryState)>,
    /// In order, each with its delivery and its number in that.
    pub(super) posts: Vec<(DeliveryId, usize, Post)>,
}

/// What follows from the fate of a post.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The delivery is finished; go on.
    Delivered(DeliveryId),
    /// It will not be said; go on.
    Dead(DeliveryId, String),
    /// Go on.
    GoOn,
    /// Wait, then try again.
    Wait(Duration, String),
}

impl Queue {
    pub(super) fn push(&mut self, item: Item) {
        self.items.push_back(item);
    }

    /// Whether a post is to go once more before any other may.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Sends out the posts whose turn it is, as long as there are no more than `window` out. Nothing goes that the
    /// Journal has not, except of `saying`, which it is about to have.
    pub(super) fn send(&mut self, window: usize, saying: Option<DeliveryId>) -> Batch {
        let mut batch = Batch::default();
        let out: usize = self.items.iter().map(Item::out).sum();
        if self.failed && out > 0 {
            return batch;
        }
        self.failed = false;
        let mut free = window.max(1).saturating_sub(out);
        for item in &mut self.items {
            if !item.kept && saying != Some(item.id) || free == 0 && item.is_untouched() {
                break;
            }
            let posts = item.send(free);
            free -= posts.len();
            batch.states.extend(item.news().map(|state| (item.id, state)));
            batch.posts.extend(posts.into_iter().map(|(number, post)| (item.id, number, post)));
        }
        batch
    }

    /// Whether a delivery is to be made here.
    pub(super) fn has(&self, id: DeliveryId) -> bool {
        self.items.iter().any(|item| item.id == id)
    }

    /// The Journal has a delivery.
    pub(super) fn is_kept(&mut self, id: DeliveryId) {
        if let Some(item) = self.item(id) {
            item.kept = true;
        }
    }

    /// A delivery is not to be made after all.
    pub(super) fn remove(&mut self, id: DeliveryId) {
        self.items.retain(|item| item.id != id);
    }

    /// What the Journal does not know yet.
    pub(super) fn news(&mut self) -> Vec<(DeliveryId, DeliveryState)> {
        let news = |item: &mut Item| item.news().map(|state| (item.id, state));
        self.items.iter_mut().filter_map(news).collect()
    }

    /// Takes back what was not sent after all, since something has failed meanwhile.
    pub(super) fn take_back(&mut self, batch: &Batch) {
        for (id, number, _) in &batch.posts {
            if let Some(slot) = self.item(*id).and_then(|item| item.slot(*number)) {
                slot.is_unsent();
            }
        }
    }

    /// Takes in the fate of a post. `jitter` is from 0 to 1.
    pub(super) fn settle(
        &mut self,
        (id, number): (DeliveryId, usize),
        fate: Result<(), Undelivered>,
        backoff: Backoff,
        jitter: f64,
    ) -> Option<Next> {
        let item = self.item(id)?;
        let (after, why) = match fate {
            Ok(()) => {
                item.slot(number)?.is_sent();
                let done = item.is_done();
                self.attempt = 0;
                return Some(if done { self.end(id, Next::Delivered(id)) } else { Next::GoOn });
            }
            Err(Undelivered::Refused { why }) => {
                let slot = item.slot(number)?;
                if !slot.take_colour_off() {
                    return Some(self.end(id, Next::Dead(id, why)));
                }
                slot.is_unsent();
                self.failed = true;
                return Some(Next::GoOn);
            }
            Err(Undelivered::Unknown { why }) if item.doubt(number) > UNCONFIRMED => {
                return Some(self.end(id, Next::Dead(id, why)));
            }
            Err(Undelivered::Unknown { why }) => (None, why),
            Err(Undelivered::Later { after, why }) => {
                item.slot(number)?.is_unsent();
                (after, why)
            }
        };
        // What fails together is waited for once.
        if std::mem::replace(&mut self.failed, true) {
            return Some(Next::GoOn);
        }
        let after = after.map(|after| after.clamp(SHORTEST, LONGEST));
        let after = after.unwrap_or_else(|| backoff.wait(self.attempt, jitter));
        self.attempt = self.attempt.saturating_add(1);
        Some(Next::Wait(after, why))
    }

    /// Ends a delivery; what of it is out has no fate any more.
    fn end(&mut self, id: DeliveryId, how: Next) -> Next {
        self.remove(id);
        how
    }

    fn item(&mut self, id: DeliveryId) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| item.id == id)
    }
}

/// How often an unconfirmed post is repeated.
const UNCONFIRMED: u32 = 3;

/// The shortest wait that a network can ask for.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest wait that a network can ask for.
const LONGEST: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
