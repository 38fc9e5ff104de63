//! Whose invitations are followed, and into which rooms.

use fulmar_contract::Options;
use matrix_sdk::ruma::{RoomId, UserId};

use crate::address;

/// An allow-list.
#[derive(Clone, Debug, Default)]
pub(crate) struct Invites(Vec<Allowed>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Allowed {
    /// Everybody's.
    Everybody,
    /// Into a room.
    Room(String),
    /// Those of everybody on a server.
    Server(String),
    /// A person's.
    User(String),
}

impl Invites {
    /// Whether `inviter` may have us in `room`.
    pub(crate) fn allow(&self, inviter: &UserId, room: &RoomId) -> bool {
        self.0.iter().any(|allowed| match allowed {
            Allowed::Everybody => true,
            Allowed::Room(id) => id == room.as_str(),
            Allowed::Server(server) => server == inviter.server_name().as_str(),
            Allowed::User(id) => id == inviter.as_str(),
        })
    }
}

/// Reads `invites`.
pub(super) fn read(options: &mut Options) -> Invites {
    let line = options.line_of("invites");
    let mut allowed = Vec::new();
    for text in options.texts("invites").unwrap_or_default() {
        match parse(&text) {
            Some(one) => allowed.push(one),
            None => {
                let expected = "expected people, servers or rooms, as \"@ada:example.org\", \"*:example.org\", \"*\" \
                                or \"!x:example.org\"";
                options.complain(line, "invites", format!("{expected}, got \"{text}\""));
            }
        }
    }
    Invites(allowed)
}

fn parse(text: &str) -> Option<Allowed> {
    if text == "*" {
        return Some(Allowed::Everybody);
    }
    if let Some(server) = text.strip_prefix("*:") {
        return (!server.is_empty() && !server.contains(char::is_whitespace))
            .then(|| Allowed::Server(server.into()));
    }
    if text.starts_with('!') {
        return address::is_room_id(text).then(|| Allowed::Room(text.into()));
    }
    address::is_full_user(text).then(|| Allowed::User(text.into()))
}

#[cfg(test)]
mod tests {
    use matrix_sdk::ruma::{room_id, user_id};

    use super::*;

    #[test]
    fn only_who_is_listed_may_invite() {
        let room = room_id!("!ops:example.org");
        for (allowed, inviter, expected) in [
            ("*", user_id!("@eve:evil.example"), true),
            ("*:example.org", user_id!("@ada:example.org"), true),
            ("*:example.org", user_id!("@ada:example.org.evil.example"), false),
            ("@ada:example.org", user_id!("@ada:example.org"), true),
            ("@ada:example.org", user_id!("@bob:example.org"), false),
            ("!ops:example.org", user_id!("@eve:evil.example"), true),
            ("!other:example.org", user_id!("@eve:evil.example"), false),
        ] {
            let invites = Invites(vec![parse(allowed).unwrap()]);

            assert_eq!(invites.allow(inviter, room), expected, "{allowed} and {inviter}");
        }
        assert!(!Invites::default().allow(user_id!("@ada:example.org"), room));
    }

    #[test]
    fn what_is_nobody_is_not_taken() {
        for text in ["", "ada", "@ada", "*:", "#ops:example.org", "!", "* ", "@ada:"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
