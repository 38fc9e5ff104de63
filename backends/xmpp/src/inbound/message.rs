//! What a message says.

use std::time::SystemTime;

use jid::{BareJid, Jid};
use xmpp_parsers::{minidom::Element, ns};

use super::{Fact, Fault, codes, sender};
use crate::{names, text, time, xml};

/// Something that somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub(crate) from: Jid,
    /// Whether it was said to a whole room.
    pub(crate) in_room: bool,
    /// The writer's own name for the message.
    pub(crate) id: Option<String>,
    /// The names that archives say they gave it, and which archives.
    stamps: Vec<(BareJid, String)>,
    /// The text, without a quote of what it answers.
    pub(crate) text: String,
    pub(crate) thread: Option<String>,
    /// Whether it is told late (XEP-0203).
    pub(crate) is_late: bool,
    /// Whether it takes the place of an earlier message (XEP-0308).
    pub(crate) corrects: bool,
    /// Who wrote it, as the message itself says: to be believed of an archive at most.
    pub(crate) real: Option<BareJid>,
}

impl Said {
    /// The name that `archive` gave the message (XEP-0359). Others' names say nothing: anybody can write them.
    pub(crate) fn stamp(&self, archive: &BareJid) -> Option<&str> {
        self.stamps.iter().find(|(by, _)| by == archive).map(|(_, id)| id.as_str())
    }
}

/// A message from an archive (XEP-0313).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Archived {
    /// Which archive sent it: our own account's, if nobody.
    pub(crate) from: Option<Jid>,
    /// The name of the query that it answers.
    pub(crate) query: String,
    /// The archive's name for the message.
    pub(crate) id: String,
    pub(crate) at: SystemTime,
    /// Nothing, if it is of no interest.
    pub(crate) said: Option<Said>,
}

/// All the reactions of somebody to a message (XEP-0444).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reacted {
    pub(crate) from: Jid,
    pub(crate) in_room: bool,
    pub(crate) message: String,
    pub(crate) emoji: Vec<String>,
}

/// What a message says to us, who are `me`.
pub(crate) fn message(stanza: &Element, me: &BareJid) -> Option<Fact> {
    let from = sender(stanza).ok()?;
    if stanza.attr("type") == Some("error") {
        let id = stanza.attr("id")?.to_owned();
        return Some(Fact::Bounced { from: from?, id, fault: Fault::read(stanza) });
    }
    if let Some(result) = stanza.get_child("result", ns::MAM) {
        return archived(from, result).map(|archived| Fact::Archived(Box::new(archived)));
    }
    if let Some(carbon) = stanza.children().find(|child| child.has_ns(ns::CARBONS)) {
        // A copy of what another session of our account got. From anybody but our own server it is a forgery
        // (CVE-2017-5589 and its kin).
        let is_real = from.is_none_or(|from| from == *me) && carbon.name() == "received";
        return forwarded(carbon).filter(|_| is_real).and_then(said).map(|said| Fact::Said(Box::new(said)));
    }
    if let Some(reactions) = stanza.get_child("reactions", ns::REACTIONS) {
        let is_late = is_late(stanza);
        return reacted(from?, stanza, reactions).filter(|_| !is_late).map(Fact::Reacted);
    }
    if let Some(said) = said(stanza) {
        return Some(Fact::Said(Box::new(said)));
    }
    let x = stanza.get_child("x", ns::MUC_USER)?;
    if x.has_child("invite", ns::MUC_USER) {
        return Some(Fact::Invited { room: from? });
    }
    let codes = codes(x);
    (!codes.is_empty()).then_some(Fact::Reconfigured { room: from?, codes })
}

fn said(stanza: &Element) -> Option<Said> {
    let from = sender(stanza).ok()??;
    let in_room = match stanza.attr("type").unwrap_or("normal") {
        "groupchat" => true,
        "chat" | "normal" => false,
        _ => return None,
    };
    let is_secret = stanza.children().any(|child| child.name() == "encrypted" || child.has_ns(ns::EME));
    let body = stanza.get_child("body", ns::JABBER_CLIENT).filter(|_| !is_secret)?.text();
    let thread =
        xml::text_of(stanza, "thread").filter(|thread| !thread.trim().is_empty() && thread.len() <= LONGEST_NAME);
    Some(Said {
        from,
        in_room,
        id: stanza.attr("id").filter(|id| id.len() <= LONGEST_NAME).map(str::to_owned),
        stamps: stamps(stanza),
        text: text::inert(&unquoted(stanza, body)),
        thread,
        is_late: is_late(stanza),
        corrects: stanza.has_child("replace", ns::MESSAGE_CORRECT),
        real: real(stanza),
    })
}

/// Whether a message is told late, as rooms' histories and waiting messages are (XEP-0203, and as it was before).
fn is_late(stanza: &Element) -> bool {
    stanza.has_child("delay", ns::DELAY) || stanza.has_child("x", names::OLD_DELAY)
}

/// The body without the quote that stands there for those who do not know replies (XEP-0461, XEP-0428).
fn unquoted(stanza: &Element, body: String) -> String {
    if !stanza.has_child("reply", names::REPLY) {
        return body;
    }
    let is_of_reply =
        |child: &&Element| child.is("fallback", names::FALLBACK) && child.attr("for") == Some(names::REPLY);
    let Some(fallback) = stanza.children().find(is_of_reply) else { return body };
    let Some(part) = fallback.get_child("body", names::FALLBACK) else { return String::new() };
    let edge = |name: &str| part.attr(name).and_then(|edge| edge.parse().ok());
    text::without(&body, edge("start").unwrap_or(0), edge("end").unwrap_or(usize::MAX))
}

fn stamps(stanza: &Element) -> Vec<(BareJid, String)> {
    let stamp = |child: &Element| {
        let by = BareJid::new(child.attr("by")?).ok()?;
        let id = child.attr("id").filter(|id| is_name(id))?;
        Some((by, id.to_owned()))
    };
    let stamps = stanza.children().filter(|child| child.is("stanza-id", ns::SID));
    stamps.filter_map(stamp).take(MOST_STAMPS).collect()
}

/// Who wrote it, if it says so once.
fn real(stanza: &Element) -> Option<BareJid> {
    let mut all = stanza.children().filter(|child| child.is("x", ns::MUC_USER));
    let (Some(x), None) = (all.next(), all.next()) else { return None };
    Jid::new(x.get_child("item", ns::MUC_USER)?.attr("jid")?).ok().map(Jid::into_bare)
}

fn archived(from: Option<Jid>, result: &Element) -> Option<Archived> {
    let stamp = result.get_child("forwarded", ns::FORWARD)?.get_child("delay", ns::DELAY)?;
    Some(Archived {
        from,
        query: result.attr("queryid")?.to_owned(),
        id: result.attr("id").filter(|id| is_name(id))?.to_owned(),
        at: time::read(stamp.attr("stamp")?)?,
        said: forwarded(result).and_then(said),
    })
}

fn forwarded(parent: &Element) -> Option<&Element> {
    parent.get_child("forwarded", ns::FORWARD)?.get_child("message", ns::JABBER_CLIENT)
}

fn reacted(from: Jid, stanza: &Element, reactions: &Element) -> Option<Reacted> {
    let each = reactions.children().filter(|child| child.is("reaction", ns::REACTIONS)).map(Element::text);
    let emoji =
        each.map(|text| text::inert(text.trim())).filter(|text| !text.is_empty() && text.len() <= LONGEST_EMOJI);
    Some(Reacted {
        from,
        in_room: stanza.attr("type") == Some("groupchat"),
        message: reactions.attr("id")?.to_owned(),
        emoji: emoji.take(MOST_REACTIONS).collect(),
    })
}

/// Whether an archive can call a message so.
fn is_name(id: &str) -> bool {
    !id.is_empty() && id.len() <= LONGEST_NAME && !id.contains(char::is_whitespace)
}

/// In bytes, of what messages and threads are called. Programs use 36.
const LONGEST_NAME: usize = 256;
/// A message has seen few archives.
const MOST_STAMPS: usize = 8;
/// Of one person to one message.
const MOST_REACTIONS: usize = 16;
/// In bytes: an emoji of a family has 25.
const LONGEST_EMOJI: usize = 64;
