//! [`BotApi`]: a running server, and the people's side of it.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

use actix_web::{
    dev::ServerHandle,
    rt::{System, spawn},
};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::{
    fault::Fault,
    flood::Limits,
    http,
    hub::Hub,
    people::Saying,
    shown::{Outgoing, Shown},
    webhook,
    world::{Kind, Standing, World},
};

/// A forum, in which the bot is an administrator.
pub const OPS: i64 = -1_001_000_000_001;
/// A topic of [`OPS`].
pub const TOPIC: i32 = 42;
/// A supergroup.
pub const LOUNGE: i64 = -1_001_000_000_002;
/// A group that is no supergroup yet.
pub const SMALL: i64 = -2_001;
/// A person.
pub const ADA: i64 = 1_001;
/// Another person.
pub const BOB: i64 = 1_002;
/// The bot's token.
pub const TOKEN: &str = "7000000001:AAF_a-token-that-nobody-has";

/// A running server. Dropped, it stops.
#[derive(Debug)]
pub struct BotApi {
    hub: Arc<Hub>,
    address: SocketAddr,
    server: ServerHandle,
}

impl BotApi {
    /// Starts a server on a free port of the loopback interface.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start() -> Self {
        match Self::listen("127.0.0.1:0").await {
            Ok(api) => api,
            Err(error) => panic!("cannot listen: {error}"),
        }
    }

    /// Starts a server.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn listen(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?;
        let hub = Arc::new(Hub::new(beginning()));
        let (ready, started) = oneshot::channel();
        let theirs = Arc::clone(&hub);
        thread::Builder::new().name("botapi".into()).spawn(move || {
            System::new().block_on(async move {
                let server = http::server(Arc::clone(&theirs), listener);
                let server = match server {
                    Ok(server) => server,
                    Err(error) => return drop(ready.send(Err(error))),
                };
                spawn(webhook::deliver(theirs));
                drop(ready.send(Ok(server.handle())));
                // When it ends, there is nobody to be told.
                drop(server.await);
            });
        })?;
        let server = started.await.map_err(|_| io::Error::other("the server did not start"))??;
        Ok(Self { hub, address, server })
    }

    /// Where bots call.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The only token that is good.
    pub fn token(&self) -> String {
        self.hub.with(|world| world.token.clone())
    }

    /// From now on, no more may be said than this.
    pub fn limit(&self, limits: Limits) {
        self.hub.with(|world| world.flood.limits = Some(limits));
    }

    /// Whether the bot is told only what is meant for it, where it is no administrator.
    pub fn privacy(&self, is_on: bool) {
        self.hub.with(|world| world.privacy = is_on);
    }

    /// The next call that this fits fails.
    pub fn fault(&self, fault: Fault) {
        self.hub.with(|world| world.faults.push(fault));
    }

    /// Somebody writes. Returns the message's id.
    pub fn say(&self, chat: i64, author: i64, text: &str) -> i32 {
        self.write(chat, author, &Saying::text(text))
    }

    /// Somebody writes something with more to it.
    ///
    /// # Panics
    /// When there is no such chat.
    pub fn write(&self, chat: i64, author: i64, saying: &Saying) -> i32 {
        match self.hub.with(|world| world.say(chat, author, saying)) {
            Some(id) => id,
            None => panic!("there is no chat {chat}"),
        }
    }

    /// Somebody makes a message of theirs read differently.
    pub fn edit(&self, chat: i64, message: i32, text: &str) {
        self.known(chat, |world| world.revise(chat, message, text));
    }

    /// Somebody reacts with nothing but this.
    pub fn react(&self, chat: i64, message: i32, author: i64, emoji: Option<&str>) {
        self.known(chat, |world| world.react(chat, message, author, emoji));
    }

    /// A message is taken away.
    pub fn delete(&self, chat: i64, message: i32) {
        self.known(chat, |world| world.chats.get_mut(&chat)?.messages.remove(&message));
    }

    /// There is somebody, who is called so from now on.
    pub fn person(&self, id: i64, name: &str, username: Option<&str>) {
        self.hub.with(|world| world.person(id, name, username));
    }

    /// The bot is thrown out of a group, or blocked by a person.
    pub fn kick(&self, chat: i64) {
        self.known(chat, |world| world.stand(chat, Standing::Kicked));
    }

    /// The bot is let in again.
    pub fn readmit(&self, chat: i64) {
        self.known(chat, |world| world.stand(chat, Standing::Member));
    }

    /// The bot becomes an administrator.
    pub fn promote(&self, chat: i64) {
        self.known(chat, |world| world.stand(chat, Standing::Administrator));
    }

    /// A group becomes a supergroup. Returns its new id.
    pub fn migrate(&self, chat: i64) -> i64 {
        self.known(chat, |world| world.migrate(chat))
    }

    /// The bot is told of something as it stands there.
    pub fn update(&self, update: &Value) {
        self.hub.with(|world| world.queue.push_raw(update));
    }

    /// Another program asks for updates with the same token.
    pub fn another_poller(&self) {
        self.hub.with(|world| world.queue.poller += 1);
    }

    /// All connections of the bot are cut.
    pub fn sever(&self) {
        self.hub.sever();
    }

    /// The next message that the bot posts in a chat.
    pub async fn next_post(&self, chat: i64) -> Shown {
        self.outgoing(chat, |outgoing| match outgoing {
            Outgoing::Posted(shown) => Some(shown.clone()),
            Outgoing::Edited(_) => None,
        })
        .await
    }

    /// The next message of the bot in a chat that it makes read differently.
    pub async fn next_edit(&self, chat: i64) -> Shown {
        self.outgoing(chat, |outgoing| match outgoing {
            Outgoing::Edited(shown) => Some(shown.clone()),
            Outgoing::Posted(_) => None,
        })
        .await
    }

    async fn outgoing(&self, chat: i64, is_it: impl Fn(&Outgoing) -> Option<Shown>) -> Shown {
        let take = |world: &mut World| {
            let outgoing = &mut world.chats.get_mut(&chat)?.outgoing;
            let (at, shown) = outgoing.iter().enumerate().find_map(|(at, one)| Some((at, is_it(one)?)))?;
            outgoing.remove(at);
            Some(shown)
        };
        self.hub.until(take).await
    }

    /// All messages of a chat.
    pub fn shown(&self, chat: i64) -> Vec<Shown> {
        self.hub
            .with(|world| {
                let bot = world.me.id;
                let chat = world.chats.get(&chat);
                chat.map(|chat| chat.messages.values().map(|message| chat.shown(message, bot)).collect())
            })
            .unwrap_or_default()
    }

    /// Returns once the bot's reaction to a message is this.
    pub async fn reaction(&self, chat: i64, message: i32, emoji: Option<&str>) {
        let is_it = |world: &mut World| {
            let bot = world.me.id;
            let message = world.chats.get(&chat)?.messages.get(&message)?;
            (message.reactions.get(&bot).map(String::as_str) == emoji).then_some(())
        };
        self.hub.until(is_it).await;
    }

    /// The words that the bot offers, with what they do.
    pub fn commands(&self) -> Vec<(String, String)> {
        let text = |json: &Value| json.as_str().unwrap_or_default().to_owned();
        let pair = |command: &Value| (text(&command["command"]), text(&command["description"]));
        self.hub.with(|world| world.commands.iter().map(pair).collect())
    }

    /// How often a method was called.
    pub fn calls(&self, method: &str) -> usize {
        self.hub.with(|world| world.calls.iter().filter(|name| name.eq_ignore_ascii_case(method)).count())
    }

    /// Returns once a method was called so often.
    pub async fn called(&self, method: &str, times: usize) {
        let is_it = |world: &mut World| {
            let calls = world.calls.iter().filter(|name| name.eq_ignore_ascii_case(method)).count();
            (calls >= times).then_some(())
        };
        self.hub.until(is_it).await;
    }

    /// How many updates are not confirmed.
    pub fn pending(&self) -> usize {
        self.hub.with(|world| world.queue.len())
    }

    /// Returns once every update is confirmed.
    pub async fn confirmed(&self) {
        self.hub.until(|world| (world.queue.len() == 0).then_some(())).await;
    }

    /// Where updates are posted to, with the secret that goes with them.
    pub fn webhook(&self) -> Option<(String, Option<String>)> {
        self.hub.with(|world| world.webhook.as_ref().map(|webhook| (webhook.url.clone(), webhook.secret.clone())))
    }

    /// Returns once updates are posted somewhere, or are not.
    pub async fn webhook_is(&self, set: bool) {
        self.hub.until(|world| (world.webhook.is_some() == set).then_some(())).await;
    }

    /// Returns once the bot waits for updates.
    pub async fn polled(&self) {
        self.hub.until(|world| (world.queue.polling > 0).then_some(())).await;
    }

    /// Returns once the bot has no connection any more.
    pub async fn gone(&self) {
        self.hub.until(|world| (world.queue.polling == 0 && !self.hub.has_bot()).then_some(())).await;
    }

    fn known<T>(&self, chat: i64, change: impl FnOnce(&mut World) -> Option<T>) -> T {
        match self.hub.with(change) {
            Some(outcome) => outcome,
            None => panic!("there is no such chat as {chat}, or no such message or person in it"),
        }
    }
}

impl Drop for BotApi {
    fn drop(&mut self) {
        // It is told at once; that it has stopped is of no interest.
        drop(self.server.stop(false));
    }
}

fn beginning() -> World {
    let mut world = World::new(TOKEN);
    world.person(ADA, "Ada", Some("ada_lovelace"));
    world.person(BOB, "Bob", None);
    world.room(OPS, Kind::Forum, "Ops");
    world.room(LOUNGE, Kind::Supergroup, "Lounge");
    world.room(SMALL, Kind::Group, "Small");
    if let Some(ops) = world.chats.get_mut(&OPS) {
        ops.topics.insert(TOPIC);
        ops.standing = Standing::Administrator;
    }
    world
}
