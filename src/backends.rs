//! The one table of chat kinds, and the only place that knows which networks this build has.

use fulmar_contract::Kind;

/// The kinds of chat that this build can host.
pub const KINDS: &[Kind] = &[];
