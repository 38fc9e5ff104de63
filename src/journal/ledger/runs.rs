//! Executions, as people and live lines ask for them.

use jiff::Timestamp;

use super::Ledger;
use crate::journal::{Command, Execution, Run};

impl Ledger {
    /// The executions that `wanted` picks, with their commands and when these were given; the newest command first.
    pub fn runs(&self, wanted: impl Fn(&Command, Timestamp, &Execution) -> bool) -> Vec<RunRef<'_>> {
        let runs = self.executions.values().filter_map(|execution| {
            let row = self.commands.get(&execution.command)?;
            Some(RunRef { command: &row.command, at: row.at, execution })
        });
        let mut runs: Vec<_> = runs.filter(|run| wanted(run.command, run.at, run.execution)).collect();
        runs.sort_unstable_by(|a, b| (b.command.id, &a.execution.id).cmp(&(a.command.id, &b.execution.id)));
        runs
    }
}

/// A [`Run`] that still belongs to the ledger.
#[derive(Clone, Copy, Debug)]
pub struct RunRef<'a> {
    command: &'a Command,
    at: Timestamp,
    /// The execution.
    pub execution: &'a Execution,
}

impl From<RunRef<'_>> for Run {
    fn from(RunRef { command, at, execution }: RunRef<'_>) -> Self {
        Self { command: command.clone(), at, execution: execution.clone() }
    }
}
