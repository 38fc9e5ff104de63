//! Other people's reactions to what we wrote.

use std::collections::HashMap;

use fulmar_contract::{Event, Failure, MessageId, Reaction};
use matrix_sdk::{
    Room,
    ruma::{EventId, OwnedEventId, OwnedUserId, api::client::room::get_room_event},
};

use super::Hearing;

/// What is known of reactions and of the messages that they are to. Bounded: of too much, everything is forgotten.
#[derive(Debug, Default)]
pub(super) struct Reactions {
    /// Whether messages are ours.
    ours: HashMap<OwnedEventId, bool>,
    /// The reactions that were told.
    told: HashMap<OwnedEventId, Told>,
}

#[derive(Debug)]
struct Told {
    sender: OwnedUserId,
    message: OwnedEventId,
    emoji: String,
}

impl Hearing<'_> {
    /// Somebody reacted: told, if it is to a message of ours.
    pub(super) async fn reacted(
        &mut self,
        room: &Room,
        id: OwnedEventId,
        (sender, message, emoji): (OwnedUserId, OwnedEventId, String),
    ) -> Result<(), Failure> {
        if !self.is_ours(room, &message).await {
            return Ok(());
        }
        let told = Told { sender, message, emoji };
        self.tell_reaction(room, &told, true).await?;
        bound(&mut self.reactions.told);
        self.reactions.told.insert(id, told);
        Ok(())
    }

    /// An event was taken away: told, if it was a reaction.
    pub(super) async fn redacted(&mut self, room: &Room, id: &EventId) -> Result<(), Failure> {
        match self.reactions.told.remove(id) {
            Some(told) => self.tell_reaction(room, &told, false).await,
            None => Ok(()),
        }
    }

    async fn tell_reaction(&self, room: &Room, told: &Told, is_there: bool) -> Result<(), Failure> {
        let (place, _) = self.place(room, &told.sender);
        let reaction = Reaction {
            room: place,
            message: MessageId::new(told.message.as_str()),
            // Reactions are never encrypted.
            sender: self.sender(room, &told.sender, None).await,
            emoji: told.emoji.clone(),
            is_there,
        };
        self.session.report(Event::Reacted(reaction)).await
    }

    async fn is_ours(&mut self, room: &Room, message: &EventId) -> bool {
        if let Some(known) = self.reactions.ours.get(message) {
            return *known;
        }
        let request = get_room_event::v3::Request::new(room.room_id().to_owned(), message.to_owned());
        let Ok(answer) = self.session.client.send(request).await else { return false };
        let sender: Option<OwnedUserId> = answer.event.get_field("sender").ok().flatten();
        let is_ours = sender.is_some_and(|sender| self.session.is_me(&sender));
        bound(&mut self.reactions.ours);
        self.reactions.ours.insert(message.to_owned(), is_ours);
        is_ours
    }
}

fn bound<T>(map: &mut HashMap<OwnedEventId, T>) {
    if map.len() >= MOST {
        map.clear();
    }
}

/// Of how many messages and reactions something is known.
const MOST: usize = 1_000;
