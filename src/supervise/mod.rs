//! The supervisor: starts, restarts, parks and stops the gateway's children.
//!
//! One for one: a child's end concerns no other child. Each life is a fresh actor, so none inherits half a
//! state. What follows from an end is decided in [`decide`], purely.
//!
//! `actix::Supervised` is not used: it restarts the same value at once, without limit, and never after a panic.

mod backoff;
mod child;
mod decide;
mod line;
mod status;
mod supervisor;

#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use child::{Birth, ChildSpec, DeathNotice, Tell, child};
pub use decide::{Cause, Exhausted, Policy};
pub use line::{Down, Line};
pub use status::{ChildStatus, Phase};
pub use supervisor::{Ended, Order, Shutdown, Snapshot, Supervisor, UnknownChild};
