//! What is said now or never: the live lines of executions.
//!
//! It is not journalled, waits for nothing, goes before nothing that waits, and is not tried again: at worst a line is stale.

use std::collections::VecDeque;

use actix::{Handler, Message, MessageResult, ResponseFuture};
use fulmar_contract::{Capabilities, MessageId, Post, Receipt, Undelivered};

use super::{Delivery, Outlet, parts::Terms};
use crate::{
    actors::chat::{Deliver, Edit},
    journal as rows,
    journal::{CommandId, DeliveryId, Speech},
    markup::Part,
    supervise::Down,
};

/// A message of ours that can be edited.
#[derive(Clone, Debug, PartialEq)]
pub struct Editable {
    /// The message.
    pub message: MessageId,
    /// What it said at first: this stays. Without a text, nothing does.
    pub post: Post,
}

/// Has something said now or never. Answered with the message that says it, if that can be edited.
#[derive(Debug, Message)]
#[rtype(result = "Result<Option<Editable>, Undelivered>")]
pub struct Remark {
    /// What, and where; in one post, so what is too long is cut off.
    pub delivery: rows::Delivery,
    /// The message that is to say it from now on, below what it said at first. Without one it is posted, unless
    /// anything waits to be said in the room.
    pub below: Option<Editable>,
}

/// Asks for the message that acknowledged a command, if it can be edited and is one message.
#[derive(Debug, Message)]
#[rtype(result = "Option<Editable>")]
pub struct AckOf(pub CommandId);

/// The last [`ACKS`] acknowledgements that can be edited.
#[derive(Debug, Default)]
pub(super) struct Acks(VecDeque<Ack>);

#[derive(Debug)]
struct Ack {
    delivery: DeliveryId,
    command: CommandId,
    post: Post,
    /// Known once it is posted.
    message: Option<MessageId>,
}

impl Acks {
    /// Takes note of a delivery that is said by `posts`.
    pub(super) fn expect(&mut self, delivery: &rows::Delivery, posts: &[Post], can: &Capabilities) {
        let (Speech::Ack, Some(command), [post]) = (delivery.speech, delivery.command, posts) else { return };
        if !can.edits {
            return;
        }
        if self.0.len() == ACKS {
            self.0.pop_front();
        }
        self.0.push_back(Ack { delivery: delivery.id, command, post: post.clone(), message: None });
    }

    /// A post of this delivery was written.
    pub(super) fn posted(&mut self, delivery: DeliveryId, receipt: &Receipt) {
        if let Some(ack) = self.0.iter_mut().rfind(|ack| ack.delivery == delivery) {
            ack.message.clone_from(&receipt.id);
        }
    }

    fn of(&self, command: CommandId) -> Option<Editable> {
        let ack = self.0.iter().rfind(|ack| ack.command == command)?;
        Some(Editable { message: ack.message.clone()?, post: ack.post.clone() })
    }
}

impl Delivery {
    fn remark(&self, outlet: &Outlet, delivery: &rows::Delivery, below: Option<Editable>) -> Said {
        let terms = outlet.terms();
        let Some(post) = terms.posts(delivery).into_iter().next() else {
            return refused("there are no words in it");
        };
        if let Some(Editable { message, post: first }) = below {
            let Part { text, marked } = together(&terms, &first, &post);
            let post = Post { text, marked, key: post.key, ..first.clone() };
            let sent = outlet.line.send_in_order(Edit { message: message.clone(), post });
            return Box::pin(async move {
                sent.await.unwrap_or_else(later)?;
                Ok(Some(Editable { message, post: first }))
            });
        }
        if self.rooms.contains_key(&(delivery.route.chat.clone(), delivery.route.room.clone())) {
            let why = "something waits to be said there".into();
            return Box::pin(async { Err(Undelivered::Later { after: None, why }) });
        }
        let edits = terms.capabilities.edits;
        let sent = outlet.line.send_in_order(Deliver(post.clone()));
        Box::pin(async move {
            let message = sent.await.unwrap_or_else(later)?.id.filter(|_| edits);
            Ok(message
                .map(|message| Editable { message, post: Post { text: String::new(), marked: None, ..post } }))
        })
    }
}

type Said = ResponseFuture<Result<Option<Editable>, Undelivered>>;

fn refused(why: &str) -> Said {
    let why = why.to_owned();
    Box::pin(async { Err(Undelivered::Refused { why }) })
}

fn later<T>(down: Down) -> Result<T, Undelivered> {
    Err(Undelivered::Later { after: None, why: down.to_string() })
}

/// `post` below `first`, if there is space for both.
fn together(terms: &Terms, first: &Post, post: &Post) -> Part {
    let part = |post: &Post| Part { text: post.text.clone(), marked: post.marked.clone() };
    let look = terms.look();
    let both = part(first).above(&part(post), &look);
    if first.text.is_empty() || !both.fits(&look, look.limit) { part(post) } else { both }
}

impl Handler<Remark> for Delivery {
    type Result = Said;

    fn handle(&mut self, Remark { delivery, below }: Remark, _: &mut Self::Context) -> Self::Result {
        match self.outlets.get(&delivery.route.chat) {
            Some(outlet) => self.remark(outlet, &delivery, below),
            None => refused("there is no such chat"),
        }
    }
}

impl Handler<AckOf> for Delivery {
    type Result = MessageResult<AckOf>;

    fn handle(&mut self, AckOf(command): AckOf, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.acks.of(command))
    }
}

/// How many acknowledgements are remembered: of commands that run for long, all but in a flood.
const ACKS: usize = 1_000;
