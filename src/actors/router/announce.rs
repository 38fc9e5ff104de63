//! From an announcement to the room that it is for.

use std::rc::Rc;

use fulmar_contract::{Identity, Mention};
use tracing::{debug, warn};

use super::{
    Announced,
    lines::{Lines, Utterance},
    whisper,
};
use crate::{
    actors::delivery::Outlet,
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
    let Some((route, mention)) = route(&lines, &stackstorm, &announcement) else {
        lines.metrics.announcement("nowhere");
        warn!(%stackstorm, channel = ?announcement.channel, user = ?announcement.user, "announcement for nowhere");
        return;
    };
    let Announcement { message, extra, .. } = announcement;
    let what = Utterance { speech: Speech::Announcement, mention, extra, ..Utterance::notice(message) };
    lines.metrics.announcement("said");
    lines.say(route, what).await;
}

/// Where `announcement` is to be said: `chat/room`, else the room in the StackStorm's default chat or its only one;
/// in private when it whispers or names only a person. With it, whom it names there.
fn route(lines: &Lines, stackstorm: &str, announcement: &Announcement) -> Option<(Route, Option<Mention>)> {
    let channel = announcement.channel.as_deref().filter(|channel| !channel.is_empty());
    let user = announcement.user.as_deref().filter(|user| !user.is_empty());
    let (chat, room) = match channel.and_then(|channel| channel.split_once('/')) {
        Some((chat, room)) if is_of(lines, chat, stackstorm) => (chat.to_owned(), Some(room)),
        _ => (default_chat(lines, stackstorm)?, channel),
    };
    let Outlet { backend, kind, .. } = &lines.chats.get(&chat)?.outlet;
    // What is for one person's eyes is never said in public.
    let whisper = announcement.whisper || whisper::is_asked_for(&announcement.extra, kind);
    let public = room.filter(|_| !whisper).and_then(|room| backend.room(room));
    let named = |user: &str| Mention { identity: Identity::Claimed(user.to_owned()), name: user.to_owned() };
    let mention = public.as_ref().and(user).map(named);
    let room = public.or_else(|| user.and_then(|user| backend.direct(user)))?;
    Some((Route { chat, room, thread: None }, mention))
}

fn is_of(lines: &Lines, chat: &str, stackstorm: &str) -> bool {
    lines.chats.get(chat).is_some_and(|place| place.stackstorm == stackstorm)
}

fn default_chat(lines: &Lines, stackstorm: &str) -> Option<String> {
    let configured = lines.stackstorms.get(stackstorm)?.settings.default_chat.clone();
    let mut chats = lines.chats.iter().filter(|(_, place)| place.stackstorm == stackstorm).map(|(name, _)| name);
    configured.or_else(|| chats.next().filter(|_| chats.next().is_none()).cloned())
}
