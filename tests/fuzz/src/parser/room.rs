//! What people, operators and StackStorm call rooms, people and messages.

use std::sync::{Arc, LazyLock};

use fulmar::backends::KINDS;
use fulmar_contract::{Backend, Identity, MessageId, UserId};

use super::{
    Target,
    session::{SECRET, options, word},
    text,
};

pub(super) const TARGET: Target =
    Target { name: "room", words: include_str!("../../words/room.toml"), longest: 1 << 12, run };

/// A room has one name, in which nothing acts.
fn run(input: &[u8]) {
    let name = text(input);
    for (kind, backend) in CHATS.iter() {
        // Who somebody is, a network says in one line.
        let is_line = !name.contains(char::is_control);
        let who = [Identity::Claimed(name.clone().into()), Identity::Vouched(UserId::new(&*name))];
        let private = who.iter().filter(|_| is_line).filter_map(|who| backend.private(who));
        for room in private.chain(backend.direct(&name)).chain(backend.room(&name)) {
            assert!(!room.as_str().contains(char::is_control), "{kind}: {room:?}");
        }
        if let Some(room) = backend.room(&name) {
            assert_eq!(backend.room(room.as_str()).as_ref(), Some(&room), "{kind}: {room:?} is called otherwise");
        }
        backend.thread_at(&MessageId::new(&*name));
    }
}

/// One of each network.
static CHATS: LazyLock<Vec<(&str, Arc<dyn Backend>)>> = LazyLock::new(|| {
    let built = KINDS.iter().filter(|kind| !["memory", "terminal"].contains(&kind.name)).map(|kind| {
        let mut options = match kind.name {
            "irc" => options([("server", word("irc.example.org")), ("nick", word("fulmar"))]),
            "matrix" => options([
                ("homeserver", word("https://matrix.example.org")),
                ("user", word("@fulmar:example.org")),
                ("password", word(SECRET)),
                ("store", word("nowhere")),
            ]),
            "telegram" => options([("token", word("1:hunter2"))]),
            _ => options([("jid", word("fulmar@localhost")), ("password", word(SECRET))]),
        };
        let built = (kind.build)(&mut options);
        (kind.name, built.unwrap_or_else(|| panic!("{}: {options:?}", kind.name)))
    });
    built.collect()
});
