//! Executions that StackStorm took and does not begin.

use std::rc::Rc;

use tracing::warn;

use super::{
    Overdue,
    lines::{Lines, Utterance},
    words,
};
use crate::{
    actors::journal::Whose,
    journal::{Entry, ExecutionState},
};

/// Says so, once. Should it end after all, its result is told like any other.
pub(super) async fn overdue(lines: Rc<Lines>, Overdue { id, since }: Overdue) {
    let Ok(Some((command, execution))) = lines.journal.send(Whose(id)).await else { return };
    if execution.state != ExecutionState::Running {
        return;
    }
    warn!(execution = %execution.id, alias = %command.alias, ?since, "StackStorm does not begin an execution");
    let text = words::overdue(&command.alias, &execution.id, since);
    let (route, what) = lines.placed(&command, Utterance::answer(&command, text));
    let told = Entry::Ended(execution.id, ExecutionState::Overdue);
    // Should it not be said, the next sweep tries again.
    lines.queue(route, what, vec![told]).await.unwrap_or_default();
}
