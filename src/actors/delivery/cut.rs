//! Cutting deliveries into posts: short ones at once, long ones away from the actors' thread, which they would hold up.
//!
//! A long one has its place in its room's queue before it is cut, and nothing goes before it. Whatever ends meanwhile, the Journal
//! has it, and the next life cuts it again.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use actix::Context;
use fulmar_contract::Post;
use jiff::Timestamp;
use tokio::{sync::Semaphore, task::spawn_blocking};

use super::{
    Delivery, Place, Unsaid,
    item::{Again, Item},
    load::Load,
    parts::Terms,
    queue::Next,
};
use crate::{config::Unconfirmed, journal as rows, journal::DeliveryState};

/// Where long texts are cut: of each size one at a time, whichever life of Delivery wants it, so that memory is bounded and the
/// actors' thread has a processor.
#[derive(Clone, Debug)]
pub struct Cutter {
    long: Arc<Semaphore>,
    /// Theirs need not wait for the others.
    middling: Arc<Semaphore>,
}

impl Default for Cutter {
    fn default() -> Self {
        let one = || Arc::new(Semaphore::new(1));
        Self { long: one(), middling: one() }
    }
}

impl Cutter {
    async fn cut(self, terms: Terms, delivery: Arc<rows::Delivery>) -> Result<Vec<Post>, Unsaid> {
        let size = if Load::of(&delivery).bytes > LONG { self.long } else { self.middling };
        let turn = size.acquire_owned().await;
        let cut = spawn_blocking(move || {
            let posts = terms.posts(&delivery);
            drop(turn);
            posts
        });
        cut.await.map_err(|_| Unsaid::Uncut)
    }
}

impl Delivery {
    /// A delivery that was queued at `at`, cut for its chat unless it is long.
    pub(super) fn cut(&mut self, delivery: &rows::Delivery, at: Timestamp) -> Result<Item, Unsaid> {
        let chat = &delivery.route.chat;
        let outlet = self.outlets.get(chat).ok_or_else(|| Unsaid::NoSuchChat(chat.clone()))?;
        let terms = outlet.terms();
        let again = match (terms.capabilities.idempotent, outlet.unconfirmed) {
            (true, _) => Again::AsItIs,
            (false, Unconfirmed::Repeat) => Again::Marked,
            (false, Unconfirmed::Drop) => Again::Never,
        };
        let weight = Load::of(delivery).bytes;
        let mut item = if weight > SHORT {
            Item::uncut(Arc::new(delivery.clone()), again)
        } else {
            // Tried again, it would end every life of ours.
            let posts = catch_unwind(AssertUnwindSafe(|| terms.posts(delivery))).map_err(|_| Unsaid::Uncut)?;
            self.acks.expect(delivery, &posts, &terms.capabilities);
            Item::new(delivery.id, posts, again)
        };
        (item.command, item.weight, item.until) = (delivery.command, weight, self.until(at));
        item.markup = terms.capabilities.markup;
        Ok(item)
    }

    /// Has the next long text of a room cut, if none is.
    pub(super) fn cut_next(&mut self, place: &Place, ctx: &mut Context<Self>) {
        let Some(outlet) = self.outlets.get(&place.0) else { return };
        let Some(delivery) = self.rooms.get_mut(place).and_then(|queue| queue.cut_next()) else { return };
        let cut = self.cutter.clone().cut(outlet.terms(), Arc::clone(&delivery));
        let place = place.clone();
        self.tasks.run(ctx, cut, move |posts, actor, ctx| actor.is_cut(place, &delivery, posts, ctx));
    }

    fn is_cut(
        &mut self,
        place: Place,
        delivery: &rows::Delivery,
        posts: Result<Vec<Post>, Unsaid>,
        ctx: &mut Context<Self>,
    ) {
        let Some(outlet) = self.outlets.get(&place.0) else { return };
        let Some(queue) = self.rooms.get_mut(&place) else { return };
        if let Ok(posts) = &posts {
            self.acks.expect(delivery, posts, &outlet.backend.capabilities());
        }
        match queue.is_cut(delivery.id, posts.map_err(|unsaid| unsaid.to_string())) {
            Some(Next::Delivered(id)) => self.record(vec![(id, DeliveryState::Delivered)], ctx),
            Some(Next::Dead(id, why)) => self.bury(id, why, ctx),
            Some(Next::GoOn | Next::Wait(..)) | None => {}
        }
        self.cut_next(&place, ctx);
        self.pump(place, ctx);
    }
}

/// The longest text that is cut at once, with its `extra` and in bytes: a sixth of a millisecond's work, ten times that at worst.
const SHORT: usize = 4 * 1024;

/// The longest for which others of its size need hardly wait, in bytes.
const LONG: usize = 64 * 1024;
