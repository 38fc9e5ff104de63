//! From an announcement to the room that it is for.

use std::rc::Rc;

use fulmar_contract::{Identity, Mention};
use tracing::{debug, warn};

use super::{
    Announced, Outcome,
    lines::{Lines, Utterance},
    whisper,
};
use crate::{
    actors::delivery::Outlet,
    journal::{Route, Speech},
    st2::wire::Announcement,
};

/// Says an announcement, unless it only repeats a result that we give ourselves.
pub(super) async fn announce(lines: Rc<Lines>, Announced { stackstorm, announcement }: Announced) -> Outcome {
    if announcement.mark().is_some() {
        lines.metrics.announcement("suppressed");
        debug!(%stackstorm, "announcement of a result that is given directly");
        return Outcome::Suppressed;
    }
    let (route, mention) = match route(&lines, &stackstorm, &announcement) {
        Ok(found) => found,
        Err(why) => {
            let Announcement { channel, user, .. } = announcement;
            lines.metrics.announcement("nowhere");
            warn!(%stackstorm, ?channel, ?user, error = %why, "announcement for nowhere");
            return Outcome::Nowhere { why };
        }
    };
    let Announcement { message, extra, .. } = announcement;
    let what = Utterance { speech: Speech::Announcement, mention, extra, ..Utterance::notice(message) };
    if let Err(why) = lines.queue(route, what).await {
        return Outcome::Unsaid { why };
    }
    lines.metrics.announcement("said");
    Outcome::Said
}

/// Where `announcement` is to be said: `chat/room`, else the room in the StackStorm's default chat or its only one;
/// in private when it whispers or names only a person. With it, whom it names there.
///
/// # Errors
/// Why there is no such place.
fn route(
    lines: &Lines,
    stackstorm: &str,
    announcement: &Announcement,
) -> Result<(Route, Option<Mention>), String> {
    let (channel, user) = (announcement.channel.as_deref(), announcement.user.as_deref());
    let (chat, room) = match channel.and_then(|channel| channel.split_once('/')) {
        Some((chat, room)) if is_of(lines, chat, stackstorm) => (Some(chat.to_owned()), Some(room)),
        _ => (default_chat(lines, stackstorm), channel),
    };
    let chat = chat.ok_or("it names no chat, and there is no default_chat")?;
    let place = lines.chats.get(&chat).ok_or_else(|| format!("there is no chat {chat}"))?;
    let Outlet { backend, kind, .. } = &place.outlet;
    // What is for one person's eyes is never said in public.
    let whisper = announcement.whisper || whisper::is_asked_for(&announcement.extra, kind);
    let room = room.filter(|_| !whisper);
    let public = room.and_then(|room| backend.room(room));
    let named = |user: &str| Mention { identity: Identity::Claimed(user.to_owned()), name: user.to_owned() };
    let mention = public.as_ref().and(user).map(named);
    let found = public.or_else(|| user.and_then(|user| backend.direct(user)));
    let room = found.ok_or_else(|| match (room, user) {
        (Some(room), _) => format!("{chat} has no room called {room:?}"),
        (None, Some(user)) => format!("{user:?} cannot be whispered to on {chat}"),
        (None, None) => "it names neither a room to speak in nor a person to whisper to".into(),
    })?;
    Ok((Route { chat, room, thread: None }, mention))
}

fn is_of(lines: &Lines, chat: &str, stackstorm: &str) -> bool {
    lines.chats.get(chat).is_some_and(|place| place.stackstorm == stackstorm)
}

fn default_chat(lines: &Lines, stackstorm: &str) -> Option<String> {
    let configured = lines.stackstorms.get(stackstorm)?.settings.default_chat.clone();
    let mut chats = lines.chats.iter().filter(|(_, place)| place.stackstorm == stackstorm).map(|(name, _)| name);
    configured.or_else(|| chats.next().filter(|_| chats.next().is_none()).cloned())
}
