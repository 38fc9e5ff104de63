//! The one table of chat kinds, and the only place that knows which networks this build has.

use fulmar_contract::Kind;

/// The kinds of chat that this build can host.
pub const KINDS: &[Kind] = &[
    #[cfg(feature = "irc")]
    fulmar_irc::KIND,
    #[cfg(feature = "memory")]
    fulmar_memory::KIND,
    #[cfg(feature = "telegram")]
    fulmar_telegram::KIND,
    #[cfg(feature = "terminal")]
    fulmar_terminal::KIND,
    #[cfg(feature = "xmpp")]
    fulmar_xmpp::KIND,
];
