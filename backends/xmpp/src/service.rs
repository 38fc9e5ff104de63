//! What we tell others of ourselves when they ask (XEP-0030, 0092, 0115, 0199, 0202). Pure.

use std::time::SystemTime;

use jid::Jid;
use xmpp_parsers::{
    caps::{self, Caps},
    disco::{DiscoInfoResult, Identity},
    hashes::Algo,
    minidom::Element,
    ns,
};

use crate::{
    names, time,
    xml::{Build, element},
};

/// The answer to `question`, for whoever asked.
pub(crate) fn answer(to: Option<&Jid>, id: &str, question: Option<&Element>, now: SystemTime) -> Element {
    let iq = element("iq", ns::JABBER_CLIENT).with("id", id);
    let iq = match to {
        Some(to) => iq.with("to", to.as_str()),
        None => iq,
    };
    let Some(question) = question else { return refused(iq) };
    let payload = match (question.name(), question.ns().as_str()) {
        ("ping", ns::PING) => return iq.with("type", "result"),
        ("query", ns::DISCO_INFO) => Element::from(info(question.attr("node"))),
        ("query", ns::DISCO_ITEMS) => element("query", ns::DISCO_ITEMS),
        ("query", ns::VERSION) => element("query", ns::VERSION)
            .holding(element("name", ns::VERSION).saying("Fulmar"))
            .holding(element("version", ns::VERSION).saying(env!("CARGO_PKG_VERSION"))),
        ("time", ns::TIME) => element("time", ns::TIME)
            .holding(element("tzo", ns::TIME).saying("+00:00"))
            .holding(element("utc", ns::TIME).saying(&time::write(now).unwrap_or_default())),
        _ => return refused(iq),
    };
    iq.with("type", "result").holding(payload)
}

/// What goes with our presence, so that others need not ask (XEP-0115).
pub(crate) fn capabilities() -> Element {
    let hash = caps::hash_caps(&caps::compute_disco(&info(None)), Algo::Sha_1);
    hash.map_or_else(|_| element("c", ns::CAPS), |hash| Element::from(Caps::new(NODE, hash)))
}

fn info(node: Option<&str>) -> DiscoInfoResult {
    DiscoInfoResult {
        node: node.map(crate::text::inert),
        identities: vec![Identity::new("client", "bot", "en", "Fulmar")],
        features: FEATURES.iter().map(|feature| (*feature).to_owned()).collect(),
        extensions: Vec::new(),
    }
}

fn refused(iq: Element) -> Element {
    let error = element("error", ns::JABBER_CLIENT).with("type", "cancel");
    iq.with("type", "error").holding(error.holding(element("service-unavailable", ns::XMPP_STANZAS)))
}

const NODE: &str = env!("CARGO_PKG_REPOSITORY");
const FEATURES: [&str; 10] = [
    ns::CAPS,
    ns::DISCO_INFO,
    ns::MESSAGE_CORRECT,
    ns::MUC,
    ns::PING,
    ns::REACTIONS,
    ns::TIME,
    ns::VERSION,
    names::REPLY,
    names::STYLING,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &str, namespace: &str) -> Element {
        let from = Jid::new("ada@example.org/x").unwrap();
        answer(Some(&from), "1", Some(&element(name, namespace)), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn what_we_know_is_answered_and_the_rest_is_refused() {
        for (name, namespace, kind) in [
            ("ping", ns::PING, "result"),
            ("query", ns::DISCO_INFO, "result"),
            ("query", ns::VERSION, "result"),
            ("time", ns::TIME, "result"),
            ("query", ns::ROSTER, "error"),
            ("ping", ns::VERSION, "error"),
        ] {
            let answer = asked(name, namespace);

            assert_eq!((answer.attr("type"), answer.attr("id")), (Some(kind), Some("1")), "{name} {namespace}");
            assert_eq!(answer.attr("to"), Some("ada@example.org/x"));
        }
        assert_eq!(answer(None, "1", None, SystemTime::UNIX_EPOCH).attr("type"), Some("error"));
    }

    #[test]
    fn our_presence_names_what_disco_tells() {
        let caps = capabilities();

        assert_eq!(caps.attr("hash"), Some("sha-1"));
        assert!(caps.attr("ver").is_some_and(|ver| ver.len() == 28), "{caps:?}");
    }
}
