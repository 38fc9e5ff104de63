//! The methods of the Bot API. Each sees the world at one moment; only `getUpdates` waits, and is not among them.

mod about;
mod say;

use serde_json::{Value, json};

use crate::{parameters::Parameters, refusal::Refusal, world::World};

/// Carries a call out.
pub(crate) fn call(world: &mut World, method: &str, parameters: &Parameters) -> Result<Value, Refusal> {
    match method.to_ascii_lowercase().as_str() {
        "deletemessage" => say::delete(world, parameters),
        "deletemycommands" => {
            world.commands.clear();
            Ok(json!(true))
        }
        "deletewebhook" => about::delete_webhook(world, parameters),
        "editmessagetext" => say::edit(world, parameters),
        "getchat" => about::chat(world, parameters),
        "getchatmember" => about::member(world, parameters),
        "getme" => Ok(about::me(world)),
        "getmycommands" => Ok(json!(world.commands)),
        "getwebhookinfo" => Ok(about::webhook(world)),
        "senddocument" => say::document(world, parameters),
        "sendmessage" => say::message(world, parameters),
        "setmessagereaction" => say::react(world, parameters),
        "setmycommands" => about::set_commands(world, parameters),
        "setwebhook" => about::set_webhook(world, parameters),
        _ => Err(Refusal::new(404, "Not Found")),
    }
}

fn chat_id(parameters: &Parameters) -> Result<i64, Refusal> {
    match parameters.number("chat_id") {
        Some(id) => Ok(id),
        None if parameters.value("chat_id").is_some() => Err(Refusal::bad("chat not found")),
        None => Err(Refusal::bad("chat_id is empty")),
    }
}
