//! StackStorm's objects, read with tolerance: absent and null are alike, unknown is ignored.

mod alias;
mod announcement;
mod cancelled;
mod execution;
mod fault;
mod mark;
mod printed;
mod stream;

pub use alias::{AliasAnswer, AliasExecution, MatchAndExecute, MatchAnswer, Matched, RunAlias, Started};
pub use announcement::Announcement;
pub use cancelled::Cancelled;
pub use execution::{Execution, ExecutionId, Malformed, Status};
pub use fault::Fault;
pub use mark::Mark;
pub use printed::Printed;
pub use stream::Happening;

#[cfg(test)]
mod recorded;
