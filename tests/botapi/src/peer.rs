//! The people's side over HTTP, for tests in other processes. See the crate's documentation for what can be asked.

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    fault::{Fault, What},
    hub::Hub,
    people::Saying,
    shown::Outgoing,
    world::{Standing, World},
};

/// What somebody wants.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Wish {
    chat: i64,
    author: i64,
    message: i32,
    text: String,
    topic: Option<i32>,
    answers: Option<i32>,
    emoji: Option<String>,
    method: Option<String>,
    fault: String,
    value: u16,
}

pub(crate) async fn act(action: web::Path<String>, hub: web::Data<Hub>, body: web::Bytes) -> HttpResponse {
    let wish = match serde_json::from_slice::<Wish>(if body.is_empty() { b"{}" } else { &body }) {
        Ok(wish) => wish,
        Err(error) => return HttpResponse::BadRequest().body(error.to_string()),
    };
    let outcome = match action.as_str() {
        "next" => Some(hub.until(|world| next(world, wish.chat)).await),
        action => hub.with(|world| carry_out(world, action, wish)),
    };
    match outcome {
        Some(outcome) => HttpResponse::Ok().content_type("application/json").body(outcome.to_string()),
        None => HttpResponse::NotFound().body("no such action, chat, person or message"),
    }
}

fn next(world: &mut World, chat: i64) -> Option<Value> {
    let outgoing = world.chats.get_mut(&chat)?.outgoing.pop_front()?;
    Some(match outgoing {
        Outgoing::Edited(shown) => json!({"edited": shown}),
        Outgoing::Posted(shown) => json!({"posted": shown}),
    })
}

fn carry_out(world: &mut World, action: &str, wish: Wish) -> Option<Value> {
    let Wish { chat, author, message, text, topic, answers, emoji, .. } = wish;
    let done = |()| json!(true);
    match action {
        "chat" => {
            let chat = world.chats.get(&chat)?;
            Some(json!(chat.messages.values().map(|message| chat.shown(message, world.me.id)).collect::<Vec<_>>()))
        }
        "commands" => Some(json!(world.commands)),
        "delete" => world.chats.get_mut(&chat)?.messages.remove(&message).map(|_| json!(true)),
        "edit" => world.revise(chat, message, &text).map(done),
        "fault" => {
            let what = match wish.fault.as_str() {
                "cut" => What::Cut,
                "cut_after" => What::CutAfter,
                "flood" => What::Flood(wish.value.into()),
                "hang" => What::Hang,
                "status" => What::Status(wish.value),
                _ => return None,
            };
            world.faults.push(Fault { method: wish.method, what });
            Some(json!(true))
        }
        "kick" => world.stand(chat, Standing::Kicked).map(done),
        "migrate" => world.migrate(chat).map(|to| json!({"chat": to})),
        "promote" => world.stand(chat, Standing::Administrator).map(done),
        "react" => world.react(chat, message, author, emoji.as_deref()).map(done),
        "readmit" => world.stand(chat, Standing::Member).map(done),
        "say" => {
            let saying = Saying { topic, answers, ..Saying::text(&text) };
            world.say(chat, author, &saying).map(|id| json!({"message": id}))
        }
        _ => None,
    }
}
