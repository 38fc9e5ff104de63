//! StackStorm's action aliases, purely: what a format matches, what there is to run, what was meant.
//!
//! Knows no server, no actor and no clock.

mod command;
mod definition;
mod expression;
mod format;
mod help;
mod offer;
mod registry;

pub use command::tidy;
pub use definition::{Ack, Alias, Outcome, Phrase};
pub use format::{BadFormat, Format, NoMatch, Params};
pub use help::{BadHelp, Filter, HelpLine, HelpPage, HelpQuery};
pub use offer::offers;
pub use registry::{Broken, Duplicate, Found, Hit, Registry};
