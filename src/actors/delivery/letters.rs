//! What operators do with dead letters, and with what still waits.

use actix::{ActorFutureExt, Handler, Message, ResponseActFuture, WrapFuture};

use super::{Delivery, moved, place_of};
use crate::{
    actors::journal::{Find, NotFound, NotKept, keep},
    journal::{DeliveryId, DeliveryState},
};

/// Has a dead letter tried again, or has something that is dead or still waits dropped.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), Unhandled>")]
pub struct Handle {
    /// Which.
    pub id: DeliveryId,
    /// What is to become of it.
    pub what: Handling,
    /// Who wants it so, for the journal.
    pub by: String,
}

/// What is to become of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handling {
    /// It is forgotten.
    Drop,
    /// It is said after all that waits in its room.
    Retry,
}

/// Why that is not so.
#[derive(Debug, thiserror::Error)]
pub enum Unhandled {
    /// Too much is waiting.
    #[error("too many deliveries are waiting already")]
    Full,
    /// There is none of this name, or not any more.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// Its chat is none of ours.
    #[error("there is no chat called {0:?} to say it in: it can only be read, and dropped")]
    Nowhere(String),
    /// The Journal did not take it.
    #[error("not journalled: {0}")]
    NotKept(#[from] NotKept),
    /// It has not been given up.
    #[error("it still waits to be said")]
    Waits,
}

impl Handler<Handle> for Delivery {
    type Result = ResponseActFuture<Self, Result<(), Unhandled>>;

    fn handle(&mut self, Handle { id, what, by }: Handle, _: &mut Self::Context) -> Self::Result {
        let journal = self.journal.clone();
        let found = async move { journal.send(Find(id.to_string())).await.map_err(NotKept::from) };
        let found = found.into_actor(self).map(move |found, actor, _| {
            let letter = found??.letter;
            let is_dead = matches!(letter.state, DeliveryState::Dead { .. });
            match what {
                Handling::Retry if !is_dead => Err(Unhandled::Waits),
                Handling::Retry if !actor.outlets.contains_key(&letter.delivery.route.chat) => {
                    Err(Unhandled::Nowhere(letter.delivery.route.chat))
                }
                Handling::Retry if actor.is_full_for(&letter.delivery) => Err(Unhandled::Full),
                Handling::Drop | Handling::Retry => Ok(letter.delivery),
            }
        });
        let kept = found.then(move |found, actor, _| {
            let journal = actor.journal.clone();
            let state = match what {
                Handling::Drop => DeliveryState::Dropped { why: format!("by {by}") },
                Handling::Retry => DeliveryState::Queued,
            };
            let kept = async move {
                let delivery = found?;
                match keep(&journal, moved([(id, state)]).collect()).await {
                    Ok(()) => Ok(delivery),
                    // Somebody else was quicker.
                    Err(NotKept::Misfit(_)) if what == Handling::Retry => Err(Unhandled::Waits),
                    Err(error) => Err(error.into()),
                }
            };
            kept.into_actor(actor)
        });
        Box::pin(kept.map(move |kept: Result<_, Unhandled>, actor, ctx| {
            let delivery = kept?;
            let now = actor.world.now();
            match what {
                Handling::Retry => actor.resume(&delivery, now, &DeliveryState::Queued, ctx),
                Handling::Drop => {
                    let place = place_of(&delivery);
                    if let Some(queue) = actor.rooms.get_mut(&place) {
                        queue.remove(id);
                    }
                    actor.pump(place, ctx);
                }
            }
            Ok(())
        }))
    }
}
