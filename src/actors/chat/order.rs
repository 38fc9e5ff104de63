//! What a chat is told to do: each is an order to its session, answered with what becomes of it.

use actix::{Handler, Message, ResponseFuture};
use fulmar_contract::{Done, MessageId, Offered, Order, Post, Receipt, RoomId, Secret, Undelivered};
use tokio::sync::oneshot;

use super::Chat;

/// Has a post written.
#[derive(Debug, Message)]
#[rtype(result = "Result<Receipt, Undelivered>")]
pub struct Deliver(pub Post);

/// Has a message of ours read differently. Only where the backend can ([`fulmar_contract::Capabilities::edits`]).
#[derive(Debug, Message)]
#[rtype(result = "Result<Receipt, Undelivered>")]
pub struct Edit {
    /// The message, by the receipt of its post.
    pub message: MessageId,
    /// How it is to read.
    pub post: Post,
}

/// Has a room joined, in this life and later ones of this process. Only where the backend can
/// ([`fulmar_contract::Capabilities::joins`]). The error is for a person to read.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct Join {
    /// The room.
    pub room: RoomId,
    /// What opens it.
    pub key: Option<Secret>,
}

/// Has a room left, in this life and later ones of this process; like [`Join`].
#[derive(Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct Leave(pub RoomId);

/// Has commands offered to people while they type, in place of those before. Only where the backend can
/// ([`fulmar_contract::Capabilities::offers`]). The error is for a person to read.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct Offer(pub Vec<Offered>);

/// Has a message show our reaction to it, or none any more. Only where the backend can
/// ([`fulmar_contract::Capabilities::reactions`]). The error is for a person to read.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), String>")]
pub struct React {
    /// Where the message is.
    pub room: RoomId,
    /// The message.
    pub message: MessageId,
    /// One emoji, in place of an earlier one of ours.
    pub emoji: Option<String>,
}

/// What becomes of something to be written.
type Fate = Result<Receipt, Undelivered>;

impl Chat {
    /// Gives an order to write something; what becomes of it is to be awaited.
    fn write(
        &self,
        order: impl FnOnce(oneshot::Sender<Fate>) -> Order,
    ) -> Result<ResponseFuture<Fate>, Undelivered> {
        let (receipt, told) = oneshot::channel();
        self.order(order(receipt)).map_err(|why| Undelivered::Later { after: None, why })?;
        let lost = |_| Err(Undelivered::Unknown { why: "the session ended over it".into() });
        Ok(Box::pin(async move { told.await.unwrap_or_else(lost) }))
    }

    /// Gives an order and waits until it is carried out.
    fn carry_out(&self, order: impl FnOnce(Done) -> Order) -> ResponseFuture<Result<(), String>> {
        let (done, told) = oneshot::channel();
        let ordered = self.order(order(done));
        Box::pin(async move {
            ordered?;
            told.await.unwrap_or_else(|_| Err("the session ended over it".into()))
        })
    }
}

impl Handler<Deliver> for Chat {
    type Result = ResponseFuture<Result<Receipt, Undelivered>>;

    fn handle(&mut self, Deliver(post): Deliver, _: &mut Self::Context) -> Self::Result {
        let told = self.write(|receipt| Order::Post { post, receipt });
        let (metrics, labels) = (self.setup.metrics.clone(), self.setup.labels());
        Box::pin(async move {
            let outcome = told?.await;
            let family = if outcome.is_ok() { &metrics.posted } else { &metrics.failed };
            family.get_or_create(&labels).inc();
            outcome
        })
    }
}

impl Handler<Edit> for Chat {
    type Result = ResponseFuture<Result<Receipt, Undelivered>>;

    fn handle(&mut self, Edit { message, post }: Edit, _: &mut Self::Context) -> Self::Result {
        let told = self.write(|receipt| Order::Edit { message, post, receipt });
        Box::pin(async move { told?.await })
    }
}

impl Handler<Join> for Chat {
    type Result = ResponseFuture<Result<(), String>>;

    fn handle(&mut self, Join { room, key }: Join, _: &mut Self::Context) -> Self::Result {
        self.carry_out(|done| Order::Join { room, key, done })
    }
}

impl Handler<Leave> for Chat {
    type Result = ResponseFuture<Result<(), String>>;

    fn handle(&mut self, Leave(room): Leave, _: &mut Self::Context) -> Self::Result {
        self.carry_out(|done| Order::Leave { room, done })
    }
}

impl Handler<Offer> for Chat {
    type Result = ResponseFuture<Result<(), String>>;

    fn handle(&mut self, Offer(commands): Offer, _: &mut Self::Context) -> Self::Result {
        self.carry_out(|done| Order::Offer { commands, done })
    }
}

impl Handler<React> for Chat {
    type Result = ResponseFuture<Result<(), String>>;

    fn handle(&mut self, React { room, message, emoji }: React, _: &mut Self::Context) -> Self::Result {
        self.carry_out(|done| Order::React { room, message, emoji, done })
    }
}
