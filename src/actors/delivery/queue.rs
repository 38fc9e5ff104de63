//! What is to be said in one room, in order. Pure.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use fulmar_contract::{Post, Undelivered};
use tokio::time::Instant;

use super::{
    item::{Again, Item, Slot},
    items::Items,
    load::Load,
};
use crate::{
    journal::{CommandId, Delivery, DeliveryId, DeliveryState},
    supervise::Backoff,
};

/// The queue of one room. No post goes before one that stands before it.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: Items,
    attempt: u32,
    /// Whether a post is to go once more: nothing goes before it any more, and it goes when nothing else is out.
    failed: bool,
    /// What is put off again and again: something else goes before it, to see whether the room is at fault.
    stuck: Option<DeliveryId>,
    /// Whether anything was put off so often that others were tried in its place.
    is_tried: bool,
    /// Why the network put off what it put off last.
    why: String,
    /// What is still to be cut, in order.
    uncut: VecDeque<DeliveryId>,
    /// Whether something of it is being cut.
    cutting: bool,
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

/// A delivery that waits while others go, and its command: what else belongs to that waits with it.
#[derive(Clone, Copy, Debug)]
struct Aside(DeliveryId, Option<CommandId>);

impl Aside {
    fn holds_back(self, item: &Item) -> bool {
        item.id == self.0 || (self.1.is_some() && item.command == self.1)
    }
}

impl Queue {
    pub(super) fn push(&mut self, item: Item) {
        self.uncut.extend(item.text().map(|delivery| delivery.id));
        self.items.push(item);
    }

    /// Takes out the first delivery if it has waited for too long, and says why it had to wait.
    pub(super) fn overdue(&mut self, now: Instant) -> Option<(DeliveryId, String)> {
        let first = self.items.first().filter(|first| first.kept && first.out() == 0)?;
        let id = first.until.is_some_and(|until| now >= until).then_some(first.id)?;
        self.remove(id);
        Some((id, self.why.clone()))
    }

    /// The chat, or the room, has come back: whatever was put off, that was why. Returns whether the room's wait may be
    /// cut short; what is suspected of ending sessions does not go together with all else that waited in the chat.
    pub(super) fn is_back(&mut self) -> bool {
        (self.stuck, self.is_tried) = (None, false);
        self.items.change_all(|item| (item.put_off, item.passed) = (0, 0));
        !self.items.first().is_some_and(Item::is_suspect)
    }

    /// Whether a post is to go once more before any other may.
    pub(super) const fn has_failed(&self) -> bool {
        self.failed
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn load(&self) -> Load {
        self.items.load()
    }

    /// Sends out the posts whose turn it is, as long as there are no more than `window` out. Nothing goes that the
    /// Journal has not, except of `saying`, which it is about to have.
    pub(super) fn send(&mut self, window: usize, saying: Option<DeliveryId>) -> Batch {
        let mut batch = Batch::default();
        let out = self.items.out();
        if self.failed && out > 0 {
            return batch;
        }
        let aside = self.aside();
        let goes = |item: &Item| !aside.is_some_and(|aside| aside.holds_back(item));
        let is_suspect = self.items.iter().find(|item| goes(item)).is_some_and(Item::is_suspect);
        // What may be what ends the sessions takes nothing with it.
        if is_suspect && out > 0 {
            return batch;
        }
        let mut free = if is_suspect { 1 } else { window.max(1).saturating_sub(out) };
        self.failed = false;
        self.items.change_while(|item| {
            if !goes(item) {
                return true;
            }
            let is_here = item.text().is_none() && (item.kept || saying == Some(item.id));
            if !is_here || free == 0 && item.is_untouched() {
                return false;
            }
            let posts = item.send(free);
            free -= posts.len();
            batch.states.extend(item.news().map(|state| (item.id, state)));
            batch.posts.extend(posts.into_iter().map(|(number, post)| (item.id, number, post)));
            true
        });
        batch
    }

    /// What is to be cut next, one after the other; the Journal has it.
    pub(super) fn cut_next(&mut self) -> Option<Arc<Delivery>> {
        while let Some(id) = self.uncut.front().filter(|_| !self.cutting) {
            let next = self.items.find(*id);
            if next.is_some_and(|item| !item.kept) {
                return None;
            }
            let text = next.and_then(Item::text).cloned();
            self.uncut.pop_front();
            if text.is_some() {
                self.cutting = true;
                return text;
            }
        }
        None
    }

    /// What was to be cut has become these posts, or cannot be cut. Returns its end, if that is it.
    pub(super) fn is_cut(&mut self, id: DeliveryId, posts: Result<Vec<Post>, String>) -> Option<Next> {
        self.cutting = false;
        let cut = |item: &mut Item| {
            item.is_cut(posts?).map_err(|recut| recut.to_string())?;
            Ok(item.is_done())
        };
        match self.items.change(id, cut)? {
            Ok(false) => None,
            Ok(true) => Some(self.end(id, Next::Delivered(id))),
            Err(why) => Some(self.end(id, Next::Dead(id, why))),
        }
    }

    /// Whether a delivery is to be made here.
    pub(super) fn has(&self, id: DeliveryId) -> bool {
        self.items.find(id).is_some()
    }

    /// The Journal has a delivery.
    pub(super) fn is_kept(&mut self, id: DeliveryId) {
        self.items.change(id, |item| item.kept = true);
    }

    /// A delivery is not to be made after all.
    pub(super) fn remove(&mut self, id: DeliveryId) {
        self.items.remove(id);
    }

    /// What the Journal does not know yet.
    pub(super) fn news(&mut self) -> Vec<(DeliveryId, DeliveryState)> {
        let mut news = Vec::new();
        self.items.change_all(|item| news.extend(item.news().map(|state| (item.id, state))));
        news
    }

    /// Takes back what was not sent after all, since something has failed meanwhile.
    pub(super) fn take_back(&mut self, batch: &Batch) {
        for (id, number, _) in &batch.posts {
            self.items.change(*id, |item| item.slot(*number).map(Slot::is_unsent));
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
        let (after, why) = match fate {
            Ok(()) => return self.taken(id, number),
            Err(Undelivered::Refused { why }) => return self.refused(id, number, why),
            Err(Undelivered::Unknown { why }) => (None, self.doubt(id, number, why)?),
            Err(Undelivered::Later { after, why }) => (after, self.put_off(id, number, why)?),
        };
        let why = match why {
            Ok(why) => why,
            Err(why) => return Some(self.end(id, Next::Dead(id, why))),
        };
        self.why.clone_from(&why);
        // What fails together is waited for once.
        if std::mem::replace(&mut self.failed, true) {
            return Some(Next::GoOn);
        }
        let after = after.map(|after| after.clamp(SHORTEST, LONGEST));
        let after = after.unwrap_or_else(|| backoff.wait(self.attempt, jitter));
        self.attempt = self.attempt.saturating_add(1);
        Some(Next::Wait(after, why))
    }

    /// The network has a post: it is not the room that puts off the others.
    fn taken(&mut self, id: DeliveryId, number: usize) -> Option<Next> {
        let is_done = self.items.change(id, |item| {
            item.slot(number)?.is_sent();
            (item.put_off, item.passed) = (0, 0);
            Some(item.is_done())
        })??;
        (self.attempt, self.stuck) = (0, None);
        if self.is_tried {
            self.count_passed();
        }
        Some(if is_done { self.end(id, Next::Delivered(id)) } else { Next::GoOn })
    }

    /// The network took another while it puts some off.
    fn count_passed(&mut self) {
        self.is_tried = false;
        let is_tried = &mut self.is_tried;
        self.items.change_all(|item| {
            if item.put_off >= PATIENCE {
                item.passed += 1;
                *is_tried = true;
            }
        });
    }

    /// The network does not take a post as it is.
    fn refused(&mut self, id: DeliveryId, number: usize, why: String) -> Option<Next> {
        let was_marked = self.items.change(id, |item| {
            let slot = item.slot(number)?;
            slot.is_unsent();
            Some(slot.take_marks_off())
        })??;
        if !was_marked {
            return Some(self.end(id, Next::Dead(id, why)));
        }
        self.failed = true;
        Some(Next::GoOn)
    }

    /// A post may be out or not. Why it goes once more, or why it is given up.
    fn doubt(&mut self, id: DeliveryId, number: usize, why: String) -> Option<Result<String, String>> {
        self.items.change(id, |item| {
            if item.again == Again::Never {
                return Err(format!("{NOT_REPEATED}: {why}"));
            }
            if item.doubt(number) > UNCONFIRMED {
                return Err(format!("sent {} times and never confirmed: {why}", UNCONFIRMED + 1));
            }
            Ok(why)
        })
    }

    /// A post is to go later. Why it goes once more, or why it is given up.
    fn put_off(&mut self, id: DeliveryId, number: usize, why: String) -> Option<Result<String, String>> {
        let (put_off, passed) = self.items.change(id, |item| {
            item.slot(number)?.is_unsent();
            item.put_off = item.put_off.saturating_add(1);
            Some((item.put_off, item.passed))
        })??;
        if passed >= PASSED {
            return Some(Err(format!("put off {put_off} times while others were taken: {why}")));
        }
        self.is_tried |= put_off >= PATIENCE;
        self.stuck = (put_off >= PATIENCE && self.stuck != Some(id)).then_some(id);
        Some(Ok(why))
    }

    /// What lets something else go before it, if there is something else.
    fn aside(&self) -> Option<Aside> {
        let stuck = self.items.find(self.stuck?)?;
        let aside = Aside(stuck.id, stuck.command);
        self.items.iter().any(|item| item.kept && !aside.holds_back(item)).then_some(aside)
    }

    /// Ends a delivery; what of it is out has no fate any more.
    fn end(&mut self, id: DeliveryId, how: Next) -> Next {
        self.remove(id);
        how
    }
}

/// Why something in doubt is given up at once.
pub(super) const NOT_REPEATED: &str = "perhaps said already, and not to be repeated";

/// How often an unconfirmed post is repeated.
const UNCONFIRMED: u32 = 3;

/// How often something is put off before something else is tried in its place: about four minutes.
const PATIENCE: u32 = 10;

/// How many others the network takes after that until what it puts off is given up.
const PASSED: u32 = 3;

/// The shortest wait that a network can ask for.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest wait that a network can ask for.
const LONGEST: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
