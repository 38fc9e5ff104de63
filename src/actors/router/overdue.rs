//! Executions that StackStorm took and does not begin.

use std::{rc::Rc, time::Duration};

use actix::{Handler, Message, ResponseFuture};
use tracing::info;

use super::{
    Router,
    lines::{Lines, Utterance},
    words,
};
use crate::{
    actors::journal::Whose,
    journal::{Entry, ExecutionState, RunId},
};

/// StackStorm took an execution of ours and does not begin it. Answers whether that is news.
#[derive(Debug, Message)]
#[rtype(result = "bool")]
pub struct Overdue {
    /// The execution.
    pub run: RunId,
    /// For how long.
    pub since: Duration,
}

/// Says so, once. Should it end after all, its result is told like any other.
async fn say(lines: Rc<Lines>, Overdue { run, since }: Overdue) -> bool {
    let Ok(Some((command, execution))) = lines.journal.send(Whose(run.clone())).await else { return false };
    if execution.state != ExecutionState::Running {
        return false;
    }
    info!(execution = %execution.id, alias = %command.alias, ?since, "StackStorm does not begin an execution");
    let text = words::overdue(&command.alias, &execution.id, since);
    let (route, what) = lines.placed(&command, Utterance::answer(&command, text));
    let told = Entry::Ended(run, ExecutionState::Overdue);
    // Should it not be said, the next sweep tries again.
    lines.queue(route, what, vec![told]).await.is_ok()
}

impl Handler<Overdue> for Router {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, overdue: Overdue, _: &mut Self::Context) -> Self::Result {
        Box::pin(say(Rc::clone(&self.lines), overdue))
    }
}
