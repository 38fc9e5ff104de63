//! What somebody says: whether it is for us, what it means among all aliases, and what it may have meant.

use std::{sync::LazyLock, time::SystemTime};

use fulmar::{
    actors::router::Addressing,
    alias::{Alias, Found, Hit, Registry, tidy},
};
use fulmar_contract::{Heard, Identity, MessageId, RoomId, Sender, Taken};
use serde_json::Value;

use super::{Target, first_line, text};

pub(super) const TARGET: Target =
    Target { name: "command", words: include_str!("../../words/command.toml"), longest: 1 << 16, run };

/// A first line that is a list of aliases takes the place of those that StackStorm has.
fn run(input: &[u8]) {
    let text = text(input);
    let (first, rest) = first_line(&text);
    addressed(&text);
    match serde_json::from_str::<Vec<Alias>>(first) {
        Ok(aliases) => mean(&Registry::new(aliases, &["*"]), rest),
        Err(_) => mean(&STACKSTORMS, &text),
    }
}

/// Of what is said to us, nothing but the address and the white space at both ends is taken away.
fn addressed(text: &str) {
    let prefixes = vec![("!".to_owned(), None), ("st!".to_owned(), Some("two".to_owned()))];
    let ways = Addressing { name: "fulmar".into(), prefixes, plugin_prefix: "st2".into() };
    let sender = Sender { identity: Identity::Claimed("ada".into()), name: "ada".into(), direct: None };
    let heard = Heard {
        id: MessageId::new("1"),
        room: RoomId::new("#ops"),
        thread: None,
        sender,
        text: text.to_owned(),
        mentioned: false,
        direct: false,
        at: SystemTime::UNIX_EPOCH,
        taken: Taken::default(),
    };
    if let Some(addressed) = ways.words(&heard, Some("Ful Mar")) {
        let words = ways.without_plugin_prefix(&addressed.words);
        assert!(tidy(text).trim_end().ends_with(words), "{words:?} of {text:?}");
    }
}

fn mean(registry: &Registry, command: &str) {
    let command = tidy(command);
    assert_eq!(tidy(&command), command, "tidy once is tidy");
    match registry.find(&command) {
        Found::None => {}
        Found::Disabled(hit) => assert!(is_known(&hit) && !hit.alias.enabled, "{hit:?}"),
        Found::Duplicate { hit, packs, .. } => assert!(is_known(&hit) && packs.len() > 1, "{hit:?}"),
        Found::One(hit) => assert!(is_known(&hit) && hit.alias.enabled, "{hit:?}"),
        Found::Several(hits) => assert!(hits.len() > 1 && hits.iter().all(is_known), "{hits:?}"),
    }
    let suggested = registry.suggest(&command, |_| true);
    let displays = || registry.aliases().iter().flat_map(|alias| &alias.formats).filter_map(|it| it.display());
    assert!(
        suggested.len() <= 3 && suggested.iter().all(|it| displays().any(|display| display == it)),
        "suggestions"
    );
}

fn is_known(hit: &Hit) -> bool {
    hit.alias.formats.iter().any(|phrase| match phrase {
        fulmar::alias::Phrase::Bare(format) => *format == hit.representation,
        fulmar::alias::Phrase::Shown { representation, .. } => {
            representation.contains(&hit.representation) || hit.representation.is_empty()
        }
    })
}

/// The aliases of a real StackStorm.
pub(super) static STACKSTORMS: LazyLock<Registry> = LazyLock::new(|| {
    let answer: Value =
        serde_json::from_str(include_str!("../../../st2/http/actionalias_list_all.json")).unwrap_or_default();
    let aliases = answer.pointer("/response/body_json").cloned().unwrap_or_default();
    Registry::new(serde_json::from_value(aliases).unwrap_or_default(), &["*"])
});
