//! Messages whose keys have not come yet.

use std::collections::VecDeque;

use fulmar_contract::{Failure, Taken};
use matrix_sdk::{
    Room,
    deserialized_responses::{TimelineEvent, TimelineEventKind},
    ruma::{
        RoomId,
        events::{AnySyncTimelineEvent, room::encrypted::OriginalSyncRoomEncryptedEvent},
        serde::Raw,
    },
};
use tracing::debug;

use super::Hearing;
use crate::store::Sealed;

/// What could not be decrypted yet, the oldest first. Of too much, the oldest is forgotten.
#[derive(Debug, Default)]
pub(super) struct Sealings(VecDeque<Sealed>);

impl Sealings {
    /// Those that an earlier session left.
    pub(super) fn new(sealed: Vec<Sealed>) -> Self {
        Self(sealed.into())
    }

    /// All of them, to be kept.
    pub(super) fn all(&self) -> Vec<Sealed> {
        self.0.iter().cloned().collect()
    }

    fn push(&mut self, sealed: Sealed) {
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back(sealed);
    }
}

impl Hearing<'_> {
    /// A message came before its key.
    pub(super) fn seal(&mut self, room: &Room, event: &Raw<AnySyncTimelineEvent>) {
        debug!(room = %room.room_id(), "a message cannot be decrypted yet");
        self.sealings.push(Sealed { room: room.room_id().to_string(), event: event.json().to_owned() });
    }

    /// Tries again what could not be decrypted.
    pub(super) async fn unseal(&mut self, taken: &Taken) -> Result<(), Failure> {
        for sealed in std::mem::take(&mut self.sealings.0) {
            let Some((room, event)) = self.open(&sealed).await else {
                self.sealings.0.push_back(sealed);
                continue;
            };
            self.event(&room, &event, taken).await?;
        }
        Ok(())
    }

    async fn open(&self, sealed: &Sealed) -> Option<(Room, TimelineEvent)> {
        let room = self.session.client.get_room(&RoomId::parse(&sealed.room).ok()?)?;
        let event = Raw::<OriginalSyncRoomEncryptedEvent>::from_json(sealed.event.clone());
        let event = room.decrypt_event(&event, None).await.ok()?;
        matches!(event.kind, TimelineEventKind::Decrypted(_)).then_some((room, event))
    }
}

/// How many messages wait for keys.
const MOST: usize = 200;
