//! Which StackStorm the commands of a chat go to.

use std::collections::BTreeMap;

use fulmar_contract::{Backend, Options, RoomId, did_you_mean};

/// Which StackStorm the commands of a chat go to, unless their prefix is that of another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// The chat's; exists.
    pub stackstorm: String,
    /// Those of single rooms; exist.
    pub rooms: BTreeMap<RoomId, String>,
}

impl Home {
    /// The StackStorm of one room.
    pub fn of(&self, room: &RoomId) -> &str {
        self.rooms.get(room).unwrap_or(&self.stackstorm)
    }

    /// Whether the commands of the chat, or of any of its rooms, go to this StackStorm.
    pub fn has(&self, stackstorm: &str) -> bool {
        self.stackstorm == stackstorm || self.rooms.values().any(|its| its == stackstorm)
    }
}

/// Reads `stackstorm`, which is one of `known`.
pub(super) fn read(options: &mut Options, known: &[String]) -> String {
    let line = options.line_of("stackstorm");
    let name = options.text("stackstorm").unwrap_or_else(|| "default".into());
    if let Some(what) = unknown(&name, known) {
        options.complain(line, "stackstorm", what);
    }
    name
}

/// Reads `stackstorms`: rooms of `backend`, each with one of `known`.
pub(super) fn read_rooms(
    mut options: Options,
    backend: &dyn Backend,
    known: &[String],
) -> (BTreeMap<RoomId, String>, Options) {
    let mut rooms = BTreeMap::new();
    for name in options.keys() {
        let line = options.line_of(&name);
        let Some(stackstorm) = options.text(&name) else { continue };
        if let Some(what) = unknown(&stackstorm, known) {
            options.complain(line, &name, what);
        }
        match backend.room(&name) {
            Some(room) if rooms.contains_key(&room) => {
                options.complain(line, &name, format!("the room {room} is named already, in another spelling"));
            }
            Some(room) => drop(rooms.insert(room, stackstorm)),
            None => options.complain(line, &name, "no room of this chat can be called so"),
        }
    }
    (rooms, options)
}

fn unknown(name: &str, known: &[String]) -> Option<String> {
    let is_known = known.iter().any(|it| it == name);
    let hint = || did_you_mean(name, known.iter().map(String::as_str));
    (!is_known).then(|| format!("there is no [stackstorm.{name}]{}", hint()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_goes_before_its_chat() {
        let rooms = BTreeMap::from([(RoomId::new("#dev"), "staging".to_owned())]);
        let home = Home { stackstorm: "default".into(), rooms };

        assert_eq!((home.of(&RoomId::new("#dev")), home.of(&RoomId::new("#ops"))), ("staging", "default"));
        assert_eq!(["default", "staging", "other"].map(|name| home.has(name)), [true, true, false]);
    }
}
