//! What we write, as the content of Matrix's events. Pure.

use fulmar_contract::{File, MessageId, Post};
use matrix_sdk::ruma::{EventId, OwnedTransactionId, TransactionId};
use serde_json::{Map, Value, json};

use crate::address;

/// Both texts of a post together: however they are escaped and encrypted, the event stays below the 65,536 bytes that it
/// may have. In JSON each byte becomes two at most, by encryption three become four, and the rest takes about 3,000.
pub(crate) const LIMIT: usize = 22_000;

/// The largest file: less than servers allow by default.
pub(crate) const LARGEST_FILE: u64 = 10 << 20;

/// The content of a message.
pub(crate) fn message(post: &Post, notice: bool) -> Value {
    let mut content = text(post, notice);
    if let Some(relation) = relation(post) {
        content.insert("m.relates_to".into(), relation);
    }
    Value::Object(content)
}

/// The content of a message that takes the place of another.
///
/// Programs that do not know of edits show a message with the first words; nobody is alerted by it.
pub(crate) fn edit(post: &Post, message: &EventId, notice: bool) -> Value {
    let new = text(post, notice);
    let first: String = post.text.lines().next().unwrap_or_default().chars().take(FIRST_WORDS).collect();
    json!({
        "msgtype": msgtype(notice),
        "body": format!("* {}", clean(&first)),
        "m.mentions": {},
        "m.new_content": new,
        "m.relates_to": { "rel_type": "m.replace", "event_id": message },
    })
}

/// The content of a message with a file that is at `place`: `url`, or `file` if it is encrypted.
pub(crate) fn file(post: &Post, file: &File, place: (&str, Value)) -> Value {
    let caption = text(post, false);
    let has_caption = !post.text.trim().is_empty();
    let kind = if file.media_type.starts_with("image/") { "m.image" } else { "m.file" };
    let mut content = if has_caption { caption } else { Map::new() };
    if !has_caption {
        content.insert("body".into(), file.name.clone().into());
        content.insert("m.mentions".into(), json!({}));
    }
    content.insert("msgtype".into(), kind.into());
    content.insert("filename".into(), file.name.clone().into());
    content.insert("info".into(), json!({ "mimetype": file.media_type, "size": file.content.len() }));
    content.insert(place.0.into(), place.1);
    if let Some(relation) = relation(post) {
        content.insert("m.relates_to".into(), relation);
    }
    Value::Object(content)
}

/// The content of a reaction.
pub(crate) fn reaction(message: &EventId, emoji: &str) -> Value {
    json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": message, "key": clean(emoji) } })
}

/// By this the server knows a second attempt at the same post.
pub(crate) fn transaction(post: &Post) -> OwnedTransactionId {
    <&TransactionId>::from(format!("fulmar-{}", post.key).as_str()).to_owned()
}

/// As [`transaction`], of an edit.
pub(crate) fn edit_transaction(post: &Post, message: &EventId) -> OwnedTransactionId {
    <&TransactionId>::from(format!("fulmar-{}-{message}", post.key).as_str()).to_owned()
}

/// The id of an event, if it is one.
pub(crate) fn event_id(message: &MessageId) -> Option<&EventId> {
    <&EventId>::try_from(message.as_str()).ok()
}

fn text(post: &Post, notice: bool) -> Map<String, Value> {
    let mut body = clean(&post.text);
    let mut html = post.marked.as_deref().map(clean);
    let mut mentions = json!({});
    if let Some(mention) = &post.mention {
        let name = clean(&mention.name).replace(['\n', '\t'], " ");
        let id = mention.identity.as_str();
        if address::is_full_user(id) {
            mentions = json!({ "user_ids": [id] });
            let marked = html.unwrap_or_else(|| escaped(&body).replace('\n', "<br>"));
            let pill = format!("<a href=\"https://matrix.to/#/{}\">{}</a>", escaped(id), escaped(&name));
            html = Some(format!("{pill}: {marked}"));
        } else {
            html = html.map(|html| format!("{}: {html}", escaped(&name)));
        }
        body = format!("{name}: {body}");
    }
    let mut content = Map::new();
    content.insert("msgtype".into(), msgtype(notice).into());
    if let Some(html) = html.filter(|html| post.marked.is_some() || html.len() + body.len() <= LIMIT) {
        content.insert("format".into(), "org.matrix.custom.html".into());
        content.insert("formatted_body".into(), html.into());
    }
    content.insert("body".into(), body.into());
    // Even if there is nobody in it: without it, programs look for names and `@room` in the text.
    content.insert("m.mentions".into(), mentions);
    content
}

const fn msgtype(notice: bool) -> &'static str {
    if notice { "m.notice" } else { "m.text" }
}

/// Where a post belongs. What is no event's id belongs nowhere.
fn relation(post: &Post) -> Option<Value> {
    let answers = post.answers.as_ref().and_then(event_id);
    let thread = post.thread.as_ref().and_then(|thread| <&EventId>::try_from(thread.as_str()).ok());
    let Some(root) = thread else {
        return answers.map(|answers| json!({ "m.in_reply_to": { "event_id": answers } }));
    };
    Some(json!({
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": answers.is_none(),
        "m.in_reply_to": { "event_id": answers.unwrap_or(root) },
    }))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text without control characters but line ends and tabulators.
fn clean(text: &str) -> String {
    text.replace("\r\n", "\n")
        .replace('\r', "\n")
        .replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "")
}

/// How many characters of an edit programs show that do not know of edits.
const FIRST_WORDS: usize = 200;

#[cfg(test)]
mod tests;
