//! All that the server knows: chats, people, messages, and what the bot is still to be told.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};

use serde_json::{Map, Value, json};

use crate::{
    fault::Fault,
    flood::Flood,
    queue::{Queue, Webhook},
    refusal::Refusal,
    shown::{Attached, Outgoing, Shown},
    text::{Entity, Text},
};

/// Everything, at one moment.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) token: String,
    pub(crate) me: Person,
    /// Whether the bot hears only what is meant for it, in groups in which it is no administrator.
    pub(crate) privacy: bool,
    pub(crate) people: BTreeMap<i64, Person>,
    pub(crate) chats: BTreeMap<i64, Chat>,
    pub(crate) queue: Queue,
    pub(crate) webhook: Option<Webhook>,
    pub(crate) commands: Vec<Value>,
    pub(crate) flood: Flood,
    pub(crate) faults: Vec<Fault>,
    /// The methods that were called, by their names as the bot wrote them.
    pub(crate) calls: Vec<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) username: Option<String>,
    pub(crate) is_bot: bool,
}

impl Person {
    pub(crate) fn json(&self) -> Value {
        let mut json = json!({"id": self.id, "is_bot": self.is_bot, "first_name": self.name});
        if let Some(username) = &self.username {
            json["username"] = json!(username);
        }
        json
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Forum,
    Group,
    Private,
    Supergroup,
}

/// What the bot is in a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Administrator,
    Kicked,
    Member,
}

impl Standing {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Kicked => "kicked",
            Self::Member => "member",
        }
    }
}

#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) standing: Standing,
    pub(crate) topics: BTreeSet<i32>,
    pub(crate) migrated_to: Option<i64>,
    pub(crate) messages: BTreeMap<i32, Message>,
    /// What the bot did here and nobody has looked at yet.
    pub(crate) outgoing: VecDeque<Outgoing>,
    last: i32,
}

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: i32,
    /// The bot's own if it is the bot's.
    pub(crate) author: i64,
    pub(crate) date: u64,
    pub(crate) text: Text,
    pub(crate) topic: Option<i32>,
    pub(crate) answers: Option<i32>,
    pub(crate) file: Option<Attached>,
    pub(crate) silent: bool,
    pub(crate) preview: bool,
    /// By who reacted.
    pub(crate) reactions: BTreeMap<i64, String>,
    /// What else stands in the message's JSON.
    pub(crate) extra: Map<String, Value>,
}

impl Chat {
    pub(crate) fn new(id: i64, kind: Kind, title: &str) -> Self {
        Self {
            id,
            kind,
            title: title.to_owned(),
            standing: Standing::Member,
            topics: BTreeSet::new(),
            migrated_to: None,
            messages: BTreeMap::new(),
            outgoing: VecDeque::new(),
            last: 0,
        }
    }

    pub(crate) fn json(&self) -> Value {
        match self.kind {
            Kind::Private => json!({"id": self.id, "type": "private", "first_name": self.title}),
            Kind::Group => json!({"id": self.id, "type": "group", "title": self.title}),
            Kind::Supergroup => json!({"id": self.id, "type": "supergroup", "title": self.title}),
            Kind::Forum => {
                json!({"id": self.id, "type": "supergroup", "title": self.title, "is_forum": true})
            }
        }
    }

    pub(crate) fn next_id(&mut self) -> i32 {
        self.last += 1;
        self.last
    }

    /// What the people in the chat see of a message.
    pub(crate) fn shown(&self, message: &Message, bot: i64) -> Shown {
        Shown {
            id: message.id,
            text: message.text.shown.clone(),
            entities: message.text.entities.clone(),
            topic: message.topic,
            answers: message.answers.filter(|answered| self.messages.contains_key(answered)),
            file: message.file.clone(),
            is_silent: message.silent,
            has_preview: message.preview,
            is_ours: message.author == bot,
            reaction: message.reactions.get(&bot).cloned(),
        }
    }
}

impl World {
    pub(crate) fn new(token: &str) -> Self {
        let id = token.split(':').next().and_then(|id| id.parse().ok()).unwrap_or(1);
        let username = Some("fulmar_bot".to_owned());
        Self {
            token: token.to_owned(),
            me: Person { id, name: "Fulmar".into(), username, is_bot: true },
            privacy: false,
            people: BTreeMap::new(),
            chats: BTreeMap::new(),
            queue: Queue::default(),
            webhook: None,
            commands: Vec::new(),
            flood: Flood::default(),
            faults: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// The chat in which the bot may act.
    pub(crate) fn chat(&mut self, id: i64) -> Result<&mut Chat, Refusal> {
        let Some(chat) = self.chats.get_mut(&id) else { return Err(Refusal::bad("chat not found")) };
        if let Some(to) = chat.migrated_to {
            return Err(Refusal::migrated(to));
        }
        match (chat.standing, chat.kind) {
            (Standing::Administrator | Standing::Member, _) => Ok(chat),
            (Standing::Kicked, Kind::Private) => Err(Refusal::forbidden("bot was blocked by the user")),
            (Standing::Kicked, Kind::Group) => Err(Refusal::forbidden("bot was kicked from the group chat")),
            (Standing::Kicked, Kind::Forum | Kind::Supergroup) => {
                Err(Refusal::forbidden("bot was kicked from the supergroup chat"))
            }
        }
    }

    /// The JSON of a message, as updates and answers carry it.
    pub(crate) fn message_json(&self, chat: i64, id: i32) -> Value {
        let Some((chat, message)) = self.chats.get(&chat).and_then(|chat| Some((chat, chat.messages.get(&id)?)))
        else {
            return Value::Null;
        };
        let mut json = self.bare_json(chat, message);
        if let Some(answered) = message.answers.and_then(|answered| chat.messages.get(&answered)) {
            json["reply_to_message"] = self.bare_json(chat, answered);
        }
        json
    }

    fn bare_json(&self, chat: &Chat, message: &Message) -> Value {
        let mut json = json!({"message_id": message.id, "date": message.date, "chat": chat.json()});
        let author = if message.author == self.me.id { Some(&self.me) } else { self.people.get(&message.author) };
        if let Some(author) = author {
            json["from"] = author.json();
        }
        if let Some(topic) = message.topic {
            json["message_thread_id"] = json!(topic);
            json["is_topic_message"] = json!(true);
        }
        let Text { shown, entities } = &message.text;
        let (text, marks) = if let Some(file) = &message.file {
            json["document"] = json!({
                "file_id": format!("file-{}", message.id), "file_unique_id": format!("unique-{}", message.id),
                "file_name": file.name, "mime_type": file.media_type, "file_size": file.content.len(),
            });
            ("caption", "caption_entities")
        } else {
            ("text", "entities")
        };
        if !shown.is_empty() || message.file.is_none() && message.extra.is_empty() {
            json[text] = json!(shown);
        }
        if !entities.is_empty() {
            json[marks] = self.entities_json(entities);
        }
        for (key, value) in &message.extra {
            json[key] = value.clone();
        }
        json
    }

    /// A link to a person is a mention without a name.
    fn entities_json(&self, entities: &[Entity]) -> Value {
        let json = |entity: &Entity| {
            let mut json = json!(entity);
            let person = entity.url.as_deref().and_then(|url| url.strip_prefix("tg://user?id="));
            let known = person.and_then(|id| id.parse().ok()).and_then(|id: i64| self.people.get(&id));
            if let Some(person) = known {
                json = json!({"type": "text_mention", "offset": entity.offset, "length": entity.length});
                json["user"] = person.json();
            }
            json
        };
        entities.iter().map(json).collect()
    }

    /// What is called first among the methods that may still fail on demand.
    pub(crate) fn fault(&mut self, method: &str) -> Option<Fault> {
        let is_it = |fault: &Fault| fault.method.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(method));
        let at = self.faults.iter().position(is_it)?;
        Some(self.faults.remove(at))
    }

    /// The emoji that may be reactions.
    pub(crate) fn is_reaction(emoji: &str) -> bool {
        let known: HashSet<&str> = REACTIONS.split(' ').collect();
        known.contains(emoji)
    }
}

/// Documented under ReactionTypeEmoji.
const REACTIONS: &str = "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡";
