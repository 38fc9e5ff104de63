//! What the Router's tasks work with: the lines to the other actors, and the few things said by all.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashSet},
    rc::Rc,
};

use fulmar_contract::Heard;
use serde_json::Value;
use tracing::error;

use super::gate::Gate;
use crate::{
    actors::{
        aliases::Aliases,
        auth::Auth,
        delivery::{Delivery, Outlet, Say},
        journal::Journal,
        listener::Listener,
        world::World,
    },
    config,
    journal::{self, CommandId, Route, Speech},
    metrics::Metrics,
    st2,
    supervise::Line,
};

/// Everything that a task of the Router may speak to.
pub struct Lines {
    /// The gateway's own settings.
    pub gateway: config::Gateway,
    /// The chats, by name.
    pub chats: BTreeMap<String, Place>,
    /// The StackStorms, by name.
    pub stackstorms: BTreeMap<String, Rc<StackStorm>>,
    /// What is known.
    pub journal: Line<Journal>,
    /// What is to be said.
    pub delivery: Line<Delivery>,
    /// Clock and ids.
    pub world: World,
    /// Counters.
    pub metrics: Metrics,
    /// The chats in which nobody will say anything any more.
    pub silent: RefCell<HashSet<String>>,
    /// How many tasks are under way. They outlive a life of the Router: a POST is not cut off by somebody else's panic.
    pub under_way: Cell<usize>,
}

/// Counts a task as long as it lives.
pub(super) struct UnderWay(Rc<Lines>);

impl UnderWay {
    pub(super) fn new(lines: &Rc<Lines>) -> Self {
        lines.under_way.set(lines.under_way.get() + 1);
        Self(Rc::clone(lines))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
    }
}

/// A chat as the Router sees it.
pub struct Place {
    /// Which StackStorm its commands go to.
    pub stackstorm: String,
    /// How it is posted to.
    pub outlet: Outlet,
}

/// A StackStorm as the Router sees it.
pub struct StackStorm {
    /// Its name in the configuration.
    pub name: String,
    /// Its settings.
    pub settings: config::StackStorm,
    /// Its API.
    pub client: Rc<st2::Client>,
    /// Who owns the credential.
    pub auth: Line<Auth>,
    /// Who owns the registry.
    pub aliases: Line<Aliases>,
    /// Who follows the stream.
    pub listener: Line<Listener>,
    /// Where calls wait for their turn.
    pub gate: Rc<Gate>,
}

/// An utterance, less its place.
#[derive(Debug)]
pub(super) struct Utterance {
    pub(super) speech: Speech,
    pub(super) command: Option<CommandId>,
    pub(super) execution: Option<String>,
    pub(super) text: String,
    pub(super) extra: Value,
}

impl Utterance {
    /// Words of our own.
    pub(super) fn notice(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { speech: Speech::Notice, command: None, execution: None, text, extra: Value::Null }
    }
}

impl Lines {
    /// Has something said. A failure is logged: there is nobody else to tell.
    pub(super) async fn say(&self, route: Route, what: Utterance) {
        let Utterance { speech, command, execution, text, extra } = what;
        let id = self.world.delivery_id();
        let delivery = journal::Delivery { id, command, execution, speech, route, mention: None, text, extra };
        // It has a name, so it is not said twice.
        let said = self.delivery.send_again(Say(delivery)).await;
        if let Err(why) = said.map_err(|down| down.to_string()).and_then(|said| said.map_err(|e| e.to_string())) {
            error!(error = %why, ?speech, "could not be said");
        }
    }

    /// The StackStorm that a chat's commands go to.
    pub(super) fn stackstorm_of(&self, chat: &str) -> Option<Rc<StackStorm>> {
        self.stackstorms.get(&self.chats.get(chat)?.stackstorm).cloned()
    }

    /// The prefix to show in examples: none is needed in private.
    pub(super) fn prefix(&self, heard: &Heard) -> &str {
        if heard.direct { "" } else { self.gateway.bot_prefix.first().map_or("", String::as_str) }
    }
}

/// Where the answer to a message goes.
pub(super) fn route_of(chat: &str, heard: &Heard) -> Route {
    Route { chat: chat.to_owned(), room: heard.room.clone(), thread: heard.thread.clone() }
}
