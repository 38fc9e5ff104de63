//! How rooms and people are written. Pure.

use fulmar_contract::RoomId;
use matrix_sdk::ruma::{OwnedServerName, RoomAliasId, RoomId as Id, RoomOrAliasId, ServerName, UserId};

/// A room to be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// What it is called: an alias, or an id.
    pub(crate) name: RoomId,
    /// Servers that know it, for ids that do not name one.
    pub(crate) via: Vec<OwnedServerName>,
}

impl Wanted {
    /// Reads a room, with servers that know it after spaces.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let name = words.next().filter(|name| is_room(name))?;
        let via = words.map(|server| ServerName::parse(server).ok()).collect::<Option<_>>()?;
        Some(Self { name: RoomId::new(name), via })
    }

    /// Servers that may know it: those that were named, and the one in its name.
    pub(crate) fn servers(&self) -> Vec<OwnedServerName> {
        let id = RoomOrAliasId::parse(self.name.as_str()).ok();
        let own = id.and_then(|id| id.server_name().map(ToOwned::to_owned));
        self.via.iter().cloned().chain(own).collect()
    }
}

/// Whether a room can be called so.
pub(crate) fn is_room(name: &str) -> bool {
    is_room_id(name) || (name.starts_with('#') && RoomAliasId::parse(name).is_ok_and(|_| is_clean(name)))
}

/// Whether it is the id of a room.
pub(crate) fn is_room_id(name: &str) -> bool {
    name.len() > 1 && Id::parse(name).is_ok() && is_clean(name)
}

/// Whether it is a whole user id.
pub(crate) fn is_full_user(name: &str) -> bool {
    UserId::parse(name).is_ok() && is_clean(name)
}

/// Whether it is a user id, or the first part of one on `server`.
pub(crate) fn is_user(name: &str, server: &str) -> bool {
    let local = name.trim_start_matches('@');
    is_full_user(name) || (!local.contains(':') && !local.is_empty() && is_clean(local) && !server.is_empty())
}

/// The user id in the name of a one-to-one room: such a room is called after the person.
pub(crate) fn person(room: &RoomId) -> Option<&str> {
    Some(room.as_str()).filter(|name| name.starts_with('@'))
}

fn is_clean(name: &str) -> bool {
    name.len() <= 255 && !name.contains(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_aliases_or_ids() {
        for (text, expected) in [
            ("#ops:example.org", true),
            ("#żółw:example.org", true),
            ("!abc:example.org", true),
            ("!withoutserver", true),
            ("#ops", false),
            ("ops", false),
            ("@ada:example.org", false),
            ("!", false),
            ("#a\nb:example.org", false),
            ("", false),
        ] {
            assert_eq!(is_room(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_room_may_name_servers_that_know_it() {
        let wanted = Wanted::parse("!abc:one.example two.example").unwrap();

        let servers: Vec<_> = wanted.servers().iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["two.example", "one.example"]);
        assert_eq!(Wanted::parse("!abc no server"), Wanted::parse("!abc no server"));
        assert_eq!(Wanted::parse("!abc b@d"), None);
    }

    #[test]
    fn a_user_may_leave_the_server_out() {
        for (name, expected) in
            [("fulmar", true), ("@fulmar", true), ("@fulmar:example.org", true), ("", false), ("a:b:c d", false)]
        {
            assert_eq!(is_user(name, "example.org"), expected, "{name:?}");
        }
    }
}
