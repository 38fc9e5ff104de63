//! From an update to what happened. Pure.

mod command;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, de::IgnoredAny};
use teloxide::types::{
    ChatMemberUpdated, MaybeAnonymousUser, Message, MessageReactionUpdated, ReactionType, Update, UpdateKind, User,
};

/// Who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Me {
    pub(crate) id: u64,
    pub(crate) username: String,
}

/// What an update tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fact {
    /// A group has another id from now on.
    Moved { from: i64, to: i64 },
    /// Somebody changed their reactions.
    Reacted(Reacted),
    /// Somebody wrote something.
    Said(Said),
    /// We came into a chat, or are out of it.
    Standing { chat: i64, title: String, is_in: bool, status: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) chat: i64,
    /// What the chat is called; empty for one with a person.
    pub(crate) title: String,
    pub(crate) topic: Option<i32>,
    pub(crate) message: i32,
    pub(crate) author: Author,
    pub(crate) text: String,
    /// Whether it is for us by its first word.
    pub(crate) mentioned: bool,
    pub(crate) is_private: bool,
    pub(crate) at: SystemTime,
}

/// Who wrote something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Author {
    /// Some administrator of the group, who does not want to be known.
    Anonymous {
        name: String,
    },
    Person {
        id: u64,
        name: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reacted {
    pub(crate) chat: i64,
    pub(crate) message: i32,
    pub(crate) author: Author,
    pub(crate) gone: Vec<String>,
    pub(crate) new: Vec<String>,
}

/// The number of an update, which every one has.
pub(crate) fn number(update: &str) -> Option<i64> {
    head(update)?.update_id
}

/// What `update`, in JSON, tells, if anything. Nonsense tells nothing.
pub(crate) fn read(update: &str, me: &Me) -> Option<Fact> {
    // The library would panic over a reaction of nobody.
    if head(update)?.message_reaction.is_some_and(|reaction| reaction.user.or(reaction.actor_chat).is_none()) {
        return None;
    }
    match serde_json::from_str::<Update>(update).ok()?.kind {
        UpdateKind::Message(message) => spoken(&message, me),
        UpdateKind::MessageReaction(reaction) => reacted(&reaction).map(Fact::Reacted),
        UpdateKind::MyChatMember(member) => Some(standing(&member)),
        _ => None,
    }
}

/// What can be read of any update.
#[derive(Deserialize)]
struct Head {
    update_id: Option<i64>,
    message_reaction: Option<Actor>,
}

#[derive(Deserialize)]
struct Actor {
    user: Option<IgnoredAny>,
    actor_chat: Option<IgnoredAny>,
}

fn head(update: &str) -> Option<Head> {
    serde_json::from_str(update).ok()
}

fn spoken(message: &Message, me: &Me) -> Option<Fact> {
    let chat = message.chat.id.0;
    if let Some(to) = message.migrate_to_chat_id() {
        return Some(Fact::Moved { from: chat, to: to.0 });
    }
    if let Some(from) = message.migrate_from_chat_id() {
        return Some(Fact::Moved { from: from.0, to: chat });
    }
    // Words of somebody else, or of another bot, in a person's mouth.
    if message.via_bot.is_some() || message.forward_origin().is_some() || message.is_automatic_forward() {
        return None;
    }
    let author = author(message)?;
    let (text, mentioned) = command::strip(message.text()?, message.entities().unwrap_or_default(), me)?;
    let is_private = message.chat.is_private();
    Some(Fact::Said(Said {
        chat,
        title: message.chat.title().unwrap_or_default().to_owned(),
        topic: message.thread_id.filter(|_| message.is_topic_message).map(|thread| thread.0.0),
        message: message.id.0,
        author,
        text: if is_private && mentioned && text == "start" { "help".into() } else { text },
        mentioned,
        is_private,
        at: time(message.date.timestamp()),
    }))
}

/// Who wrote it; nobody if that was a program, or somebody in the name of a channel of theirs.
fn author(message: &Message) -> Option<Author> {
    match (&message.sender_chat, &message.from) {
        (Some(group), _) if group.id == message.chat.id && !group.is_channel() => {
            Some(Author::Anonymous { name: group.title().unwrap_or("anonymous").to_owned() })
        }
        (None, Some(user)) => person(user),
        (Some(_), _) | (None, None) => None,
    }
}

fn person(user: &User) -> Option<Author> {
    (!user.is_bot).then(|| Author::Person { id: user.id.0, name: user.full_name() })
}

fn reacted(reaction: &MessageReactionUpdated) -> Option<Reacted> {
    let MaybeAnonymousUser::User(user) = &reaction.actor else { return None };
    let author = person(user)?;
    let emoji = |reactions: &[ReactionType]| -> Vec<String> {
        reactions.iter().filter_map(|reaction| reaction.emoji().cloned()).collect()
    };
    let (old, new) = (emoji(&reaction.old_reaction), emoji(&reaction.new_reaction));
    let less = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|one| !those.contains(one)).cloned().collect()
    };
    Some(Reacted {
        chat: reaction.chat.id.0,
        message: reaction.message_id.0,
        author,
        gone: less(&old, &new),
        new: less(&new, &old),
    })
}

fn standing(update: &ChatMemberUpdated) -> Fact {
    let kind = &update.new_chat_member.kind;
    Fact::Standing {
        chat: update.chat.id.0,
        title: update.chat.title().unwrap_or_default().to_owned(),
        is_in: kind.is_present(),
        status: format!("{:?}", kind.status()).to_lowercase(),
    }
}

fn time(seconds: i64) -> SystemTime {
    let since = u64::try_from(seconds).unwrap_or_default();
    UNIX_EPOCH.checked_add(Duration::from_secs(since)).unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests;
