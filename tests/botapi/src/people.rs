//! What people do in their chats, and what the bot is told of it.

use serde_json::{Map, Value, json};

use crate::{
    clock,
    text::{Text, found},
    world::{Chat, Kind, Message, Person, Standing, World},
};

/// Something that a person writes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Saying {
    /// The text. Commands and mentions in it are found as Telegram finds them.
    pub text: String,
    /// The topic in which it is written.
    pub topic: Option<i32>,
    /// The message that it answers.
    pub answers: Option<i32>,
    /// What else stands in the message's JSON, or in place of what does: `forward_origin`, `via_bot`, `sender_chat`, `from`.
    pub extra: Map<String, Value>,
}

impl Saying {
    /// A text and nothing else.
    pub fn text(text: &str) -> Self {
        Self { text: text.to_owned(), ..Self::default() }
    }

    /// Adds to the message's JSON.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.extra.insert(key.to_owned(), value);
        self
    }
}

impl World {
    /// Somebody new, called `name`.
    pub(crate) fn person(&mut self, id: i64, name: &str, username: Option<&str>) {
        let username = username.map(str::to_owned);
        self.people.insert(id, Person { id, name: name.to_owned(), username, is_bot: false });
    }

    /// A new chat.
    pub(crate) fn room(&mut self, id: i64, kind: Kind, title: &str) {
        self.chats.insert(id, Chat::new(id, kind, title));
    }

    /// Somebody writes.
    ///
    /// In a chat of one person with the bot, the chat begins with it.
    pub(crate) fn say(&mut self, chat: i64, author: i64, saying: &Saying) -> Option<i32> {
        if chat == author && !self.chats.contains_key(&chat) {
            let name = self.people.get(&author)?.name.clone();
            self.room(chat, Kind::Private, &name);
        }
        let entities = found(&saying.text);
        let text = Text { entities, ..Text::plain(&saying.text) };
        let place = self.chats.get_mut(&chat)?;
        let message = Message {
            id: place.next_id(),
            author,
            date: clock(),
            text,
            topic: saying.topic,
            answers: saying.answers,
            file: None,
            silent: false,
            preview: true,
            reactions: [].into(),
            extra: saying.extra.clone(),
        };
        let (id, is_heard) = (message.id, self.is_heard(chat, &message));
        self.chats.get_mut(&chat)?.messages.insert(id, message);
        if is_heard {
            let json = self.message_json(chat, id);
            self.queue.push("message", &json);
        }
        Some(id)
    }

    /// Somebody changes a message of theirs.
    pub(crate) fn revise(&mut self, chat: i64, id: i32, text: &str) -> Option<()> {
        let message = self.chats.get_mut(&chat)?.messages.get_mut(&id)?;
        message.text = Text { entities: found(text), ..Text::plain(text) };
        let mut json = self.message_json(chat, id);
        json["edit_date"] = json!(clock());
        self.queue.push("edited_message", &json);
        Some(())
    }

    /// Somebody reacts, or takes the reaction back. The bot is told in private chats and where it is an administrator.
    pub(crate) fn react(&mut self, chat: i64, id: i32, author: i64, emoji: Option<&str>) -> Option<()> {
        let person = self.people.get(&author)?.json();
        let place = self.chats.get_mut(&chat)?;
        let message = place.messages.get_mut(&id)?;
        let old = match emoji {
            Some(emoji) => message.reactions.insert(author, emoji.to_owned()),
            None => message.reactions.remove(&author),
        };
        let list = |emoji: Option<&str>| -> Value {
            emoji.into_iter().map(|emoji| json!({"type": "emoji", "emoji": emoji})).collect()
        };
        let update = json!({
            "chat": place.json(), "message_id": id, "user": person, "date": clock(),
            "old_reaction": list(old.as_deref()), "new_reaction": list(emoji),
        });
        if place.kind == Kind::Private || place.standing == Standing::Administrator {
            self.queue.push("message_reaction", &update);
        }
        Some(())
    }

    /// The bot becomes something else in a chat.
    pub(crate) fn stand(&mut self, chat: i64, standing: Standing) -> Option<()> {
        let me = self.me.json();
        let by = self.people.values().next().map_or_else(|| me.clone(), Person::json);
        let place = self.chats.get_mut(&chat)?;
        let member = |standing: Standing| {
            let mut json = json!({"user": me, "status": standing.word()});
            match standing {
                Standing::Administrator => {
                    for right in RIGHTS {
                        json[right] = json!(false);
                    }
                }
                Standing::Kicked => json["until_date"] = json!(0),
                Standing::Member => {}
            }
            json
        };
        let update = json!({
            "chat": place.json(), "from": by, "date": clock(),
            "old_chat_member": member(place.standing), "new_chat_member": member(standing),
        });
        place.standing = standing;
        self.queue.push("my_chat_member", &update);
        Some(())
    }

    /// A group becomes a supergroup, under another id, which is returned.
    pub(crate) fn migrate(&mut self, chat: i64) -> Option<i64> {
        let to = -1_000_000_000_000 + chat;
        let title = self.chats.get(&chat)?.title.clone();
        self.room(to, Kind::Supergroup, &title);
        self.service(chat, "migrate_to_chat_id", to)?;
        self.chats.get_mut(&chat)?.migrated_to = Some(to);
        self.service(to, "migrate_from_chat_id", chat)?;
        Some(to)
    }

    fn service(&mut self, chat: i64, key: &str, value: i64) -> Option<()> {
        let author = self.people.keys().next().copied().unwrap_or_default();
        let place = self.chats.get_mut(&chat)?;
        let mut json = json!({"message_id": place.next_id(), "date": clock(), "chat": place.json()});
        json[key] = json!(value);
        if let Some(person) = self.people.get(&author) {
            json["from"] = person.json();
        }
        self.queue.push("message", &json);
        Some(())
    }

    /// Documented under "Privacy mode".
    fn is_heard(&self, chat: i64, message: &Message) -> bool {
        let Some(place) = self.chats.get(&chat) else { return false };
        let answered = message.answers.and_then(|answered| place.messages.get(&answered));
        let is_reply = answered.is_some_and(|answered| answered.author == self.me.id);
        let command = message.text.shown.strip_prefix('/').and_then(|rest| rest.split_whitespace().next());
        let addressee = command.map(|word| word.split_once('@').map(|(_, name)| name));
        let ours = self.me.username.as_deref();
        let is_command = addressee.is_some_and(|name| name.is_none_or(|name| Some(name) == ours));
        match place.standing {
            Standing::Kicked => false,
            Standing::Administrator => true,
            Standing::Member => !self.privacy || place.kind == Kind::Private || is_reply || is_command,
        }
    }
}

/// What teloxide's and others' types want to be told of an administrator.
const RIGHTS: [&str; 13] = [
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
];
