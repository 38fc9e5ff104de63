//! A delivery cut into posts, and how far each has come. Pure.

use std::{mem, sync::Arc};

use fulmar_contract::{Markup, Post, Tone};
use tokio::time::Instant;

use crate::{
    journal::{CommandId, Delivery, DeliveryId, DeliveryState},
    markup,
};

/// A delivery cut into posts.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) id: DeliveryId,
    /// The command that it belongs to.
    pub(super) command: Option<CommandId>,
    slots: Vec<Slot>,
    /// What is still to be cut into these.
    uncut: Option<Uncut>,
    /// Whether the Journal has it: until then, nothing of it goes.
    pub(super) kept: bool,
    /// Whether the Journal does not know yet how far it has come.
    news: bool,
    pub(super) again: Again,
    /// The dialect of its posts.
    pub(super) markup: Markup,
    /// How much memory it takes, in bytes and roughly.
    pub(super) weight: usize,
    /// When it is given up if it is still not said.
    pub(super) until: Option<Instant>,
    /// How often the network put it off since it took something of it.
    pub(super) put_off: u32,
    /// How many others the network took since it put this off so often that the room may not be at fault.
    pub(super) passed: u32,
}

/// What becomes of a post that may be out already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It is sent once more as it is: a second copy is no second message.
    AsItIs,
    /// It is sent once more and says so.
    Marked,
    /// It is not sent once more.
    Never,
}

/// A delivery that is still to be cut.
#[derive(Debug)]
struct Uncut {
    delivery: Arc<Delivery>,
    /// How far it came in an earlier life.
    progress: Option<Progress>,
}

/// How far a delivery came in an earlier life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// How many posts were sent.
    pub(super) sent: usize,
    /// How many it had.
    pub(super) parts: usize,
    /// How many behind those that were sent may be out.
    pub(super) posting: usize,
}

/// It is cut into another number of posts than in an earlier life, so nobody knows how far it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("half said, and cut otherwise since the gateway or its configuration was changed")]
pub(super) struct Recut;

/// A post and how far it has come.
#[derive(Debug)]
pub(super) struct Slot {
    post: Post,
    stage: Stage,
    /// How often it was perhaps sent.
    doubts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Handed to the chat.
    Out,
    /// The network has it.
    Sent,
    /// Its turn is still to come.
    Unsent,
}

impl Item {
    pub(super) fn new(id: DeliveryId, posts: Vec<Post>, again: Again) -> Self {
        Self { slots: slots(posts), ..Self::empty(id, again) }
    }

    /// One that is still to be cut: until then, nothing of it goes.
    pub(super) fn uncut(delivery: Arc<Delivery>, again: Again) -> Self {
        let id = delivery.id;
        Self { uncut: Some(Uncut { delivery, progress: None }), ..Self::empty(id, again) }
    }

    const fn empty(id: DeliveryId, again: Again) -> Self {
        Self {
            id,
            command: None,
            slots: Vec::new(),
            uncut: None,
            kept: true,
            news: false,
            again,
            markup: Markup::Plain,
            weight: 0,
            until: None,
            put_off: 0,
            passed: 0,
        }
    }

    /// Goes on where an earlier life ended.
    ///
    /// # Errors
    /// [`Recut`].
    pub(super) fn resume(&mut self, progress: Progress) -> Result<(), Recut> {
        if let Some(uncut) = &mut self.uncut {
            uncut.progress = Some(progress);
            return Ok(());
        }
        let Progress { sent, parts, posting } = progress;
        if parts != self.slots.len() {
            return Err(Recut);
        }
        let slots = self.slots.iter_mut();
        for (number, slot) in slots.enumerate().take(sent.saturating_add(posting)) {
            slot.stage = Stage::Sent;
            if number >= sent {
                slot.doubt(self.again, self.markup);
            }
        }
        Ok(())
    }

    /// What is still to be cut.
    pub(super) fn text(&self) -> Option<&Arc<Delivery>> {
        self.uncut.as_ref().map(|uncut| &uncut.delivery)
    }

    /// It is cut into `posts`, unless that has been done.
    ///
    /// # Errors
    /// [`Recut`].
    pub(super) fn is_cut(&mut self, posts: Vec<Post>) -> Result<(), Recut> {
        let Some(Uncut { progress, .. }) = self.uncut.take() else { return Ok(()) };
        self.slots = slots(posts);
        progress.map_or(Ok(()), |progress| self.resume(progress))
    }

    /// How far it has come: what the network has without a gap, and what may be out behind that.
    pub(super) fn state(&self) -> DeliveryState {
        let sent = self.slots.iter().take_while(|slot| slot.stage == Stage::Sent).count();
        let perhaps = |slot: &Slot| slot.stage != Stage::Unsent || slot.doubts > 0;
        let reached = self.slots.iter().rposition(perhaps).map_or(0, |last| last + 1);
        DeliveryState::Sending { sent, parts: self.slots.len(), posting: reached.saturating_sub(sent) }
    }

    pub(super) fn is_done(&self) -> bool {
        self.uncut.is_none() && self.slots.iter().all(|slot| slot.stage == Stage::Sent)
    }

    /// Whether nothing has become of it yet.
    pub(super) fn is_untouched(&self) -> bool {
        !self.news && self.slots.iter().all(|slot| slot.stage == Stage::Unsent)
    }

    /// How far it has come, if the Journal does not know that yet.
    pub(super) fn news(&mut self) -> Option<DeliveryState> {
        mem::take(&mut self.news).then(|| self.state())
    }

    /// How many posts are out.
    pub(super) fn out(&self) -> usize {
        self.slots.iter().filter(|slot| slot.stage == Stage::Out).count()
    }

    /// Sends out the next `most` posts; each with its number. The Journal is to know it first.
    pub(super) fn send(&mut self, most: usize) -> Vec<(usize, Post)> {
        let unsent = self.slots.iter_mut().enumerate();
        let unsent = unsent.filter(|(_, slot)| slot.stage == Stage::Unsent);
        let sent = unsent.take(most).map(|(number, slot)| {
            slot.stage = Stage::Out;
            (number, slot.post.clone())
        });
        let sent: Vec<_> = sent.collect();
        self.news |= !sent.is_empty();
        sent
    }

    /// A post of it, of which there is news.
    pub(super) fn slot(&mut self, number: usize) -> Option<&mut Slot> {
        self.news = true;
        self.slots.get_mut(number)
    }

    /// The post may be out already: a second copy says so. Returns how often that has happened.
    pub(super) fn doubt(&mut self, number: usize) -> u32 {
        let (again, markup) = (self.again, self.markup);
        self.slot(number).map_or(0, |slot| slot.doubt(again, markup))
    }

    /// Whether its next post may be out twice already: perhaps it is what ends the sessions.
    pub(super) fn is_suspect(&self) -> bool {
        let next = self.slots.iter().find(|slot| slot.stage == Stage::Unsent);
        next.is_some_and(|slot| slot.doubts >= SUSPECT)
    }
}

fn slots(posts: Vec<Post>) -> Vec<Slot> {
    posts.into_iter().map(|post| Slot { post, stage: Stage::Unsent, doubts: 0 }).collect()
}

impl Slot {
    /// The network has it.
    pub(super) const fn is_sent(&mut self) {
        self.stage = Stage::Sent;
    }

    /// It was certainly not sent this time.
    pub(super) const fn is_unsent(&mut self) {
        self.stage = Stage::Unsent;
    }

    /// Takes marks and colour off, since some rooms refuse them; returns whether it had any.
    pub(super) fn take_marks_off(&mut self) -> bool {
        let was_marked = self.post.marked.take().is_some();
        mem::take(&mut self.post.tone) != Tone::Neutral || was_marked
    }

    fn doubt(&mut self, again: Again, markup: Markup) -> u32 {
        self.stage = Stage::Unsent;
        self.doubts += 1;
        if again == Again::Marked && !self.post.text.starts_with(REPEATED) {
            self.post.text.insert_str(0, REPEATED);
            if let Some(marked) = &mut self.post.marked {
                markup::insert(marked, REPEATED, markup);
            }
        }
        self.doubts
    }
}

/// How often a post is perhaps sent before it goes alone.
const SUSPECT: u32 = 2;

/// What stands before a post that may be out already.
pub(super) const REPEATED: &str = "(repeated) ";
