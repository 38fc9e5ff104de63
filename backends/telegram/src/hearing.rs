//! What the gateway hears of what happened.

use fulmar_contract::{Event, Failure, Heard, Identity, Reaction, RoomId, Sender, Taken, UserId};
use tracing::debug;

use crate::{
    inbound::{self, Author, Fact, Reacted, Said},
    place::message_id,
    session::Session,
};

impl Session<'_> {
    /// Reports what an update tells. `taken` is held until that need not be told again.
    pub(crate) async fn hear(&self, update: &str, taken: &Taken) -> Result<(), Failure> {
        let number = inbound::number(update);
        match inbound::read(update, &self.me) {
            None => {
                debug!(number, "an update says nothing to us");
                Ok(())
            }
            Some(Fact::Moved { from, to }) => self.moved(from, to).await,
            Some(Fact::Reacted(reacted)) => self.reacted(reacted).await,
            Some(Fact::Said(said)) => self.said(said, taken.clone()).await,
            Some(Fact::Standing { chat, is_in: true, title, .. }) => {
                if self.rooms.of(chat).is_empty() {
                    self.meet(chat, &title);
                }
                self.entered(chat).await
            }
            Some(Fact::Standing { chat, is_in: false, status, .. }) => {
                self.left(chat, &format!("the bot is no member of the chat any more: {status}")).await
            }
        }
    }

    async fn said(&self, said: Said, taken: Taken) -> Result<(), Failure> {
        let Some((room, thread)) = self.rooms.hearing(said.chat, said.topic) else {
            self.meet(said.chat, &said.title);
            return Ok(());
        };
        let heard = Heard {
            id: message_id(said.chat, said.message),
            room,
            thread,
            sender: sender(said.author),
            text: said.text,
            mentioned: said.mentioned,
            direct: said.is_private,
            at: said.at,
            taken,
        };
        self.report(Event::Heard(heard)).await
    }

    async fn reacted(&self, reacted: Reacted) -> Result<(), Failure> {
        let Some(room) = self.rooms.around(reacted.chat) else { return Ok(()) };
        let message = message_id(reacted.chat, reacted.message);
        let sender = sender(reacted.author);
        let gone = reacted.gone.into_iter().map(|emoji| (emoji, false));
        for (emoji, is_there) in gone.chain(reacted.new.into_iter().map(|emoji| (emoji, true))) {
            let (room, message, sender) = (room.clone(), message.clone(), sender.clone());
            self.report(Event::Reacted(Reaction { room, message, sender, emoji, is_there })).await?;
        }
        Ok(())
    }
}

/// People are known by their number, which nobody else ever gets.
fn sender(author: Author) -> Sender {
    match author {
        Author::Anonymous { name } => Sender { identity: Identity::Claimed(name.clone()), name, direct: None },
        Author::Person { id, name } => {
            let id = id.to_string();
            Sender { identity: Identity::Vouched(UserId::new(&id)), name, direct: Some(RoomId::new(id)) }
        }
    }
}
