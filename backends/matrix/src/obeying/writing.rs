//! What we write.

use std::io::Cursor;

use fulmar_contract::{File, MessageId, Order, Post, Receipt, RoomId, Undelivered};
use matrix_sdk::{
    Room, RoomState,
    room::{IncludeRelations, RelationsOptions},
    ruma::{
        EventId, OwnedEventId, OwnedUserId, TransactionId, UserId,
        api::client::room::{create_room::v3 as create, get_room_event},
        assign,
        events::{
            InitialStateEvent, TimelineEventType,
            relation::RelationType,
            room::{encryption::RoomEncryptionEventContent, member::MembershipState},
        },
        serde::Raw,
    },
};
use serde::Deserialize;
use serde_json::Value;

use crate::{address, failure, outbound, session::Session};

impl Session<'_> {
    /// Carries an order out, and tells what became of it.
    pub(super) async fn carry_out(&self, order: Order) {
        match order {
            Order::Edit { message, post, receipt } => drop(receipt.send(self.edit(&message, &post).await)),
            Order::Join { room, done, .. } => self.obey_join(room, done).await,
            Order::Leave { room, done } => self.obey_leave(room, done).await,
            Order::Offer { .. } => order.refuse("Matrix offers no commands"),
            Order::Post { post, receipt } => drop(receipt.send(self.post(&post).await)),
            Order::React { room, message, emoji, done } => {
                let end = self.react(&room, &message, emoji.as_deref()).await;
                drop(done.send(end.map_err(|undelivered| undelivered.why().to_owned())));
            }
        }
    }

    async fn post(&self, post: &Post) -> Result<Receipt, Undelivered> {
        let room = self.open(&post.room).await?;
        let content = match &post.file {
            Some(file) => outbound::file(post, file, self.upload(&room, file).await?),
            None => outbound::message(post, self.config.notice),
        };
        self.send(&room, "m.room.message", content, &outbound::transaction(post)).await
    }

    async fn edit(&self, message: &MessageId, post: &Post) -> Result<Receipt, Undelivered> {
        let room = self.open(&post.room).await?;
        let message = self.there(&room, message).await?;
        let content = outbound::edit(post, &message, self.config.notice);
        self.send(&room, "m.room.message", content, &outbound::edit_transaction(post, &message)).await?;
        Ok(Receipt { id: Some(MessageId::new(message.as_str())) })
    }

    /// Puts our reaction to a message in the place of those that there are.
    async fn react(&self, room: &RoomId, message: &MessageId, emoji: Option<&str>) -> Result<(), Undelivered> {
        let room = self.open(room).await?;
        let message = outbound::event_id(message).ok_or_else(|| refused("there is no such message"))?;
        let mut is_there = false;
        for (id, key) in self.reactions(&room, message).await? {
            if Some(key.as_str()) == emoji {
                is_there = true;
            } else {
                room.redact(&id, None, None).await.map_err(|error| failure::fate(&error.into()))?;
            }
        }
        let Some(emoji) = emoji.filter(|_| !is_there) else { return Ok(()) };
        let content = outbound::reaction(message, emoji);
        self.send(&room, "m.reaction", content, &TransactionId::new()).await?;
        Ok(())
    }

    /// Our reactions to a message.
    async fn reactions(&self, room: &Room, message: &EventId) -> Result<Vec<(OwnedEventId, String)>, Undelivered> {
        let options = RelationsOptions {
            include_relations: IncludeRelations::RelationsOfTypeAndEventType(
                RelationType::Annotation,
                TimelineEventType::Reaction,
            ),
            ..RelationsOptions::default()
        };
        let answer = match room.relations(message.to_owned(), options).await {
            Ok(answer) => answer,
            // What is gone has no reactions, and those who have none there are told so differently.
            Err(error) if failure::is_refusal(&error) => return Ok(Vec::new()),
            Err(error) => return Err(failure::fate(&error)),
        };
        let ours = answer.chunk.iter().filter(|event| event.sender().is_some_and(|sender| self.is_me(&sender)));
        Ok(ours.filter_map(|event| Some((event.event_id()?, emoji(event.raw())?))).collect())
    }

    /// The id of a message of ours that is still there to be edited.
    async fn there(&self, room: &Room, message: &MessageId) -> Result<OwnedEventId, Undelivered> {
        let id = outbound::event_id(message).ok_or_else(|| refused("there is no such message"))?;
        let request = get_room_event::v3::Request::new(room.room_id().to_owned(), id.to_owned());
        let answer = self.client.send(request).await.map_err(|error| failure::fate(&error.into()))?;
        let event: Written =
            answer.event.deserialize_as_unchecked().map_err(|error| refused(&error.to_string()))?;
        if event.unsigned.redacted_because.is_some() {
            return Err(refused("the message is gone"));
        }
        if !self.is_me(&event.sender) {
            return Err(refused("the message is not ours"));
        }
        Ok(id.to_owned())
    }

    async fn send(
        &self,
        room: &Room,
        kind: &str,
        content: Value,
        transaction: &TransactionId,
    ) -> Result<Receipt, Undelivered> {
        match room.send_raw(kind, content).with_transaction_id(transaction).await {
            Ok(sent) => Ok(Receipt { id: Some(MessageId::new(sent.response.event_id.as_str())) }),
            Err(error) => Err(failure::fate(&error)),
        }
    }

    /// Brings a file to the server; in an encrypted room it is encrypted before. Returns where it is.
    async fn upload(&self, room: &Room, file: &File) -> Result<(&'static str, Value), Undelivered> {
        let encryption = room.latest_encryption_state().await.map_err(|error| failure::fate(&error))?;
        if encryption.is_encrypted() {
            let mut content = Cursor::new(&file.content);
            let place = self.client.upload_encrypted_file(&mut content).await;
            let place = place.map_err(|error| failure::fate(&error))?;
            let place = serde_json::to_value(place).map_err(|error| refused(&error.to_string()))?;
            return Ok(("file", place));
        }
        let kind = file.media_type.parse().map_err(|_| refused("the file's media type is none"))?;
        let uploaded = self.client.media().upload(&kind, file.content.to_vec(), None).await;
        let place = uploaded.map_err(|error| failure::fate(&error))?.content_uri;
        Ok(("url", Value::String(place.to_string())))
    }

    /// The room that a name means, ready to be written in.
    async fn open(&self, name: &RoomId) -> Result<Room, Undelivered> {
        let room = match address::person(name) {
            Some(person) => {
                let person = UserId::parse(person).map_err(|error| refused(&error.to_string()))?;
                self.direct(&person).await?
            }
            None => {
                // An alias may lead to a room that we are in.
                self.find(name).await;
                self.joined(name).ok_or_else(|| self.closed(name))?
            }
        };
        if room.successor_room().is_some() {
            return Err(Undelivered::Later {
                after: None,
                why: format!("{name} has been replaced by another room"),
            });
        }
        if !self.config.encryption && room.latest_encryption_state().await.is_ok_and(|state| state.is_encrypted())
        {
            return Err(refused(&format!("{name} is encrypted, and encryption = false")));
        }
        Ok(room)
    }

    fn closed(&self, name: &RoomId) -> Undelivered {
        let why = format!("{name} is not joined");
        if self.lasting.is_wanted(name) { Undelivered::Later { after: None, why } } else { refused(&why) }
    }

    /// The room in which we are alone with somebody; made if there is none.
    async fn direct(&self, person: &OwnedUserId) -> Result<Room, Undelivered> {
        let last = self.lasting.direct(person).and_then(|id| self.client.get_room(&id));
        for room in last.into_iter().chain(self.client.get_dm_rooms(person)) {
            if self.is_private(&room, person).await? {
                return Ok(room);
            }
        }
        let encryption =
            InitialStateEvent::with_empty_state_key(RoomEncryptionEventContent::with_recommended_defaults());
        let request = assign!(create::Request::new(), {
            invite: vec![person.clone()],
            is_direct: true,
            preset: Some(create::RoomPreset::TrustedPrivateChat),
            initial_state: self.config.encryption.then(|| encryption.to_raw_any()).into_iter().collect(),
        });
        let room = self.client.create_room(request).await.map_err(|error| failure::fate(&error))?;
        self.lasting.wrote(person, room.room_id());
        Ok(room)
    }

    /// Whether somebody and nobody else reads along in a room, now or when they follow our invitation.
    async fn is_private(&self, room: &Room, person: &UserId) -> Result<bool, Undelivered> {
        if room.state() != RoomState::Joined || room.active_members_count() > 2 || room.successor_room().is_some()
        {
            return Ok(false);
        }
        let member = room.get_member(person).await.map_err(|error| failure::fate(&error))?;
        let is_there =
            |membership: &MembershipState| matches!(membership, MembershipState::Invite | MembershipState::Join);
        Ok(member.is_some_and(|member| is_there(member.membership())))
    }
}

/// What matters of a message that we may have written.
#[derive(Deserialize)]
struct Written {
    sender: OwnedUserId,
    #[serde(default)]
    unsigned: Unsigned,
}

#[derive(Default, Deserialize)]
struct Unsigned {
    redacted_because: Option<serde::de::IgnoredAny>,
}

fn emoji<T>(event: &Raw<T>) -> Option<String> {
    let content: Value = event.get_field("content").ok()??;
    Some(content.get("m.relates_to")?.get("key")?.as_str()?.to_owned())
}

fn refused(why: &str) -> Undelivered {
    Undelivered::Refused { why: why.to_owned() }
}
