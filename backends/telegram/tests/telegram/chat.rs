//! A chat to be configured, and a session of it.

use fulmar_botapi::{BotApi, OPS};
use fulmar_conformance::{Chat, Session};
use fulmar_contract::{RoomId, Sender};
use fulmar_telegram::KIND;

/// A chat that talks to `api` as fast as it can, in [`OPS`] and in private.
pub(crate) fn on(api: &BotApi) -> Chat {
    let chat = Chat::of(KIND).text("token", &api.token()).text("api_url", &api.url());
    let chat = chat.text("rooms", &OPS.to_string()).with("direct", true);
    chat.with("rate", 0).with("group_rate", 0).with("total_rate", 0)
}

/// The room of a chat.
pub(crate) fn room(chat: i64) -> RoomId {
    RoomId::new(chat.to_string())
}

/// A server, and a session in [`OPS`] that hears.
pub(crate) async fn settled() -> (BotApi, Session, Sender) {
    let api = BotApi::start().await;
    let (session, me) = settled_as(on(&api), &api).await;
    (api, session, me)
}

/// A session in [`OPS`] that hears.
pub(crate) async fn settled_as(chat: Chat, api: &BotApi) -> (Session, Sender) {
    let backend = chat.build();
    let (session, me) = Session::in_room(&*backend, &room(OPS)).await;
    api.polled().await;
    (session, me)
}
