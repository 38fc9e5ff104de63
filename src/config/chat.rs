//! `[chats.NAME]`: one chat each.

use std::{fmt, sync::Arc};

use fulmar_contract::{Backend, Kind, Options, Value};

use super::{Home, Manner, Named, home, named_tables};

/// One chat.
#[derive(Clone)]
pub struct ChatConfig {
    /// The name, as in `[chats.NAME]`: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The kind, as in the table of kinds.
    pub kind: &'static str,
    /// The StackStorms that its commands go to.
    pub home: Home,
    /// How many posts one answer may take.
    pub max_posts: usize,
    /// What becomes of a post that may be out already.
    pub unconfirmed: Unconfirmed,
    /// How it answers.
    pub manner: Manner,
    /// The configured network.
    pub backend: Arc<dyn Backend>,
}

/// What becomes of a post of which it is not known whether the network took it, where a second copy would be a second
/// message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unconfirmed {
    /// It is not sent again, but given up.
    Drop,
    /// It is sent again, with a mark.
    #[default]
    Repeat,
}

impl fmt::Debug for ChatConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChatConfig")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("home", &self.home)
            .field("max_posts", &self.max_posts)
            .field("unconfirmed", &self.unconfirmed)
            .field("manner", &self.manner)
            .finish_non_exhaustive()
    }
}

/// Reads all chats; those in which something is wrong are `None`. `stackstorms` are the names of those that there are.
pub(super) fn read_all(root: &mut Options, kinds: &[Kind], stackstorms: &[String]) -> Named<ChatConfig> {
    let (mut chats, names) = named_tables(root, "chats", "at least one [chats.NAME] with a kind");
    let mut read = Vec::new();
    for name in names {
        let Some(mut options) = chats.table(&name) else { continue };
        let value = chat(&name, &mut options, kinds, stackstorms);
        chats.absorb(options);
        read.push((name, value));
    }
    root.absorb(chats);
    read
}

fn chat(name: &str, options: &mut Options, kinds: &[Kind], stackstorms: &[String]) -> Option<ChatConfig> {
    if !is_name(name) {
        options.complain(options.line(), "", "a chat's name has letters, digits, - _ and . only");
    }
    let stackstorm = home::read(options, stackstorms);
    let rooms = options.table_or_empty("stackstorms");
    let max_posts = options.number("max_posts", 1, 1000).and_then(|most| usize::try_from(most).ok());
    let words = [("drop", Unconfirmed::Drop), ("repeat", Unconfirmed::Repeat)];
    let unconfirmed = options.word("unconfirmed", Unconfirmed::Repeat, &words);
    let manner = Manner::read(options);
    let Some(kind) = kind(options, kinds) else {
        // Which keys belong here is not known.
        options.keys().iter().for_each(|key| drop(options.take(key)));
        return None;
    };
    let backend = (kind.build)(options)?;
    let (rooms, read) = home::read_rooms(rooms, &*backend, stackstorms);
    options.absorb(read);
    let home = Home { stackstorm, rooms };
    let max_posts = max_posts.unwrap_or(MAX_POSTS);
    Some(ChatConfig { name: name.to_owned(), kind: kind.name, home, max_posts, unconfirmed, manner, backend })
}

fn kind<'a>(options: &mut Options, kinds: &'a [Kind]) -> Option<&'a Kind> {
    let known = || kinds.iter().map(|kind| format!("\"{}\"", kind.name)).collect::<Vec<_>>().join(", ");
    let Some(item) = options.take("kind") else {
        options.missing("kind", &format!("one of {}", known()));
        return None;
    };
    let Value::Text(name) = item.value else {
        options.complain(item.line, "kind", format!("expected one of {}", known()));
        return None;
    };
    let found = kinds.iter().find(|kind| kind.name == name);
    if found.is_none() {
        options.complain(item.line, "kind", format!("unknown kind \"{name}\": this build has {}", known()));
    }
    found
}

/// Whether `name` can stand before the `/` in `chat/room`, in a path and in a metric.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Enough for 10,000 characters on IRC, where they take 25 s at the usual rate.
const MAX_POSTS: usize = 50;
