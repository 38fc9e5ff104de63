//! Methods about the bot, its chats, and how it is told of updates.

use serde_json::{Value, json};

use super::chat_id;
use crate::{
    parameters::Parameters,
    queue::Webhook,
    refusal::Refusal,
    text::utf16,
    world::{Standing, World},
};

pub(super) fn me(world: &World) -> Value {
    let mut json = world.me.json();
    json["can_join_groups"] = json!(true);
    json["can_read_all_group_messages"] = json!(!world.privacy);
    json["supports_inline_queries"] = json!(false);
    json["can_connect_to_business"] = json!(false);
    json["has_main_web_app"] = json!(false);
    json
}

pub(super) fn chat(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let chat = world.chat(chat_id(parameters)?)?;
    let mut json = chat.json();
    json["accent_color_id"] = json!(0);
    json["max_reaction_count"] = json!(11);
    Ok(json)
}

pub(super) fn member(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let standing = world.chat(chat_id(parameters)?)?.standing;
    let user = parameters.number("user_id").ok_or_else(|| Refusal::bad("invalid user_id specified"))?;
    if user == world.me.id {
        return Ok(json!({"user": world.me.json(), "status": standing.word()}));
    }
    match world.people.get(&user) {
        Some(person) => Ok(json!({"user": person.json(), "status": Standing::Member.word()})),
        None => Err(Refusal::bad("user not found")),
    }
}

/// Documented: at most 100 commands, words of `[a-z0-9_]{1,32}`, descriptions of 1 to 256 characters.
pub(super) fn set_commands(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let Some(Value::Array(commands)) = parameters.value("commands") else {
        return Err(Refusal::bad("parameter \"commands\" is required"));
    };
    if commands.len() > 100 {
        return Err(Refusal::bad("BOT_COMMANDS_TOO_MUCH"));
    }
    for command in &commands {
        let word = command["command"].as_str().unwrap_or_default();
        let summary = command["description"].as_str().unwrap_or_default();
        let is_word = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if word.is_empty() || word.len() > 32 || !is_word {
            return Err(Refusal::bad("BOT_COMMAND_INVALID"));
        }
        if summary.trim().is_empty() || utf16(summary) > 256 {
            return Err(Refusal::bad("BOT_COMMAND_DESCRIPTION_INVALID"));
        }
    }
    world.commands = commands;
    Ok(json!(true))
}

/// As the Bot API's own server with `--local`, plain HTTP and any port are taken.
pub(super) fn set_webhook(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    let url = parameters.text("url").unwrap_or_default();
    if url.is_empty() {
        return delete_webhook(world, parameters);
    }
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err(Refusal::bad("bad webhook: An HTTPS URL must be provided for webhook"));
    }
    let secret = parameters.text("secret_token").filter(|secret| !secret.is_empty());
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if secret.as_ref().is_some_and(|secret| secret.len() > 256 || !secret.chars().all(is_allowed)) {
        return Err(Refusal::bad("secret token contains unallowed characters"));
    }
    if parameters.flag("drop_pending_updates") {
        world.queue.clear();
    }
    world.queue.allow(parameters.value("allowed_updates").as_ref());
    // Who polls is sent away.
    world.queue.poller += 1;
    let max_connections = parameters.number("max_connections").unwrap_or(40);
    world.webhook = Some(Webhook { url, secret, max_connections, error: None });
    Ok(json!(true))
}

pub(super) fn delete_webhook(world: &mut World, parameters: &Parameters) -> Result<Value, Refusal> {
    if parameters.flag("drop_pending_updates") {
        world.queue.clear();
    }
    world.webhook = None;
    Ok(json!(true))
}

pub(super) fn webhook(world: &World) -> Value {
    let pending = world.queue.len();
    let Some(webhook) = &world.webhook else {
        return json!({"url": "", "has_custom_certificate": false, "pending_update_count": pending});
    };
    let mut json = json!({
        "url": webhook.url, "has_custom_certificate": false, "pending_update_count": pending,
        "max_connections": webhook.max_connections,
    });
    if let Some((at, why)) = &webhook.error {
        json["last_error_date"] = json!(at);
        json["last_error_message"] = json!(why);
    }
    json
}
