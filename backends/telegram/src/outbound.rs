//! From a post to a call. Pure.

use fulmar_contract::{Identity, Mention, Offered, Post, Undelivered, Unit};
use serde_json::Value;
use teloxide::{
    payloads::{EditMessageText, EditMessageTextSetters, SendMessage, SendMessageSetters},
    types::{BotCommand, ChatId, LinkPreviewOptions, MessageId, ParseMode, ReplyParameters, ThreadId},
};

use crate::place::{self, Place};

/// A text as Telegram takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    /// What goes over the wire.
    pub(crate) written: String,
    /// Whether that is HTML.
    pub(crate) is_marked: bool,
    /// How much of it is shown, in code units of UTF-16.
    pub(crate) length: usize,
}

/// Where a post goes besides its chat, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Manner {
    pub(crate) topic: Option<i32>,
    /// The message that it answers.
    pub(crate) answers: Option<i32>,
    pub(crate) is_silent: bool,
    pub(crate) is_protected: bool,
    pub(crate) has_preview: bool,
}

/// The text of `post`, with the name of whom it mentions.
///
/// A name that would make it too long is left out.
pub(crate) fn text(post: &Post) -> Text {
    let shown = inert(&post.text);
    let length = Unit::Utf16.measure(&shown);
    let whom = post.mention.as_ref().map(|mention| (mention, inert(&mention.name)));
    let whom = whom.filter(|(_, name)| length + Unit::Utf16.measure(name) + SEPARATOR.len() <= LONGEST_TEXT);
    let Some((mention, name)) = whom else {
        let is_marked = post.marked.is_some();
        return Text { written: post.marked.as_deref().map_or(shown, inert), is_marked, length };
    };
    let length = length + Unit::Utf16.measure(&name) + SEPARATOR.len();
    match (person(mention), &post.marked) {
        (None, None) => Text { written: format!("{name}{SEPARATOR}{shown}"), is_marked: false, length },
        (person, marked) => {
            let name = escaped(&name);
            let name =
                person.map_or_else(|| name.clone(), |id| format!("<a href=\"tg://user?id={id}\">{name}</a>"));
            let body = marked.as_deref().map_or_else(|| escaped(&shown), inert);
            Text { written: format!("{name}{SEPARATOR}{body}"), is_marked: true, length }
        }
    }
}

/// The number of whom the network vouches for.
fn person(mention: &Mention) -> Option<u64> {
    match &mention.identity {
        Identity::Vouched(id) => place::number(id.as_str()),
        Identity::Claimed(_) => None,
    }
}

/// How `post` is to be written to `place`.
pub(crate) fn manner(post: &Post, place: Place) -> Manner {
    let says = |key: &str| post.extra.get(key).and_then(Value::as_bool);
    let thread = post.thread.as_ref().and_then(|thread| place::number(thread.as_str()));
    let answered = post.answers.as_ref().and_then(place::message);
    Manner {
        topic: place.topic.or(thread),
        answers: answered.filter(|(chat, _)| *chat == place.chat).map(|(_, message)| message),
        is_silent: says("disable_notification").unwrap_or_default(),
        is_protected: says("protect_content").unwrap_or_default(),
        has_preview: says("disable_web_page_preview") == Some(false),
    }
}

/// The call that writes a text.
pub(crate) fn message(chat: i64, text: Text, manner: &Manner) -> SendMessage {
    let preview = preview(manner);
    let mut call = SendMessage::new(ChatId(chat), text.written).link_preview_options(preview);
    call.disable_notification = manner.is_silent.then_some(true);
    call.protect_content = manner.is_protected.then_some(true);
    call.message_thread_id = manner.topic.map(|topic| ThreadId(MessageId(topic)));
    call.parse_mode = text.is_marked.then_some(ParseMode::Html);
    let reply = |message| ReplyParameters::new(MessageId(message)).allow_sending_without_reply();
    call.reply_parameters = manner.answers.map(reply);
    call
}

/// The call that puts a text in the place of another.
pub(crate) fn edit(chat: i64, message: i32, text: Text, manner: &Manner) -> EditMessageText {
    let preview = preview(manner);
    let mut call =
        EditMessageText::new(ChatId(chat), MessageId(message), text.written).link_preview_options(preview);
    call.parse_mode = text.is_marked.then_some(ParseMode::Html);
    call
}

fn preview(manner: &Manner) -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: !manner.has_preview,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

/// The commands that Telegram can offer: small letters, digits and `_`.
pub(crate) fn commands(offered: &[Offered]) -> Vec<BotCommand> {
    let mut commands: Vec<BotCommand> = Vec::new();
    for Offered { word, summary } in offered {
        let is_word = |word: &str| word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        let is_known = commands.iter().any(|command| command.command == *word);
        if (1..=LONGEST_WORD).contains(&word.len()) && is_word(word) && !is_known {
            let summary = inert(summary);
            let summary = cut(if summary.trim().is_empty() { word } else { summary.trim() });
            commands.push(BotCommand::new(word.clone(), summary));
        }
    }
    commands.truncate(MOST_COMMANDS);
    commands
}

fn cut(summary: &str) -> String {
    let mut length = 0;
    let fits = |c: &char| {
        length += c.len_utf16();
        length <= LONGEST_SUMMARY
    };
    summary.chars().take_while(fits).collect()
}

/// The emoji as Telegram spells it: without the selector of its coloured form.
pub(crate) fn emoji(emoji: &str) -> String {
    emoji.replace('\u{fe0f}', "")
}

/// What is certainly no message.
pub(crate) fn check(text: &Text) -> Result<(), Undelivered> {
    let why = if text.written.trim().is_empty() {
        "there is no text in it".to_owned()
    } else if text.length > LONGEST_TEXT {
        format!("it is longer than {LONGEST_TEXT} code units")
    } else {
        return Ok(());
    };
    Err(Undelivered::Refused { why })
}

/// Text in which nothing is a tag.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text without control characters. Carriage returns before line ends go, others are line ends.
fn inert(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

/// Between a name and what is said to them.
const SEPARATOR: &str = ": ";
/// Documented for `sendMessage`: after entities parsing, in code units of UTF-16.
pub(crate) const LONGEST_TEXT: usize = 4096;
/// Documented for `sendDocument`.
pub(crate) const LONGEST_CAPTION: usize = 1024;
/// Documented for `sendDocument`: 50 MB.
pub(crate) const LARGEST_FILE: u64 = 50_000_000;
/// Documented for `setMyCommands`.
pub(crate) const MOST_COMMANDS: usize = 100;
/// Documented for `BotCommand`.
const LONGEST_WORD: usize = 32;
/// Documented for `BotCommand`.
const LONGEST_SUMMARY: usize = 256;

#[cfg(test)]
mod tests;
