//! From what somebody said to what the gateway hears. Pure.

use std::time::SystemTime;

use fulmar_contract::{Heard, Identity, RoomId, Sender, Taken, ThreadId, UserId};
use jid::{BareJid, Jid};

use crate::{id::Names, inbound::Said, rooms::Rooms, text};

/// Who we are, and where.
#[derive(Clone, Copy)]
pub(crate) struct Ears<'a> {
    /// Our account.
    pub(crate) me: &'a BareJid,
    /// What we want to be called.
    pub(crate) nick: &'a str,
    pub(crate) rooms: &'a Rooms,
}

/// How a message came.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// From an archive: the archive's name for it, and when it was said.
    Archive { id: String, at: SystemTime },
    /// As it was said. The name is for a message that has no other.
    Live { id: String, at: SystemTime },
}

impl Ears<'_> {
    /// The message that the gateway hears, or nothing if `said` is not for its ears: our own words, corrections of what was
    /// heard, and what is told late.
    pub(crate) fn hear(&self, said: Said, way: Way) -> Option<Heard> {
        let is_late = said.is_late && matches!(way, Way::Live { .. });
        if said.corrects || is_late || self.is_ours(&said, &way) {
            return None;
        }
        let sender = self.sender(&said.from, said.in_room, self.vouched(&said, &way).as_ref())?;
        let room = if said.in_room { RoomId::new(said.from.to_bare().as_str()) } else { sender.direct.clone()? };
        let (id, at) = self.named(&said, way);
        let ours = self.rooms.nick(&said.from.to_bare()).unwrap_or_default();
        let local = self.me.node().map(|node| node.as_str()).unwrap_or_default();
        let (text, mentioned) = match text::strip_mention(&said.text, &[ours, self.nick, local]) {
            Some(rest) => (rest.to_owned(), true),
            None => (said.text, false),
        };
        Some(Heard {
            id: id.id(),
            room,
            thread: said.thread.map(ThreadId::new),
            sender,
            text,
            mentioned,
            direct: !said.in_room,
            at,
            taken: Taken::default(),
        })
    }

    /// What the message is called. Heard again from an archive, it is called the same.
    fn named(&self, said: &Said, way: Way) -> (Names, SystemTime) {
        let archive = if said.in_room { said.from.to_bare() } else { self.me.clone() };
        let (stable, at) = match way {
            Way::Archive { id, at } => (id, at),
            Way::Live { id, at } => (said.stamp(&archive).map_or(id, str::to_owned), at),
        };
        // In a room, what its writer calls it is of no use to anybody.
        (Names { stable, own: said.id.clone().filter(|_| !said.in_room) }, at)
    }

    fn is_ours(&self, said: &Said, way: &Way) -> bool {
        let there = said.from.to_bare();
        if there == *self.me {
            return true;
        }
        let Some(nick) = self.rooms.nick(&there) else { return false };
        let theirs = said.from.resource().map(|theirs| theirs.as_str());
        match (way, &said.real) {
            // Then we may have been called something else, and somebody else what we are called now.
            (Way::Archive { .. }, Some(real)) => real == self.me,
            (Way::Archive { .. }, None) => theirs == Some(nick) || theirs == Some(self.nick),
            (Way::Live { .. }, _) => theirs == Some(nick),
        }
    }

    /// Who has said it, if that is certain. An archive's word for it counts only while whoever has the nick now is the same:
    /// anybody could have written that word into the message itself.
    fn vouched(&self, said: &Said, way: &Way) -> Option<BareJid> {
        let room = said.from.to_bare();
        if !self.rooms.is_ours(&room) {
            return Some(room);
        }
        let present = self.rooms.real(&room, said.from.resource()?.as_str())?;
        let is_certain = match way {
            Way::Archive { .. } => said.real.as_ref() == Some(present),
            Way::Live { .. } => true,
        };
        is_certain.then(|| present.clone())
    }

    /// Whoever is at `from`: in a room, or at an address of their own.
    pub(crate) fn sender(&self, from: &Jid, in_room: bool, real: Option<&BareJid>) -> Option<Sender> {
        let is_occupant = in_room || self.rooms.is_ours(&from.to_bare());
        let nick = from.resource().filter(|_| is_occupant).map(|nick| nick.as_str().to_owned());
        if is_occupant && nick.is_none() {
            // The room itself.
            return None;
        }
        let name =
            nick.unwrap_or_else(|| from.node().map_or_else(|| from.to_string(), |node| node.as_str().to_owned()));
        let identity = match real {
            Some(real) => Identity::Vouched(UserId::new(real.as_str())),
            None => Identity::Claimed(from.as_str().to_owned()),
        };
        let direct = Some(RoomId::new(identity.as_str()));
        Some(Sender { identity, name, direct })
    }
}

#[cfg(test)]
mod tests;
