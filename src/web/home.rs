//! Which StackStorm a webhook speaks for: what it is sent does not say.

use std::collections::BTreeMap;

use crate::config::Config;

/// Where the chats belong.
pub(super) struct Homes {
    /// The StackStorm of each chat.
    chats: BTreeMap<String, String>,
    /// The only StackStorm, else the one called `default`.
    default: Option<String>,
}

impl Homes {
    pub(super) fn of(config: &Config) -> Self {
        let chats = config.chats.iter().map(|chat| (chat.name.clone(), chat.stackstorm.clone()));
        let mut names = config.stackstorms.keys();
        let only = names.next().filter(|_| names.next().is_none());
        let default = only.or_else(|| config.stackstorms.keys().find(|name| *name == "default"));
        Self { chats: chats.collect(), default: default.cloned() }
    }

    /// The StackStorm whose chat `channel` names, as `chat/room`; else the default.
    pub(super) fn stackstorm(&self, channel: Option<&str>) -> Option<&str> {
        let named = channel.and_then(|channel| self.chats.get(channel.split_once('/')?.0));
        named.or(self.default.as_ref()).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn homes(chats: &[(&str, &str)], default: Option<&str>) -> Homes {
        let owned = |(chat, storm): &(&str, &str)| ((*chat).to_owned(), (*storm).to_owned());
        Homes { chats: chats.iter().map(owned).collect(), default: default.map(str::to_owned) }
    }

    #[test]
    fn the_chat_that_is_named_decides_and_else_the_default() {
        let homes = homes(&[("a", "one"), ("b", "two")], Some("one"));

        assert_eq!(homes.stackstorm(Some("b/#ops")), Some("two"));
        assert_eq!(homes.stackstorm(Some("#ops")), Some("one"));
        assert_eq!(homes.stackstorm(Some("c/#ops")), Some("one"));
        assert_eq!(homes.stackstorm(None), Some("one"));
    }

    #[test]
    fn without_a_default_the_chat_must_be_named() {
        let homes = homes(&[("a", "one"), ("b", "two")], None);

        assert_eq!(homes.stackstorm(Some("a/#ops")), Some("one"));
        assert_eq!(homes.stackstorm(Some("#ops")), None);
    }
}
