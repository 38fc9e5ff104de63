//! From an announcement to the room that it is for.

use std::rc::Rc;

use fulmar_contract::RoomId;
use tracing::{debug, warn};

use super::{
    Announced,
    lines::{Lines, Utterance},
};
use crate::{
    journal::{Route, Speech},
    st2::wire::Announcement,
};

/// Says an announcement, unless it only repeats a result that we give ourselves.
pub(super) async fn announce(lines: Rc<Lines>, Announced { stackstorm, announcement }: Announced) {
    if announcement.mark().is_some() {
        lines.metrics.announcement("suppressed");
        debug!(%stackstorm, "announcement of a result that is given directly");
        return;
    }
    let Some(route) = route(&lines, &stackstorm, &announcement) else {
        lines.metrics.announcement("nowhere");
        warn!(%stackstorm, channel = ?announcement.channel, user = ?announcement.user, "announcement for nowhere");
        return;
    };
    let Announcement { message, extra, .. } = announcement;
    let what = Utterance { speech: Speech::Announcement, extra, ..Utterance::notice(message) };
    lines.metrics.announcement("said");
    lines.say(route, what).await;
}

/// Where `announcement` is to be said: `chat/room`, else the room in the StackStorm's default chat or its only one;
/// in private when it whispers or names only a person.
fn route(lines: &Lines, stackstorm: &str, announcement: &Announcement) -> Option<Route> {
    let channel = announcement.channel.as_deref().filter(|channel| !channel.is_empty());
    let user = announcement.user.as_deref().filter(|user| !user.is_empty());
    let (chat, room) = match channel.and_then(|channel| channel.split_once('/')) {
        Some((chat, room)) if is_of(lines, chat, stackstorm) => (chat.to_owned(), Some(room)),
        _ => (default_chat(lines, stackstorm)?, channel),
    };
    let backend = &lines.chats.get(&chat)?.outlet.backend;
    let private = || user.and_then(|user| backend.direct(user));
    let public = || room.and_then(|room| backend.room(room));
    // What is for one person's eyes is never said in public.
    let room: RoomId = if announcement.whisper { private() } else { public().or_else(private) }?;
    Some(Route { chat, room, thread: None })
}

fn is_of(lines: &Lines, chat: &str, stackstorm: &str) -> bool {
    lines.chats.get(chat).is_some_and(|place| place.stackstorm == stackstorm)
}

fn default_chat(lines: &Lines, stackstorm: &str) -> Option<String> {
    let configured = lines.stackstorms.get(stackstorm)?.settings.default_chat.clone();
    let mut chats = lines.chats.iter().filter(|(_, place)| place.stackstorm == stackstorm).map(|(name, _)| name);
    configured.or_else(|| chats.next().filter(|_| chats.next().is_none()).cloned())
}
