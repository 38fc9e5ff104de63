//! Posts, as stanzas. Pure.

use fulmar_contract::{Identity, MessageId, Post, Undelivered};
use jid::{BareJid, Jid};
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    id::Names,
    names,
    rooms::Entry,
    text,
    xml::{Build, element},
};

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// To somebody in a room, whose own address we do not know.
    Occupant(Jid),
    /// To somebody's address.
    Person(BareJid),
    /// To a room.
    Room(BareJid),
}

impl Target {
    fn message(&self, id: &str) -> Element {
        let (to, kind) = match self {
            Self::Occupant(to) => (to.as_str(), "chat"),
            Self::Person(to) => (to.as_str(), "chat"),
            Self::Room(to) => (to.as_str(), "groupchat"),
        };
        let message = element("message", ns::JABBER_CLIENT).with("to", to).with("type", kind).with("id", id);
        match self {
            Self::Occupant(_) => message.holding(element("x", ns::MUC_USER)),
            Self::Person(_) | Self::Room(_) => message,
        }
    }

    /// What others call the message with these names there (XEP-0444, section 4.2; XEP-0461, section 3.1).
    fn name<'a>(&self, names: &'a Names) -> &'a str {
        match self {
            Self::Room(_) => &names.stable,
            Self::Occupant(_) | Self::Person(_) => names.own(),
        }
    }
}

/// The message called `id` that says `post`; in the place of the message `corrects`, if there is one.
pub(crate) fn message(
    post: &Post,
    target: &Target,
    id: &str,
    corrects: Option<&MessageId>,
) -> Result<Element, Undelivered> {
    let mention = post.mention.as_ref().map(|mention| text::inert(&mention.name).replace('\n', " "));
    let body = match &mention {
        Some(name) => format!("{name}: {}", post.written()),
        None => post.written().to_owned(),
    };
    if text::inert(&body).trim().is_empty() {
        return Err(Undelivered::Refused { why: "there is no text in it".into() });
    }
    let mut message = target.message(id).holding(element("body", ns::JABBER_CLIENT).saying(&body));
    if let Some(thread) = &post.thread {
        message.append_child(element("thread", ns::JABBER_CLIENT).saying(thread.as_str()));
    }
    if post.marked.is_none() {
        message.append_child(element("unstyled", names::STYLING));
    }
    if let (Some(name), Some(mention)) = (&mention, &post.mention)
        && let Identity::Vouched(who) = &mention.identity
    {
        let reference = element("reference", names::REFERENCE).with("type", "mention").with("begin", "0");
        let end = name.chars().count().to_string();
        message.append_child(reference.with("end", &end).with("uri", &format!("xmpp:{who}")));
    }
    if let Some(corrected) = corrects {
        let own = Names::read(corrected);
        message.append_child(element("replace", ns::MESSAGE_CORRECT).with("id", own.own()));
    } else if let Some(answered) = &post.answers {
        let answered = Names::read(answered);
        message.append_child(element("reply", names::REPLY).with("id", target.name(&answered)));
    }
    Ok(message.holding(element("origin-id", ns::SID).with("id", id)))
}

/// The message called `id` that shows a file at `url`.
pub(crate) fn file(url: &str, post: &Post, target: &Target, id: &str) -> Element {
    let oob = element("x", ns::OOB).holding(element("url", ns::OOB).saying(url));
    let mut message = target.message(id).holding(element("body", ns::JABBER_CLIENT).saying(url)).holding(oob);
    if let Some(thread) = &post.thread {
        message.append_child(element("thread", ns::JABBER_CLIENT).saying(thread.as_str()));
    }
    message.holding(element("origin-id", ns::SID).with("id", id))
}

/// The message called `id` that reacts to another.
pub(crate) fn reaction(target: &Target, id: &str, message: &MessageId, emoji: Option<&str>) -> Element {
    let names = Names::read(message);
    let mut reactions = element("reactions", ns::REACTIONS).with("id", target.name(&names));
    if let Some(emoji) = emoji {
        reactions.append_child(element("reaction", ns::REACTIONS).saying(emoji));
    }
    target.message(id).holding(reactions).holding(element("store", names::HINTS))
}

/// What brings us into a room, without its past.
pub(crate) fn join(entry: &Entry, caps: Element) -> Element {
    let mut x =
        element("x", ns::MUC).holding(element("history", ns::MUC).with("maxchars", "0").with("maxstanzas", "0"));
    if let Some(key) = &entry.key {
        x.append_child(element("password", ns::MUC).saying(key.reveal()));
    }
    presence(&entry.room, &entry.nick).holding(x).holding(caps)
}

/// What gives us another nick in a room.
pub(crate) fn rename(room: &BareJid, nick: &str) -> Element {
    presence(room, nick)
}

/// What brings us out of a room.
pub(crate) fn leave(room: &BareJid, nick: &str) -> Element {
    let words = element("status", ns::JABBER_CLIENT).saying("leaving");
    presence(room, nick).with("type", "unavailable").holding(words)
}

/// What takes a room away that was made because we came.
pub(crate) fn destroy(room: &BareJid, id: &str) -> Element {
    let query = element("query", names::MUC_OWNER).holding(element("destroy", names::MUC_OWNER));
    element("iq", ns::JABBER_CLIENT).with("type", "set").with("id", id).with("to", room.as_str()).holding(query)
}

/// What asks a room whether we are in it (XEP-0410).
pub(crate) fn self_ping(room: &BareJid, nick: &str, id: &str) -> Element {
    let iq = element("iq", ns::JABBER_CLIENT).with("type", "get").with("id", id);
    iq.with("to", &format!("{room}/{nick}")).holding(element("ping", ns::PING))
}

fn presence(room: &BareJid, nick: &str) -> Element {
    element("presence", ns::JABBER_CLIENT).with("to", &format!("{room}/{nick}"))
}

#[cfg(test)]
mod tests;
