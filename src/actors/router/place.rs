//! Where an announcement goes.

use fulmar_contract::{Identity, Mention, RoomId};

use super::{
    lines::{Chat, Lines},
    whisper, words,
};
use crate::{
    actors::{chat::Report, delivery::Outlet},
    journal::{Command, Route},
    st2::wire::Announcement,
};

/// Whether `name`, which an announcement has, is the place where `command` was given. One that names no place is for it.
pub(super) fn is_of(lines: &Lines, command: &Command, name: Option<&str>) -> bool {
    let Some(name) = name else { return true };
    let (route, storm) = (&command.route, lines.stackstorms.get(&command.stackstorm));
    let default_chat = storm.and_then(|storm| storm.settings.default_chat.as_deref());
    if name == words::source_channel(&route.chat, route.room.as_str(), default_chat) {
        return true;
    }
    let (chat, room) = split(lines, &command.stackstorm, name);
    let there = lines.chats.get(&route.chat).and_then(|it| it.outlet.backend.room(room));
    chat.is_none_or(|chat| chat == route.chat) && there.as_ref() == Some(&route.room)
}

/// Where an announcement goes that answers no command of ours: `chat/room`, else the one chat in which the room is its
/// StackStorm's, else its default chat. In private when it whispers or names only a person. With it,
/// whom it names there.
///
/// # Errors
/// Why there is no such place.
pub(super) async fn of(
    lines: &Lines,
    stackstorm: &str,
    announcement: &Announcement,
) -> Result<(Route, Option<Mention>), String> {
    let (channel, user) = (announcement.channel.as_deref(), announcement.user.as_deref());
    let (chat, room) = channel.map_or((None, None), |channel| {
        let (chat, room) = split(lines, stackstorm, channel);
        (chat.map(str::to_owned), Some(room))
    });
    let chat = match chat {
        Some(chat) => chat,
        None => chat_with(lines, stackstorm, room).await?,
    };
    let it = lines.chats.get(&chat).ok_or_else(|| format!("there is no chat {chat}"))?;
    let Outlet { backend, kind, .. } = &it.outlet;
    // What is for one person's eyes is never said in public.
    let whisper = announcement.whisper || whisper::is_asked_for(&announcement.extra, kind);
    let named = |user: &str| Mention { identity: Identity::Claimed(user.to_owned()), name: user.to_owned() };
    let mention = room.filter(|_| !whisper).and(user).map(named);
    let room = match room.filter(|_| !whisper) {
        Some(room) => backend.room(room).ok_or_else(|| format!("{chat} has no room called {room:?}"))?,
        None => {
            let user = user.ok_or("it names neither a room to speak in nor a person to whisper to")?;
            backend.direct(user).ok_or_else(|| format!("{user:?} cannot be whispered to on {chat}"))?
        }
    };
    Ok((Route { chat, room, thread: None }, mention))
}

/// The route of what goes nowhere: the place as it was named.
pub(super) fn unknown(name: &str) -> Route {
    let (chat, room) = name.split_once('/').unwrap_or(("", name));
    Route { chat: chat.to_owned(), room: RoomId::new(room), thread: None }
}

/// The chat, if `name` begins with one of this StackStorm's, and the room.
fn split<'a>(lines: &Lines, stackstorm: &str, name: &'a str) -> (Option<&'a str>, &'a str) {
    let leads = |it: &Chat| it.home.has(stackstorm) || is_called(lines, stackstorm);
    match name.split_once('/') {
        Some((chat, room)) if lines.chats.get(chat).is_some_and(leads) => (Some(chat), room),
        _ => (None, name),
    }
}

/// Whether a StackStorm can be called from anywhere.
fn is_called(lines: &Lines, stackstorm: &str) -> bool {
    lines.stackstorms.get(stackstorm).is_some_and(|storm| !storm.settings.bot_prefix.is_empty())
}

/// The only chat in which `room` can be a StackStorm's, else the only one of these that is in it, else the default one. While
/// that of one only is not known, as it has not been online yet, it is that one.
///
/// To a StackStorm that has no rooms, and is called by its prefix only, any room is its own.
async fn chat_with(lines: &Lines, stackstorm: &str, room: Option<&str>) -> Result<String, String> {
    let has_rooms = lines.chats.values().any(|it| it.home.has(stackstorm));
    let is_its = |it: &Chat| match room.and_then(|room| it.outlet.backend.room(room)) {
        _ if !has_rooms => is_called(lines, stackstorm),
        Some(room) => it.home.of(&room) == stackstorm,
        None => it.home.has(stackstorm),
    };
    let chats: Vec<_> = lines.chats.iter().filter(|(_, it)| is_its(it)).collect();
    if let [(only, _)] = chats.as_slice() {
        return Ok((*only).clone());
    }
    let (mut there, mut perhaps) = (Vec::new(), Vec::new());
    for (name, it) in chats {
        let Some(room) = room.and_then(|room| it.outlet.backend.room(room)) else { continue };
        match is_in(it, &room).await {
            Some(true) => there.push(name.clone()),
            Some(false) => {}
            None => perhaps.push(name.clone()),
        }
    }
    let default = lines.stackstorms.get(stackstorm).and_then(|storm| storm.settings.default_chat.clone());
    match (there.as_slice(), default, perhaps.as_slice()) {
        ([one], ..) | ([], None, [one]) => Ok(one.clone()),
        (_, Some(default), _) => Ok(default),
        ([], None, _) => Err("no chat is there, and there is no default_chat".into()),
        (all, None, _) => {
            Err(format!("several chats are there ({}) and there is no default_chat", all.join(", ")))
        }
    }
}

/// Whether a chat is, or should be, in `room`, or was when it was last online; `None` if it has not been yet.
async fn is_in(chat: &Chat, room: &RoomId) -> Option<bool> {
    if let Ok(status) = chat.outlet.line.send_now(Report).await
        && status.me.is_some()
    {
        chat.rooms.replace(Some(status.rooms.into_iter().chain(status.missing.into_keys()).collect()));
    }
    chat.rooms.borrow().as_ref().map(|rooms| rooms.contains(room))
}
