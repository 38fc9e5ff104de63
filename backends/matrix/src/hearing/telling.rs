//! From an event to what the gateway is told.

use fulmar_contract::{Event, Failure, Heard, MessageId, RoomId, Sender, Taken, ThreadId};
use matrix_sdk::{
    Room,
    deserialized_responses::{EncryptionInfo, TimelineEvent, TimelineEventKind},
    ruma::{OwnedUserId, UserId},
};

use super::Hearing;
use crate::{
    config::Unverified,
    inbound::{self, Fact, Said},
    people,
};

impl Hearing<'_> {
    /// Tells what an event means, if it means anything.
    pub(super) async fn event(
        &mut self,
        room: &Room,
        event: &TimelineEvent,
        taken: &Taken,
    ) -> Result<(), Failure> {
        match &event.kind {
            TimelineEventKind::PlainText { .. } => {}
            _ if !self.session.config.encryption => return Ok(()),
            TimelineEventKind::Decrypted(_) => {}
            TimelineEventKind::UnableToDecrypt { event: sealed, .. } => {
                if event.sender().is_some_and(|sender| !self.session.is_me(&sender)) {
                    self.seal(room, sealed);
                }
                return Ok(());
            }
        }
        match inbound::read(event.raw(), &self.session.me) {
            Some(Fact::Reacted { id, sender, message, emoji }) => {
                self.reacted(room, id, (sender, message, emoji)).await
            }
            Some(Fact::Redacted(id)) => self.redacted(room, &id).await,
            Some(Fact::Said(said)) => self.said(room, said, event, taken).await,
            None => Ok(()),
        }
    }

    async fn said(&self, room: &Room, said: Said, event: &TimelineEvent, taken: &Taken) -> Result<(), Failure> {
        let encryption = event.encryption_info().map(|encryption| &**encryption);
        let sender = self.sender(room, &said.sender, encryption).await;
        let (place, direct) = self.place(room, &said.sender);
        if direct {
            self.session.lasting.wrote(&said.sender, room.room_id());
        }
        let heard = Heard {
            id: MessageId::new(said.id.as_str()),
            room: place,
            thread: said.thread.map(|thread| ThreadId::new(thread.as_str())),
            sender,
            text: said.text,
            mentioned: said.mentioned,
            direct,
            at: said.at,
            taken: taken.clone(),
        };
        self.session.report(Event::Heard(heard)).await
    }

    /// Who wrote an event that was encrypted so, or not at all.
    pub(super) async fn sender(
        &self,
        room: &Room,
        who: &OwnedUserId,
        encryption: Option<&EncryptionInfo>,
    ) -> Sender {
        let policy = self.session.config.unverified;
        // What is not known to be unencrypted is believed to be encrypted.
        let is_encrypted = policy == Unverified::Refuse
            && room.latest_encryption_state().await.map_or(true, |state| state.is_encrypted());
        people::sender(room, who, people::identity(who, policy, encryption, is_encrypted)).await
    }

    /// What a room is called, and whether it is one-to-one: then it is called after the person.
    ///
    /// A room that we were told to be in is never one-to-one. Others are as long as there is nobody else in them, if they
    /// were made for that, or have no name.
    pub(super) fn place(&self, room: &Room, other: &UserId) -> (RoomId, bool) {
        let name = self.session.lasting.name(room.room_id());
        let has_name = room.name().is_some() || room.canonical_alias().is_some();
        let is_direct = room.active_members_count() == 2
            && !self.session.lasting.is_wanted(&name)
            && (!has_name || !room.direct_targets().is_empty());
        if is_direct { (RoomId::new(other.as_str()), true) } else { (name, false) }
    }
}
