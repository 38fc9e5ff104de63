//! The one table of chat kinds, and the only place that knows which networks this build has.

use fulmar_contract::Kind;

/// What is logged, unless somebody says otherwise, of what the networks' libraries say: their backends tell what matters.
pub const USUAL_LOG: &str = "matrix_sdk=off";

/// The kinds of chat that this build can host.
pub const KINDS: &[Kind] = &[
    #[cfg(feature = "irc")]
    fulmar_irc::KIND,
    #[cfg(feature = "matrix")]
    fulmar_matrix::KIND,
    #[cfg(feature = "memory")]
    fulmar_memory::KIND,
    #[cfg(feature = "telegram")]
    fulmar_telegram::KIND,
    #[cfg(feature = "terminal")]
    fulmar_terminal::KIND,
    #[cfg(feature = "xmpp")]
    fulmar_xmpp::KIND,
];
