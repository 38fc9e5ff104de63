//! The laws.

use std::sync::Arc;

use async_trait::async_trait;
use fulmar_botapi::{ADA, BOB, BotApi, OPS, Saying, Shown, TOPIC};
use fulmar_conformance::{Harness, Seen};
use fulmar_contract::{Backend, File, MessageId, RoomId, Sender, ThreadId};
use serde_json::json;

use crate::chat;

/// People at their telephones.
struct People {
    api: BotApi,
    room: String,
}

#[async_trait]
impl Harness for People {
    async fn start() -> Option<Self> {
        Some(Self { api: BotApi::start().await, room: OPS.to_string() })
    }

    fn backend(&self) -> Arc<dyn Backend> {
        chat::on(&self.api).build()
    }

    fn backend_with_bad_login(&self) -> Arc<dyn Backend> {
        chat::on(&self.api).text("token", "1:nobody").build()
    }

    fn room(&self) -> &str {
        &self.room
    }

    fn unknown_room(&self) -> &str {
        "-1009999999999"
    }

    fn mention(&self, me: &Sender) -> String {
        format!("@{} ", me.name)
    }

    async fn peer_says(&mut self, room: &RoomId, text: &str) {
        self.api.say(chat(room), ADA, text);
    }

    async fn peer_says_directly(&mut self, _: &Sender, text: &str) {
        self.api.say(ADA, ADA, text);
    }

    async fn peer_says_in_thread(&mut self, room: &RoomId, text: &str) {
        self.api.write(chat(room), ADA, &Saying { topic: Some(TOPIC), ..Saying::text(text) });
    }

    async fn peer_hears(&mut self, room: &RoomId) -> String {
        self.api.next_post(chat(room)).await.text
    }

    async fn peer_sees(&mut self, room: &RoomId) -> Seen {
        seen(chat(room), self.api.next_post(chat(room)).await)
    }

    async fn peer_sees_edit(&mut self, room: &RoomId) -> String {
        self.api.next_edit(chat(room)).await.text
    }

    async fn peer_edits(&mut self, _: &RoomId, message: &MessageId, text: &str) {
        let (chat, message) = number(message);
        self.api.edit(chat, message, text);
    }

    async fn peer_reacts(&mut self, _: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let (chat, message) = number(message);
        self.api.react(chat, message, ADA, emoji);
    }

    async fn peer_sees_reaction(&mut self, _: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let (chat, message) = number(message);
        self.api.reaction(chat, message, emoji).await;
    }

    async fn peer_is_offered(&mut self, words: &[&str]) {
        let offered: Vec<String> = self.api.commands().into_iter().map(|(word, _)| word).collect();
        assert_eq!(offered, words);
    }

    async fn peer_is_renamed(&mut self) {
        self.api.person(ADA, "Augusta", Some("augusta"));
    }

    async fn impostor_says(&mut self, room: &RoomId, name: &str, text: &str) {
        self.api.person(BOB, name, Some("ada_lovelace"));
        self.api.say(chat(room), BOB, text);
    }

    async fn forget(&mut self, _: &RoomId, message: &MessageId) {
        let (chat, message) = number(message);
        self.api.delete(chat, message);
    }

    async fn sees_us_leave(&mut self) {
        self.api.gone().await;
    }

    async fn sever(&mut self) {
        self.api.sever();
    }

    async fn garbage(&mut self) {
        for update in [
            json!({}),
            json!({"message": null}),
            json!({"message": {"message_id": "x", "chat": []}}),
            json!({"message_reaction": {"chat": {"id": OPS, "type": "supergroup"}, "message_id": 1, "date": 1,
                "old_reaction": [], "new_reaction": []}}),
            json!({"my_chat_member": 5}),
            json!({"something_new": {"a": ["b"]}}),
        ] {
            self.api.update(&update);
        }
    }
}

fn chat(room: &RoomId) -> i64 {
    room.as_str().parse().unwrap()
}

fn number(message: &MessageId) -> (i64, i32) {
    let (chat, message) = message.as_str().split_once('/').unwrap();
    (chat.parse().unwrap(), message.parse().unwrap())
}

fn seen(chat: i64, shown: Shown) -> Seen {
    Seen {
        bold: shown.pieces("bold"),
        text: shown.text,
        thread: shown.topic.map(|topic| ThreadId::new(topic.to_string())),
        answers: shown.answers.map(|message| MessageId::new(format!("{chat}/{message}"))),
        file: shown.file.map(|file| File { name: file.name, media_type: file.media_type, content: file.content }),
    }
}

fulmar_conformance::laws!(
    People,
    except joins_a_room_when_told: "only people can let a bot into a chat",
    except leaves_a_room_when_told: "a bot stays where people let it in",
    except remembers_its_rooms_in_the_next_life: "there is nothing to remember",
);
