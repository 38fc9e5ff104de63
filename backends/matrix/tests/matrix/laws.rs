//! The laws.

use std::sync::Arc;

use async_trait::async_trait;
use fulmar_conformance::Harness;
use fulmar_contract::{Backend, MessageId, RoomId, Sender};
use serde_json::{Value, json};

use crate::place::Place;

/// A real homeserver.
struct Synapse {
    place: Place,
    /// The one-to-one room with us.
    direct: Option<String>,
}

impl Synapse {
    /// The id of a room that the backend calls so.
    fn id(&self, room: &RoomId) -> String {
        match room.as_str() {
            name if name == self.place.room => self.place.room_id.clone(),
            name if name.starts_with('@') => self.direct.clone().unwrap(),
            id => id.to_owned(),
        }
    }
}

#[async_trait]
impl Harness for Synapse {
    async fn start() -> Option<Self> {
        Place::new().await.map(|place| Self { place, direct: None })
    }

    fn backend(&self) -> Arc<dyn Backend> {
        self.place.chat().build()
    }

    fn backend_with_bad_login(&self) -> Arc<dyn Backend> {
        self.place.chat().text("password", "wrong").build()
    }

    fn room(&self) -> &str {
        &self.place.room
    }

    fn other_room(&self) -> &str {
        &self.place.other
    }

    fn unknown_room(&self) -> &str {
        "#there-is-no-such-room:localhost"
    }

    async fn peer_says(&mut self, room: &RoomId, text: &str) {
        self.place.peer.says(&self.id(room), text).await;
    }

    async fn peer_says_directly(&mut self, me: &Sender, text: &str) {
        let us = me.identity.as_str();
        let room = json!({ "preset": "trusted_private_chat", "is_direct": true, "invite": [us] });
        let room = self.place.peer.makes(&room).await;
        self.place.peer.says(&room, text).await;
        self.direct = Some(room);
    }

    async fn peer_hears(&mut self, room: &RoomId) -> String {
        let room = self.id(room);
        text(&self.place.peer.hears(&room).await["content"])
    }

    async fn peer_sees_edit(&mut self, room: &RoomId) -> String {
        let room = self.id(room);
        text(&self.place.peer.sees_edit(&room).await["content"]["m.new_content"])
    }

    async fn forget(&mut self, room: &RoomId, message: &MessageId) {
        self.place.peer.redacts(&self.id(room), message.as_str()).await;
    }

    async fn sees_us_leave(&mut self) {
        self.place.proxy.unused().await;
    }

    async fn sever(&mut self) {
        self.place.proxy.cut().await;
    }

    async fn garbage(&mut self) {
        let room = &self.place.room_id;
        for (kind, content) in [
            ("m.room.message", json!({})),
            ("m.room.message", json!({ "msgtype": "m.text", "body": 7 })),
            (
                "m.room.message",
                json!({ "msgtype": "m.text", "body": "x", "m.relates_to": { "rel_type": "m.thread" } }),
            ),
            ("m.room.message", json!({ "msgtype": "m.file", "body": "x", "url": "x" })),
            ("m.room.encrypted", json!({ "algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "x" })),
            ("m.room.encrypted", json!({ "algorithm": "none" })),
            ("m.reaction", json!({ "m.relates_to": { "event_id": "x", "key": "y", "rel_type": "m.annotation" } })),
            ("org.example.nothing", json!({ "deep": [[[[[[]]]]]] })),
        ] {
            self.place.peer.sends(room, kind, &content).await;
        }
        self.place.peer.sets(room, "m.room.tombstone", &json!({ "body": "nowhere" })).await;
        self.place.peer.sets(room, "m.room.name", &json!({ "name": 7 })).await;
    }
}

fn text(content: &Value) -> String {
    content["body"].as_str().unwrap().to_owned()
}

fulmar_conformance::laws!(Synapse);
