//! What a room says of who is in it (XEP-0045).

use jid::{BareJid, Jid};
use xmpp_parsers::{minidom::Element, ns};

use super::{Fault, codes, sender};
use crate::{names, xml};

/// Who is where, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Present {
    pub(crate) room: BareJid,
    pub(crate) nick: Option<String>,
    pub(crate) standing: Standing,
    /// The room's codes for what happened.
    pub(crate) codes: Vec<u16>,
}

/// How somebody is in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There.
    In {
        /// Who it really is, if the room says so.
        real: Option<BareJid>,
        /// Whether they see who others really are, whatever the room shows to all.
        is_moderator: bool,
    },
    /// Not any more.
    Out {
        /// What they are called from now on, if they only changed their nick.
        renamed: Option<String>,
        /// Why, in somebody's words.
        why: Option<String>,
        /// Whether the room is no more.
        is_destroyed: bool,
    },
    /// Not let in.
    Refused(Fault),
}

pub(super) fn read(stanza: &Element) -> Option<Present> {
    let from = sender(stanza).ok()??;
    let x = stanza.get_child("x", ns::MUC_USER);
    let item = x.and_then(|x| x.get_child("item", ns::MUC_USER));
    let standing = match stanza.attr("type") {
        None => {
            let real = item.and_then(|item| item.attr("jid")).and_then(|jid| Jid::new(jid).ok());
            let is_moderator = item.and_then(|item| item.attr("role")) == Some("moderator");
            Standing::In { real: real.map(Jid::into_bare), is_moderator }
        }
        Some("error") => Standing::Refused(Fault::read(stanza)),
        Some("unavailable") => {
            let destroyed = x.and_then(|x| destroyed(x));
            let reason = destroyed.or(item).and_then(|element| xml::text_of(element, "reason"));
            Standing::Out {
                renamed: item.and_then(|item| item.attr("nick")).map(str::to_owned),
                why: reason.filter(|reason| !reason.trim().is_empty()),
                is_destroyed: destroyed.is_some(),
            }
        }
        Some(_) => return None,
    };
    let codes = x.map(codes).unwrap_or_default();
    let nick = from.resource().map(|nick| nick.as_str().to_owned());
    Some(Present { room: from.into_bare(), nick, standing, codes })
}

fn destroyed(x: &Element) -> Option<&Element> {
    x.get_child("destroy", ns::MUC_USER).or_else(|| x.get_child("destroy", names::MUC_OWNER))
}
