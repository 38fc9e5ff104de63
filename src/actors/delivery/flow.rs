//! From a room's queue to its chat, and what becomes of each post.

use std::{iter, time::Duration};

use actix::{AsyncContext as _, Context};
use fulmar_contract::Undelivered;
use jiff::SignedDuration;
use tokio::time::Instant;
use tracing::{debug, error, warn};

use super::{
    Delivery, Place, States, moved,
    queue::{Batch, Next, Now},
};
use crate::{
    actors::{
        chat::Deliver,
        journal::{Journal, keep},
    },
    journal::{DeliveryId, DeliveryState},
    supervise::{Down, Line},
};

impl Delivery {
    /// Sends the next posts of a room, as many as may be on their way.
    pub(super) fn pump(&mut self, place: Place, ctx: &mut Context<Self>) {
        self.pump_with(Vec::new(), place, ctx);
    }

    /// As [`Delivery::pump`]; what the Journal is to know first is one write with `states`.
    fn pump_with(&mut self, mut states: States, place: Place, ctx: &mut Context<Self>) {
        self.bury_overdue(&place, ctx);
        let mut batch = self.next(&place);
        states.append(&mut batch.states);
        if batch.posts.is_empty() {
            return self.record(states, ctx);
        }
        let journal = self.journal.clone();
        // From here on the posts may be out, whatever becomes of us.
        let noted = async move { note(&journal, states).await };
        self.tasks.run(ctx, noted, |(), delivery, ctx| delivery.hand_over(place, batch, ctx));
    }

    /// Takes the posts of a room whose turn it is; the Journal is to know of them.
    fn next(&mut self, place: &Place) -> Batch {
        let window = self.window(place);
        let queue = self.rooms.get_mut(place).filter(|queue| queue.now == Now::Free);
        let Some(queue) = queue else { return Batch::default() };
        if queue.len() == 0 {
            self.rooms.remove(place);
            return Batch::default();
        }
        let batch = queue.send(window, None);
        if !batch.posts.is_empty() {
            queue.now = Now::Noting;
        }
        batch
    }

    /// How many posts may be on their way to a room.
    pub(super) fn window(&self, (chat, _): &Place) -> usize {
        self.outlets.get(chat).map_or(1, |outlet| outlet.backend.capabilities().window)
    }

    /// Gives posts to their chat, in order, unless one has failed that is to go before them.
    pub(super) fn hand_over(&mut self, place: Place, batch: Batch, ctx: &mut Context<Self>) {
        let Some(line) = self.outlets.get(&place.0).map(|outlet| outlet.line.clone()) else { return };
        let Some(queue) = self.rooms.get_mut(&place) else { return };
        if queue.now == Now::Noting {
            queue.now = Now::Free;
        }
        if queue.has_failed() {
            queue.take_back(&batch);
        } else {
            let still = |(id, ..): &(DeliveryId, usize, _)| queue.has(*id);
            for (id, number, post) in batch.posts.into_iter().filter(still).collect::<Vec<_>>() {
                let (place, sent) = (place.clone(), line.send_in_order(Deliver(post)));
                self.tasks.run(ctx, sent, move |fate, delivery, ctx| {
                    let later = |down: Down| Err(Undelivered::Later { after: None, why: down.to_string() });
                    let fate = fate.unwrap_or_else(later).map(|receipt| delivery.acks.posted(id, &receipt));
                    delivery.settle(place, (id, number), fate, ctx);
                });
            }
        }
        self.pump(place, ctx);
    }

    fn settle(
        &mut self,
        place: Place,
        post: (DeliveryId, usize),
        fate: Result<(), Undelivered>,
        ctx: &mut Context<Self>,
    ) {
        let Some(queue) = self.rooms.get_mut(&place) else { return };
        let in_doubt = matches!(fate, Err(Undelivered::Unknown { .. }));
        let next = queue.settle(post, fate, self.backoff, fastrand::f64());
        if in_doubt && let Some(next) = &next {
            let outcome = if matches!(next, Next::Dead(..)) { "dropped" } else { "repeated" };
            self.metrics.unconfirmed(&place.0, outcome);
        }
        let mut states = Vec::new();
        match next {
            Some(Next::Delivered(id)) => states.push((id, DeliveryState::Delivered)),
            Some(Next::Dead(id, why)) => self.bury(id, why, ctx),
            Some(Next::Wait(after, why)) => return self.wait(place, after, &why, ctx),
            Some(Next::GoOn) | None => {}
        }
        self.pump_with(states, place, ctx);
    }

    fn wait(&mut self, place: Place, after: Duration, why: &str, ctx: &mut Context<Self>) {
        debug!(chat = %place.0, room = %place.1, error = %why, ?after, "not posted yet");
        let Some(queue) = self.rooms.get_mut(&place) else { return };
        queue.now = Now::Waiting;
        queue.waits += 1;
        let (wait, states) = (queue.waits, queue.news());
        self.record(states, ctx);
        ctx.run_later(after, move |delivery, ctx| {
            if delivery.rooms.get(&place).is_some_and(|queue| queue.waits == wait) {
                delivery.wake(place, ctx);
            }
        });
    }

    /// Ends a room's wait, if it waits.
    pub(super) fn wake(&mut self, place: Place, ctx: &mut Context<Self>) {
        if let Some(queue) = self.rooms.get_mut(&place).filter(|queue| queue.now == Now::Waiting) {
            queue.now = Now::Free;
            self.pump(place, ctx);
        }
    }

    /// Gives up what has waited for too long in a room that can go on.
    fn bury_overdue(&mut self, place: &Place, ctx: &mut Context<Self>) {
        let Some(queue) = self.rooms.get_mut(place).filter(|queue| queue.now == Now::Free) else { return };
        let (now, max_wait) = (Instant::now(), SignedDuration::try_from(self.max_wait).unwrap_or_default());
        let overdue: Vec<_> = iter::from_fn(|| queue.overdue(now)).collect();
        for (id, why) in overdue {
            let why = if why.is_empty() { why } else { format!(": {why}") };
            self.bury(id, format!("not said within {max_wait:#}{why}"), ctx);
        }
    }

    /// Gives a delivery up.
    pub(super) fn bury(&self, id: DeliveryId, why: String, ctx: &mut Context<Self>) {
        error!(delivery = %id, error = %why, "given up");
        self.record(vec![(id, DeliveryState::Dead { why })], ctx);
    }

    pub(super) fn record(&self, states: States, ctx: &mut Context<Self>) {
        if !states.is_empty() {
            let journal = self.journal.clone();
            self.tasks.run(ctx, async move { note(&journal, states).await }, |(), _, _| ());
        }
    }
}

/// Has the Journal know how far deliveries have come.
async fn note(journal: &Line<Journal>, states: States) {
    if let Err(error) = keep(journal, moved(states).collect()).await {
        warn!(%error, "fate of a delivery not journalled");
    }
}
