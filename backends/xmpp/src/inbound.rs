//! From stanzas to facts. Pure; what makes no sense is none.

mod message;
mod presence;

use fulmar_contract::Undelivered;
use jid::{BareJid, Jid};
use xmpp_parsers::{minidom::Element, ns};

use crate::xml;

pub(crate) use message::{Archived, Reacted, Said, message};
pub(crate) use presence::{Present, Standing};

/// What a stanza says.
#[derive(Debug, PartialEq)]
pub(crate) enum Fact {
    /// A request of ours was answered.
    Answered { from: Option<Jid>, id: String, answer: Result<Option<Element>, Fault> },
    /// A message from an archive that we asked.
    Archived(Box<Archived>),
    /// Somebody asks something of us.
    Asked { from: Option<Jid>, id: String, question: Option<Element> },
    /// A message of ours did not arrive.
    Bounced { from: Jid, id: String, fault: Fault },
    /// Somebody invites us to a room.
    Invited { room: Jid },
    /// Somebody, perhaps we, came to a room, changed there, or left it.
    Present(Present),
    /// Somebody reacted to a message.
    Reacted(Reacted),
    /// A room was configured anew; the codes say how.
    Reconfigured { room: Jid, codes: Vec<u16> },
    /// Somebody wrote something.
    Said(Box<Said>),
}

/// Why something was not done (RFC 6120, section 8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) condition: String,
    /// Whether it may be done later.
    is_for_now: bool,
    words: Option<String>,
}

impl Fault {
    fn read(stanza: &Element) -> Self {
        let Some(error) = stanza.get_child("error", ns::JABBER_CLIENT) else {
            return Self { condition: "undefined-condition".into(), is_for_now: false, words: None };
        };
        let (condition, words) = xml::condition(error, ns::XMPP_STANZAS);
        Self { condition, is_for_now: error.attr("type") == Some("wait"), words }
    }

    /// What it means for what was to be written.
    pub(crate) fn undelivered(&self) -> Undelivered {
        let why = self.why();
        // A room that does not know us does not take our words (XEP-0045, section 7.4): we join it again.
        if self.is_for_now || self.condition == "not-acceptable" {
            return Undelivered::Later { after: None, why };
        }
        Undelivered::Refused { why }
    }

    /// Why, for a person to read.
    pub(crate) fn why(&self) -> String {
        self.words.as_ref().map_or_else(|| self.condition.clone(), |words| format!("{}: {words}", self.condition))
    }
}

/// What `stanza` says to us, who are `me`.
pub(crate) fn read(stanza: &Element, me: &BareJid) -> Option<Fact> {
    if !stanza.has_ns(ns::JABBER_CLIENT) {
        return None;
    }
    match stanza.name() {
        "iq" => iq(stanza),
        "message" => message(stanza, me),
        "presence" => presence::read(stanza).map(Fact::Present),
        _ => None,
    }
}

fn iq(stanza: &Element) -> Option<Fact> {
    let from = sender(stanza).ok()?;
    let id = stanza.attr("id")?.to_owned();
    let payload = stanza.children().next().cloned();
    match stanza.attr("type")? {
        "error" => Some(Fact::Answered { from, id, answer: Err(Fault::read(stanza)) }),
        "get" | "set" => Some(Fact::Asked { from, id, question: payload }),
        "result" => Some(Fact::Answered { from, id, answer: Ok(payload) }),
        _ => None,
    }
}

/// Who sent it; nobody, if it is our server for our account.
fn sender(stanza: &Element) -> Result<Option<Jid>, jid::Error> {
    stanza.attr("from").map(Jid::new).transpose()
}

/// The status codes of a room (XEP-0045, section 15.6).
fn codes(x: &Element) -> Vec<u16> {
    let statuses = x.children().filter(|child| child.is("status", ns::MUC_USER));
    statuses.filter_map(|status| status.attr("code")?.parse().ok()).take(MOST_CODES).collect()
}

/// There are fewer.
const MOST_CODES: usize = 16;

#[cfg(test)]
mod tests;
