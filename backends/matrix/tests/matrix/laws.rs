//! The laws.

use std::sync::Arc;

use async_trait::async_trait;
use fulmar_conformance::{Harness, Seen};
use fulmar_contract::{Backend, File, MessageId, RoomId, Sender, ThreadId};
use matrix_sdk::reqwest::Method;
use serde_json::{Value, json};

use crate::{
    peer::{Peer, escaped},
    place::Place,
};

/// A real homeserver.
struct Synapse {
    place: Place,
    /// The one-to-one room with us.
    direct: Option<String>,
    /// Where the peer's thread begins.
    thread: Option<String>,
    /// The peer's reaction.
    reaction: Option<String>,
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
        Place::new().await.map(|place| Self { place, direct: None, thread: None, reaction: None })
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

    async fn peer_sees(&mut self, room: &RoomId) -> Seen {
        let room = self.id(room);
        let content = self.place.peer.hears(&room).await["content"].clone();
        let file = match content["url"].as_str() {
            Some(url) => Some(File {
                name: content["filename"].as_str().unwrap().to_owned(),
                media_type: content["info"]["mimetype"].as_str().unwrap().to_owned(),
                content: self.place.peer.downloads(url).await.into(),
            }),
            None => None,
        };
        seen(&content, file)
    }

    async fn peer_says_in_thread(&mut self, room: &RoomId, text: &str) {
        let room = self.id(room);
        let root = match &self.thread {
            Some(root) => root.clone(),
            // A notice is not heard.
            None => {
                let notice = json!({ "msgtype": "m.notice", "body": "here it begins" });
                self.place.peer.sends(&room, "m.room.message", &notice).await
            }
        };
        let relation = json!({
            "rel_type": "m.thread", "event_id": root, "is_falling_back": true, "m.in_reply_to": { "event_id": root },
        });
        let content = json!({ "msgtype": "m.text", "body": text, "m.relates_to": relation });
        self.place.peer.sends(&room, "m.room.message", &content).await;
        self.thread = Some(root);
    }

    async fn peer_edits(&mut self, room: &RoomId, message: &MessageId, text: &str) {
        let content = json!({
            "msgtype": "m.text", "body": format!("* {text}"),
            "m.new_content": { "msgtype": "m.text", "body": text },
            "m.relates_to": { "rel_type": "m.replace", "event_id": message.as_str() },
        });
        self.place.peer.sends(&self.id(room), "m.room.message", &content).await;
    }

    async fn peer_reacts(&mut self, room: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let room = self.id(room);
        if let Some(reaction) = self.reaction.take() {
            self.place.peer.redacts(&room, &reaction).await;
        }
        if let Some(emoji) = emoji {
            let relation = json!({ "rel_type": "m.annotation", "event_id": message.as_str(), "key": emoji });
            let content = json!({ "m.relates_to": relation });
            self.reaction = Some(self.place.peer.sends(&room, "m.reaction", &content).await);
        }
    }

    async fn peer_sees_reaction(&mut self, room: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let (room, message) = (escaped(&self.id(room)), escaped(message.as_str()));
        let us = self.place.us();
        loop {
            let path = format!("rooms/{room}/relations/{message}/m.annotation");
            let answer = self.place.peer.asks_v1(&path).await;
            let ours = answer["chunk"].as_array().unwrap().iter().filter(|event| event["sender"] == us.as_str());
            let keys: Vec<_> = ours.filter_map(|event| event["content"]["m.relates_to"]["key"].as_str()).collect();
            if keys == emoji.into_iter().collect::<Vec<_>>() {
                return;
            }
            self.place.peer.syncs().await;
        }
    }

    async fn peer_is_renamed(&mut self) {
        let Place { peer, room_id, .. } = &mut self.place;
        peer.is_called("Ada").await;
        // The server tells the rooms in its own time.
        let is_it = |event: &Value| event["type"] == "m.room.member" && event["content"]["displayname"] == "Ada";
        peer.sees(room_id, "the new name", is_it).await;
    }

    async fn impostor_says(&mut self, room: &RoomId, name: &str, text: &str) {
        let impostor = Peer::register(&self.place.server, &format!("i{}", self.place.user)).await;
        impostor.is_called(name).await;
        let room = self.id(room);
        impostor.joins(&room).await;
        impostor.says(&room, text).await;
    }

    async fn forget(&mut self, room: &RoomId, message: &MessageId) {
        self.place.peer.redacts(&self.id(room), message.as_str()).await;
    }

    async fn sees_us_leave(&mut self) {
        self.place.proxy.unused().await;
    }

    async fn sever(&mut self) {
        self.place.proxy.shut();
    }

    async fn garbage(&mut self) {
        let room = &self.place.room_id;
        for (count, (kind, content)) in (1_000_000..).zip([
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
        ]) {
            // What the server itself does not take is no concern of ours.
            let path = format!("rooms/{}/send/{kind}/{count}", escaped(room));
            self.place.peer.tries(Method::PUT, &path, &content).await;
        }
        let nowhere = json!({ "body": "gone", "replacement_room": "!nowhere:localhost" });
        self.place.peer.sets(room, "m.room.tombstone", &nowhere).await;
    }
}

fn seen(content: &Value, file: Option<File>) -> Seen {
    let html = content["formatted_body"].as_str();
    let bold = html.unwrap_or_default().split("<strong>").skip(1);
    let relation = &content["m.relates_to"];
    let is_thread = relation["rel_type"] == "m.thread";
    let thread = relation["event_id"].as_str().filter(|_| is_thread);
    let answers = relation["m.in_reply_to"]["event_id"].as_str().filter(|_| relation["is_falling_back"] != true);
    Seen {
        text: html.map_or_else(|| text(content), shown),
        bold: bold.filter_map(|rest| Some(rest.split_once("</strong>")?.0.to_owned())).collect(),
        thread: thread.map(ThreadId::new),
        answers: answers.map(MessageId::new),
        file,
    }
}

/// What a program shows of marked text.
fn shown(html: &str) -> String {
    let mut pieces = html.split('<');
    let mut shown = pieces.next().unwrap().to_owned();
    shown.extend(pieces.filter_map(|piece| piece.split_once('>')).map(|(_, text)| text));
    shown.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn text(content: &Value) -> String {
    content["body"].as_str().unwrap().to_owned()
}

fulmar_conformance::laws!(Synapse);
