//! StackStorm's action aliases, purely: what a format matches, what there is to run, what was meant.
//!
//! Knows no server, no actor and no clock.

mod definition;
mod format;

pub use definition::{Ack, Alias, Outcome, Phrase};
pub use format::{BadFormat, Format, NoMatch, Params};
