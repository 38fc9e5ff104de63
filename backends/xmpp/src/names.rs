//! Namespaces that the parser's crate does not name.

/// What a body stands in for (XEP-0428).
pub(crate) const FALLBACK: &str = "urn:xmpp:fallback:0";
/// How delays were told before XEP-0203 (XEP-0091).
pub(crate) const OLD_DELAY: &str = "jabber:x:delay";
/// Owners' wishes (XEP-0045, section 10).
pub(crate) const MUC_OWNER: &str = "http://jabber.org/protocol/muc#owner";
/// References, of which mentions are one kind (XEP-0372).
pub(crate) const REFERENCE: &str = "urn:xmpp:reference:0";
/// Replies (XEP-0461).
pub(crate) const REPLY: &str = "urn:xmpp:reply:0";
/// Text with marks, and without (XEP-0393).
pub(crate) const STYLING: &str = "urn:xmpp:styling:0";
/// Hints for archives (XEP-0334).
pub(crate) const HINTS: &str = "urn:xmpp:hints";
