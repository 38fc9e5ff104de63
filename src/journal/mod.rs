//! What is known of commands, executions and deliveries, and how it may change.
//!
//! Everything that happens to a command is an [`Entry`]. The [`Ledger`] is what all entries so far amount
//! to; a [`Store`] keeps them beyond the process. Pure but for the store.

#[cfg(feature = "sqlite")]
pub mod crash;
mod entry;
mod ledger;
mod meaning;
mod run;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

pub(crate) use entry::weight;
pub use entry::{
    Announced, Answered, Assurance, Command, CommandId, CommandState, Dated, Delivery, DeliveryId, DeliveryState,
    Entry, Execution, ExecutionState, Results, Route, RunId, Speech,
};
pub use ledger::{Counts, Ledger, Misfit};
pub use meaning::{Asked, Doubt, Meaning};
pub use run::{Run, Scope};
#[cfg(feature = "sqlite")]
pub use sqlite::{Commit, Sqlite, legible};
pub use store::{Case, Change, Loaded, Memory, Obstacle, REMEMBERED, Sought, Store, StoreError, Written};
