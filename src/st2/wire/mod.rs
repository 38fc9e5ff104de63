//! StackStorm's objects, read with tolerance: absent and null are alike, unknown is ignored.

mod alias;
mod announcement;
mod execution;
mod fault;
mod mark;
mod stream;

pub use alias::{AliasAnswer, AliasExecution, MatchAndExecute, MatchAnswer, Matched, RunAlias, Started};
pub use announcement::Announcement;
pub use execution::{Execution, ExecutionId, Malformed, Status};
pub use fault::Fault;
pub use mark::Mark;
pub use stream::Happening;

#[cfg(test)]
mod recorded;
