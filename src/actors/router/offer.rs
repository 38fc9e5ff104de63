//! What people are offered while they type: it follows from the registry, and goes out when it has changed.

use std::rc::Rc;

use actix::{Context, Handler, Message};
use tracing::{debug, warn};

use super::{Router, builtin, lines::Lines};
use crate::{
    actors::{aliases::Current, chat},
    alias,
};

/// A chat is online.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Online(pub String);

/// The aliases of a StackStorm were loaded.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Renewed(pub String);

/// Has a chat offer the commands of its StackStorm, if they are not those that it offers already.
async fn offer(lines: Rc<Lines>, name: String) {
    let Some(chat) = lines.chats.get(&name) else { return };
    let most = chat.outlet.backend.capabilities().offers;
    let Some(storm) = lines.stackstorms.get(&chat.home.stackstorm).filter(|_| most > 0) else { return };
    let Ok(known) = storm.aliases.send(Current).await else { return };
    if known.loaded.is_none() {
        // They are told of when they are.
        return;
    }
    let commands = alias::offers(builtin::OFFERED, known.registry.aliases(), most);
    if chat.offered.borrow().as_ref() == Some(&commands) {
        return;
    }
    let offered = chat.outlet.line.send_now(chat::Offer(commands.clone())).await;
    match offered {
        Ok(Ok(())) => {
            debug!(chat = %name, commands = commands.len(), "commands offered");
            chat.offered.replace(Some(commands));
        }
        Ok(Err(error)) => warn!(chat = %name, %error, "commands not offered"),
        // It is asked again when it is online.
        Err(_) => {}
    }
}

impl Handler<Online> for Router {
    type Result = ();

    fn handle(&mut self, Online(chat): Online, _: &mut Context<Self>) {
        actix::spawn(offer(Rc::clone(&self.lines), chat));
    }
}

impl Handler<Renewed> for Router {
    type Result = ();

    fn handle(&mut self, Renewed(stackstorm): Renewed, _: &mut Context<Self>) {
        for (name, _) in self.lines.chats.iter().filter(|(_, chat)| chat.home.stackstorm == stackstorm) {
            actix::spawn(offer(Rc::clone(&self.lines), name.clone()));
        }
    }
}
