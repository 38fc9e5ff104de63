//! How a session says things.

use fulmar_contract::{Done, Failure, MessageId, Order, Post, RoomId, Undelivered};
use jid::Jid;
use tokio::time::Instant;
use xmpp_parsers::minidom::Element;

use super::Session;
use crate::{
    outbound::{self, Target},
    outbox::{self, Answer, Asker, Proof, UnderWay},
};

impl Session<'_> {
    pub(super) async fn obey(&mut self, order: Order) -> Result<(), Failure> {
        match order {
            Order::Edit { message, post, receipt } => self.post(post, Some(message), receipt).await,
            Order::Join { room, key, done } => self.join(&room, key, done).await,
            Order::Leave { room, done } => self.part(&room, done).await,
            order @ Order::Offer { .. } => {
                order.refuse("XMPP has no such thing");
                Ok(())
            }
            Order::Post { post, receipt } => self.post(post, None, receipt).await,
            Order::React { room, message, emoji, done } => self.react(&room, &message, emoji, done).await,
        }
    }

    /// Says `post`; in the place of the message `edited`, if there is one.
    async fn post(&mut self, mut post: Post, edited: Option<MessageId>, answer: Answer) -> Result<(), Failure> {
        if let Some(file) = post.file.take() {
            return self.upload(post, file, answer).await;
        }
        let post = &post;
        let id = self.mint.next();
        let stanza = match self.target(&post.room) {
            Ok(target) => outbound::message(post, &target, &id, edited.as_ref()).map(|stanza| (target, stanza)),
            Err(undelivered) => Err(undelivered),
        };
        let (target, stanza) = match stanza {
            Ok(both) => both,
            Err(undelivered) => {
                outbox::tell(answer, Err(undelivered));
                return Ok(());
            }
        };
        let asker = match edited {
            Some(message) => Asker::Edit { message, answer },
            None => Asker::Post(answer),
        };
        let is_shown = matches!(target, Target::Room(_));
        self.send(&stanza, &target, is_shown, id, asker).await
    }

    async fn react(
        &mut self,
        room: &RoomId,
        message: &MessageId,
        emoji: Option<String>,
        done: Done,
    ) -> Result<(), Failure> {
        match self.target(room) {
            Ok(target) => {
                let id = self.mint.next();
                let stanza = outbound::reaction(&target, &id, message, emoji.as_deref());
                self.send(&stanza, &target, false, id, Asker::Reaction(done)).await
            }
            Err(undelivered) => {
                drop(done.send(Err(undelivered.why().to_owned())));
                Ok(())
            }
        }
    }

    /// Sends a message, and waits for its confirmation without being held up by that.
    pub(super) async fn send(
        &mut self,
        stanza: &Element,
        target: &Target,
        is_shown: bool,
        id: String,
        asker: Asker,
    ) -> Result<(), Failure> {
        let sent = self.connection.send(stanza).await;
        let number = *sent.as_ref().unwrap_or(&u32::MAX);
        let proof = match target {
            Target::Room(room) if is_shown => Proof::Shown(room.clone()),
            Target::Occupant(_) | Target::Person(_) | Target::Room(_) => Proof::Taken(number),
        };
        // Even if it could not be written, part of it may be out.
        self.outbox.begin(UnderWay { id, proof, asker, since: Instant::now() });
        sent?;
        self.connection.ask().await
    }

    /// Where `room` is.
    pub(super) fn target(&self, room: &RoomId) -> Result<Target, Undelivered> {
        let Ok(jid) = Jid::new(room.as_str()) else {
            return Err(Undelivered::Refused { why: format!("{:?} is no address", room.as_str()) });
        };
        let bare = jid.to_bare();
        if self.rooms.ours.is_missing(&bare) {
            return Err(Undelivered::Later { after: None, why: format!("{bare} is not joined") });
        }
        match (self.rooms.is_ours(&bare), jid.is_full()) {
            (true, true) => Ok(Target::Occupant(jid)),
            (true, false) => Ok(Target::Room(bare)),
            (false, false) => Ok(Target::Person(bare)),
            (false, true) => Err(Undelivered::Refused { why: format!("{bare} is none of our rooms") }),
        }
    }
}
