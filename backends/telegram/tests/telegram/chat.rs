//! A chat to be configured, and a session of it.

use std::sync::Arc;

use fulmar_botapi::{BotApi, OPS};
use fulmar_conformance::Session;
use fulmar_contract::{Backend, Entries, Item, Options, RoomId, Sender, Value};
use fulmar_telegram::KIND;

/// A chat's table of configuration.
pub(crate) struct Chat(Entries);

impl Chat {
    /// A chat that talks to `api` as fast as it can, in [`OPS`] and in private.
    pub(crate) fn on(api: &BotApi) -> Self {
        let chat = Self(Entries::new()).text("token", &api.token()).text("api_url", &api.url());
        let chat = chat.rooms(&[&OPS.to_string()]).set("direct", Value::Bool(true));
        chat.number("rate", 0).number("group_rate", 0).number("total_rate", 0)
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.set(key, Value::Text(value.into()))
    }

    pub(crate) fn number(self, key: &str, value: i64) -> Self {
        self.set(key, Value::Integer(value))
    }

    pub(crate) fn rooms(self, rooms: &[&str]) -> Self {
        let item = |room: &&str| Item { value: Value::Text((*room).into()), line: 1 };
        self.set("rooms", Value::List(rooms.iter().map(item).collect()))
    }

    pub(crate) fn set(mut self, key: &str, value: Value) -> Self {
        self.0.insert(key.into(), Item { value, line: 1 });
        self
    }

    pub(crate) fn build(self) -> Arc<dyn Backend> {
        let mut options = Options::new("chats.test".into(), 1, self.0);
        let backend = (KIND.build)(&mut options);
        let problems = options.finish();
        backend.unwrap_or_else(|| panic!("{problems:?}"))
    }
}

/// The room of a chat.
pub(crate) fn room(chat: i64) -> RoomId {
    RoomId::new(chat.to_string())
}

/// A server, and a session in [`OPS`] that hears.
pub(crate) async fn settled() -> (BotApi, Session, Sender) {
    let api = BotApi::start().await;
    let (session, me) = settled_as(Chat::on(&api), &api).await;
    (api, session, me)
}

/// A session in [`OPS`] that hears.
pub(crate) async fn settled_as(chat: Chat, api: &BotApi) -> (Session, Sender) {
    let backend = chat.build();
    let (session, me) = Session::in_room(&*backend, &room(OPS)).await;
    api.polled().await;
    (session, me)
}
