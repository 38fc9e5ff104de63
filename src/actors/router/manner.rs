//! How answers show what they answer: by reply, by their thread, and by a reaction to it.

use fulmar_contract::{Heard, MessageId, RoomId, ThreadId};
use tracing::debug;

use super::lines::Lines;
use crate::{
    actors::chat::React,
    config::{Replies, Threads},
    journal::{Command, Route, Speech},
    st2::wire::Status,
};

/// How far a command has come, as its message shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// It did not run, or went wrong.
    Bad,
    /// It went well.
    Good,
    /// It is over, and StackStorm says how.
    Over,
    /// It was taken.
    Taken,
    /// It was cancelled, or nobody knows.
    Unclear,
}

impl Mood {
    /// The mood after such an end.
    pub(super) const fn after(status: &Status) -> Self {
        match status {
            Status::Succeeded => Self::Good,
            Status::Abandoned | Status::Failed | Status::Timeout => Self::Bad,
            _ => Self::Unclear,
        }
    }

    /// The emoji for it. Some networks let bots use only certain ones, of which these are.
    const fn emoji(self) -> Option<&'static str> {
        match self {
            Self::Bad => Some("👎"),
            Self::Good => Some("👍"),
            Self::Over => None,
            Self::Taken => Some("👀"),
            Self::Unclear => Some("🤷"),
        }
    }
}

impl Lines {
    /// The thread in which a message is answered that is in none: the one that begins there, if that is wanted.
    pub(super) fn opened(&self, chat: &str, heard: &Heard) -> Option<ThreadId> {
        let outlet = &self.chats.get(chat)?.outlet;
        let is_wanted = !heard.direct && outlet.manner.threads == Threads::Always;
        (is_wanted && outlet.backend.capabilities().threads).then(|| outlet.backend.thread_at(&heard.id))?
    }

    /// The message that something said at `route` shows to answer, if it does. One in another room is not shown, nor one at
    /// which the thread begins.
    pub(super) fn shown_to_answer(
        &self,
        speech: Speech,
        route: &Route,
        (room, message): (RoomId, MessageId),
    ) -> Option<MessageId> {
        let outlet = &self.chats.get(&route.chat)?.outlet;
        let is_wanted = match outlet.manner.replies {
            Replies::Always => true,
            Replies::Never => false,
            Replies::Results => matches!(speech, Speech::Announcement | Speech::Result),
        };
        let is_shown = is_wanted && room == route.room && outlet.backend.capabilities().replies;
        let begins_it = || route.thread.is_some() && outlet.backend.thread_at(&message) == route.thread;
        (is_shown && !begins_it()).then_some(message)
    }

    /// Has the message of a command show how far that has come. It is no loss if it does not.
    pub(super) fn react(&self, command: &Command, mood: Mood) {
        let Some(outlet) = self.chats.get(&command.route.chat).map(|chat| &chat.outlet) else { return };
        if !outlet.manner.reactions || !outlet.backend.capabilities().reactions {
            return;
        }
        let (room, message) = (command.route.room.clone(), command.message.clone());
        let reacted = outlet.line.send_in_order(React { room, message, emoji: mood.emoji().map(str::to_owned) });
        actix::spawn(async move {
            if let Err(error) = reacted.await.map_err(|down| down.to_string()).and_then(|reacted| reacted) {
                debug!(%error, ?mood, "no reaction to a command");
            }
        });
    }
}
