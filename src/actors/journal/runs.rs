//! What the Journal knows of executions, for those who ask about them.

use actix::{Handler, Message, MessageResult};
use jiff::Timestamp;

use super::Journal;
use crate::journal::{Command, Run, Scope};

/// Asks for executions: ten that run, as far as we know, and five others, the newest first.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Listed")]
pub struct Executions {
    /// Of which commands.
    pub scope: Scope,
    /// Of which StackStorm; of any, if none is named.
    pub stackstorm: Option<String>,
    /// What their ids end with.
    pub ending: String,
}

/// Executions that somebody asked for.
#[derive(Debug, Default)]
pub struct Listed {
    /// Those that run.
    pub running: Vec<Run>,
    /// Those that are over.
    pub over: Vec<Run>,
    /// How many more run.
    pub more: usize,
}

/// Asks for those executions of one StackStorm that run, as far as we know, though their commands were given `before` this
/// time of our clock.
#[derive(Debug, Message)]
#[rtype(result = "Vec<Run>")]
pub struct Long {
    /// Which StackStorm.
    pub stackstorm: String,
    /// Before when.
    pub before: Timestamp,
}

impl Handler<Executions> for Journal {
    type Result = MessageResult<Executions>;

    fn handle(
        &mut self,
        Executions { scope, stackstorm, ending }: Executions,
        _: &mut Self::Context,
    ) -> Self::Result {
        let book = self.book.borrow();
        let is_there = |command: &Command| stackstorm.as_ref().is_none_or(|name| *name == command.stackstorm);
        let runs = book
            .ledger
            .runs(|command, _, it| it.id.ends_with(&ending) && scope.covers(command) && is_there(command));
        let (running, over): (Vec<_>, Vec<_>) = runs.into_iter().partition(|run| run.execution.is_running());
        MessageResult(Listed {
            more: running.len().saturating_sub(RUNNING),
            running: running.into_iter().take(RUNNING).map(Run::from).collect(),
            over: over.into_iter().take(OVER).map(Run::from).collect(),
        })
    }
}

impl Handler<Long> for Journal {
    type Result = Vec<Run>;

    fn handle(&mut self, Long { stackstorm, before }: Long, _: &mut Self::Context) -> Self::Result {
        let book = self.book.borrow();
        let runs = book
            .ledger
            .runs(|command, at, it| it.is_running() && at <= before && command.stackstorm == stackstorm);
        runs.into_iter().map(Run::from).collect()
    }
}

/// How many executions that run are listed.
const RUNNING: usize = 10;

/// How many that are over.
const OVER: usize = 5;
