//! Which StackStorm a webhook speaks for: what it is sent does not say.

use std::{collections::BTreeSet, sync::Arc};

use fulmar_contract::Backend;

use crate::config::{Config, Home};

/// Where the chats belong.
pub(super) struct Homes {
    chats: Vec<Chat>,
    /// The only StackStorm, else the one called `default`.
    default: Option<String>,
}

struct Chat {
    name: String,
    home: Home,
    backend: Arc<dyn Backend>,
}

impl Homes {
    pub(super) fn of(config: &Config) -> Self {
        let chats = config.chats.iter().map(|chat| Chat {
            name: chat.name.clone(),
            home: chat.home.clone(),
            backend: Arc::clone(&chat.backend),
        });
        let mut names = config.stackstorms.keys();
        let only = names.next().filter(|_| names.next().is_none());
        let default = only.or_else(|| config.stackstorms.keys().find(|name| *name == "default"));
        Self { chats: chats.collect(), default: default.cloned() }
    }

    /// The StackStorm of the room that `channel` names, as `chat/room` or, where that is the same in all chats, as `room`;
    /// else the default.
    pub(super) fn stackstorm(&self, channel: Option<&str>) -> Option<&str> {
        let named = channel.and_then(|channel| self.named(channel).or_else(|| self.everywhere(channel)));
        named.or(self.default.as_deref())
    }

    fn named(&self, channel: &str) -> Option<&str> {
        let (chat, room) = channel.split_once('/')?;
        let chat = self.chats.iter().find(|it| it.name == chat)?;
        Some(chat.of(room).unwrap_or(&chat.home.stackstorm))
    }

    fn everywhere(&self, room: &str) -> Option<&str> {
        let all: BTreeSet<&str> = self.chats.iter().filter_map(|chat| chat.of(room)).collect();
        all.first().copied().filter(|_| all.len() == 1)
    }
}

impl Chat {
    /// The StackStorm of a room, if there can be such a room.
    fn of(&self, room: &str) -> Option<&str> {
        Some(self.home.of(&self.backend.room(room)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORM: &str = r#"
        auth_url = "http://st2/auth"
        api_url = "http://st2/api"
        stream_url = "http://st2/stream"
        api_auth = { key = "k" }
    "#;

    fn homes(storms: &[&str], chats: &str) -> Homes {
        let storms: String = storms.iter().map(|name| format!("[stackstorm.{name}]{STORM}")).collect();
        let text = format!("[gateway]\nstate = \"memory\"\n{storms}\n{chats}");
        Homes::of(&Config::parse(&text, "test.toml", &|_| None).unwrap())
    }

    const TWO: &str = r#"
        [chats.a]
        kind = "memory"
        stackstorm = "default"
        stackstorms = { dev = "two" }
        [chats.b]
        kind = "memory"
        stackstorm = "two"
    "#;

    #[test]
    fn the_room_that_is_named_decides_and_else_the_default() {
        let homes = homes(&["default", "two"], TWO);

        for (channel, expected) in [
            (Some("b/ops"), "two"),
            (Some("a/ops"), "default"),
            (Some("a/dev"), "two"),
            (Some("dev"), "two"),
            (Some("ops"), "default"),
            (Some("c/ops"), "default"),
            (None, "default"),
        ] {
            assert_eq!(homes.stackstorm(channel), Some(expected), "{channel:?}");
        }
    }

    #[test]
    fn without_a_default_the_room_must_say_it() {
        let homes = homes(&["one", "two"], &TWO.replace("default", "one"));

        assert_eq!(homes.stackstorm(Some("a/ops")), Some("one"));
        assert_eq!(homes.stackstorm(Some("dev")), Some("two"));
        assert_eq!(homes.stackstorm(Some("ops")), None);
    }
}
