//! Methods by which the bot says something.

use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::chat_id;
use crate::{
    clock, html,
    parameters::Parameters,
    refusal::Refusal,
    shown::{Attached, Outgoing},
    text::{Entity, Text, utf16},
    world::{Chat, Message, World},
};

pub(super) fn message(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let text = text(parameters, "text", "entities")?;
    let chat = chat_id(parameters)?;
    world.chat(chat)?;
    if text.shown.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if utf16(&text.shown) > LONGEST_TEXT {
        return Err(Refusal::bad("message is too long"));
    }
    post(world, chat, parameters, text, None)
}

pub(super) fn document(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let caption = text(parameters, "caption", "caption_entities")?;
    let chat = chat_id(parameters)?;
    world.chat(chat)?;
    let file = parameters.file("document").ok_or_else(|| Refusal::bad("there is no document in the request"))?;
    if file.content.is_empty() {
        return Err(Refusal::bad("file must be non-empty"));
    }
    if file.content.len() > LARGEST_FILE {
        return Err(Refusal::new(413, "Request Entity Too Large"));
    }
    if utf16(&caption.shown) > LONGEST_CAPTION {
        return Err(Refusal::bad("message caption is too long"));
    }
    post(world, chat, parameters, caption, Some(file))
}

fn post(
    world: &mut World,
    chat: i64,
    parameters: &Parameters,
    text: Text,
    file: Option<Attached>,
) -> Result<Value, Refusal> {
    let bot = world.me.id;
    let topic = parameters.number("message_thread_id").and_then(|topic| i32::try_from(topic).ok());
    let place = world.chat(chat)?;
    if topic.is_some_and(|topic| !place.topics.contains(&topic)) {
        return Err(Refusal::bad("message thread not found"));
    }
    let answers = answered(place, parameters)?;
    world.flood.admit(chat, Instant::now()).map_err(Refusal::flood)?;
    let place = world.chat(chat)?;
    let message = Message {
        id: place.next_id(),
        author: bot,
        date: clock(),
        text,
        topic,
        answers,
        file,
        silent: parameters.flag("disable_notification"),
        preview: has_preview(parameters),
        reactions: [].into(),
        extra: Map::new(),
    };
    let id = message.id;
    let shown = place.shown(&message, bot);
    place.messages.insert(id, message);
    place.outgoing.push_back(Outgoing::Posted(shown));
    Ok(world.message_json(chat, id))
}

fn answered(chat: &Chat, parameters: &Parameters) -> Result<Option<i32>, Refusal> {
    let Some(reply) = parameters.value("reply_parameters") else { return Ok(None) };
    let message = reply["message_id"].as_i64().and_then(|id| i32::try_from(id).ok());
    match message.filter(|message| chat.messages.contains_key(message)) {
        Some(message) => Ok(Some(message)),
        None if reply["allow_sending_without_reply"] == json!(true) => Ok(None),
        None => Err(Refusal::bad("message to be replied not found")),
    }
}

pub(super) fn edit(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let text = text(parameters, "text", "entities")?;
    let (chat, id) = (chat_id(parameters)?, message_id(parameters)?);
    let bot = world.me.id;
    let place = world.chat(chat)?;
    let gone = || Refusal::bad("message to edit not found");
    let message = place.messages.get(&id).ok_or_else(gone)?;
    if message.author != bot {
        return Err(Refusal::bad("message can't be edited"));
    }
    if message.file.is_some() {
        return Err(Refusal::bad("there is no text in the message to edit"));
    }
    if text.shown.is_empty() {
        return Err(Refusal::bad("message text is empty"));
    }
    if utf16(&text.shown) > LONGEST_TEXT {
        return Err(Refusal::bad("MESSAGE_TOO_LONG"));
    }
    if message.text == text {
        let why = "message is not modified: specified new message content and reply markup are exactly the same as a \
            current content and reply markup of the message";
        return Err(Refusal::bad(why));
    }
    world.flood.admit(chat, Instant::now()).map_err(Refusal::flood)?;
    let place = world.chat(chat)?;
    let mut message = place.messages.get(&id).cloned().ok_or_else(gone)?;
    message.text = text;
    message.preview = has_preview(parameters);
    place.outgoing.push_back(Outgoing::Edited(place.shown(&message, bot)));
    place.messages.insert(id, message);
    let mut json = world.message_json(chat, id);
    json["edit_date"] = json!(clock());
    Ok(json)
}

pub(super) fn delete(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let (chat, id) = (chat_id(parameters)?, message_id(parameters)?);
    match world.chat(chat)?.messages.remove(&id) {
        Some(_) => Ok(json!(true)),
        None => Err(Refusal::bad("message to delete not found")),
    }
}

/// Documented: a bot sets one reaction to a message, and none of its own making.
pub(super) fn react(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let (chat, id) = (chat_id(parameters)?, message_id(parameters)?);
    let bot = world.me.id;
    let place = world.chat(chat)?;
    let reactions = match parameters.value("reaction") {
        Some(Value::Array(reactions)) => reactions,
        _ => Vec::new(),
    };
    let Some(message) = place.messages.get_mut(&id) else {
        return Err(Refusal::bad("message to react not found"));
    };
    let emoji = match reactions.as_slice() {
        [] => None,
        [one] => Some(one["emoji"].as_str().unwrap_or_default()),
        _ => return Err(Refusal::bad("REACTIONS_TOO_MANY")),
    };
    match emoji {
        None => drop(message.reactions.remove(&bot)),
        Some(emoji) if World::is_reaction(emoji) => drop(message.reactions.insert(bot, emoji.to_owned())),
        Some(_) => return Err(Refusal::bad("REACTION_INVALID")),
    }
    Ok(json!(true))
}

fn text(parameters: &Parameters, key: &str, entities: &str) -> Result<Text, Refusal> {
    let text = parameters.text(key).unwrap_or_default();
    let cannot = |why: &str| Refusal::bad(&format!("can't parse entities: {why}"));
    let mut text = match parameters.text("parse_mode").as_deref() {
        None | Some("") => Text::plain(&text),
        Some(mode) if mode.eq_ignore_ascii_case("html") => html::parse(&text).map_err(|why| cannot(&why))?,
        Some(_) => return Err(Refusal::bad("unsupported parse_mode")),
    };
    if let Some(Value::Array(given)) = parameters.value(entities)
        && text.entities.is_empty()
    {
        text.entities = given.iter().filter_map(entity).collect();
    }
    Ok(text.clean())
}

fn entity(json: &Value) -> Option<Entity> {
    let number = |key: &str| json[key].as_u64().and_then(|number| usize::try_from(number).ok());
    Some(Entity {
        kind: json["type"].as_str()?.to_owned(),
        offset: number("offset")?,
        length: number("length")?,
        url: json["url"].as_str().map(str::to_owned),
        language: json["language"].as_str().map(str::to_owned),
    })
}

fn has_preview(parameters: &Parameters) -> bool {
    let options = parameters.value("link_preview_options");
    let is_off = options.is_some_and(|options| options["is_disabled"] == json!(true));
    !is_off && !parameters.flag("disable_web_page_preview")
}

fn message_id(parameters: &Parameters) -> Result<i32, Refusal> {
    let id = parameters.number("message_id").and_then(|id| i32::try_from(id).ok());
    id.ok_or_else(|| Refusal::bad("message identifier is not specified"))
}

/// Documented: 1 to 4096 characters after entities parsing.
const LONGEST_TEXT: usize = 4096;
/// Documented: 0 to 1024 characters after entities parsing.
const LONGEST_CAPTION: usize = 1024;
/// Documented: bots can send files of up to 50 MB.
const LARGEST_FILE: usize = 50 * 1024 * 1024;
