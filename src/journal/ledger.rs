//! What all entries so far amount to.

use std::collections::{HashMap, VecDeque};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use self::watch::Watch;
use super::{
    Announced, Asked, Command, CommandId, CommandState, Delivery, DeliveryId, DeliveryState, Entry, Execution,
    ExecutionState, Meaning, meaning::Standing,
};

/// The rows, by name. Closed rows are forgotten, the oldest first, beyond [`REMEMBERED`] commands.
#[derive(Debug, Default)]
pub struct Ledger {
    commands: HashMap<CommandId, CommandRow>,
    executions: HashMap<String, Execution>,
    deliveries: HashMap<DeliveryId, DeliveryRow>,
    closed: VecDeque<CommandId>,
    /// The youngest command that is forgotten: ids sort by time.
    forgotten: Option<CommandId>,
    /// The announcements, by StackStorm.
    watches: HashMap<String, Watch>,
    submitting: usize,
    counts: Counts,
}

#[derive(Debug)]
struct CommandRow {
    command: Command,
    state: CommandState,
    executions: Vec<String>,
    /// How many of them are not told yet.
    owed: usize,
    /// How many of them are told by an announcement or, as nobody wants to be told, by none.
    announced: usize,
}

#[derive(Debug)]
struct DeliveryRow {
    delivery: Delivery,
    state: DeliveryState,
}

/// How many rows there are of what is of interest to an operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Commands whose end is still to come.
    pub open: usize,
    /// Deliveries still to be made.
    pub pending: usize,
    /// Deliveries given up since the start.
    pub dead: usize,
}

/// An entry that does not follow from what is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} does not follow from what is known")]
pub struct Misfit {
    what: String,
}

impl Ledger {
    /// Takes in what happened.
    ///
    /// # Errors
    /// [`Misfit`] when it cannot have happened: an unknown row, or one that has already ended. The ledger is unchanged.
    pub fn apply(&mut self, entry: Entry) -> Result<(), Misfit> {
        match entry {
            Entry::Received(command) => self.receive(command),
            Entry::Advanced(id, state) => self.advance(id, state),
            Entry::Submitted(id, executions) => self.submit(id, executions),
            Entry::Ended(id, state) => self.end_unsaid(&id, state),
            Entry::Queued(delivery) => self.queue(delivery),
            Entry::Moved(id, state) => self.step(id, state),
            Entry::Announced(announced) => self.note(announced),
            Entry::Watched(stackstorm, until) => {
                self.watches.entry(stackstorm).or_default().advance(until);
                Ok(())
            }
        }
    }

    /// How many rows there are.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// A command.
    pub fn command(&self, id: CommandId) -> Option<&Command> {
        self.commands.get(&id).map(|row| &row.command)
    }

    /// What an announcement is that names a command.
    pub fn meaning(&self, id: CommandId, asked: Asked) -> Meaning {
        let Some(row) = self.commands.get(&id) else {
            let is_forgotten = self.forgotten.is_some_and(|youngest| id <= youngest);
            return if is_forgotten { Meaning::Repetition } else { Meaning::Ordinary };
        };
        let executions = row.executions.iter().filter_map(|id| self.execution(id)).collect();
        let (state, announced) = (&row.state, row.announced);
        Standing { state, results: row.command.results, executions, announced }.meaning(asked)
    }

    /// Until when the announcements of one StackStorm are dealt with, in its time, and the fingerprints of those since.
    pub fn watched(&self, stackstorm: &str) -> (Option<Timestamp>, Vec<u64>) {
        self.watches.get(stackstorm).map(Watch::known).unwrap_or_default()
    }

    /// Whether the POST of a command is open.
    pub fn is_submitting(&self, id: CommandId) -> bool {
        self.commands.get(&id).is_some_and(|row| row.state == CommandState::Submitting)
    }

    /// The alias's `result` of a command of which it was given up to find out if it runs.
    pub fn result_of_unknown(&self, id: CommandId) -> Option<&Value> {
        match &self.commands.get(&id)?.state {
            CommandState::Unknown { result, .. } => Some(result),
            _ => None,
        }
    }

    /// An execution that one of our commands started.
    pub fn execution(&self, id: &str) -> Option<&Execution> {
        self.executions.get(id)
    }

    /// The executions whose result StackStorm is to announce, and until when that is waited for.
    pub fn awaited(&self) -> Vec<(String, Timestamp)> {
        let rows = self.executions.values();
        rows.filter_map(|row| Some((row.id.clone(), row.state.awaited()?))).collect()
    }

    /// The executions of one StackStorm that are to be told and of which no announcement is waited for at the time of
    /// `now`, oldest command first.
    pub fn owed(&self, stackstorm: &str, now: Timestamp) -> Vec<String> {
        let mut running: Vec<(CommandId, &str)> = self
            .executions
            .values()
            .filter(|row| {
                row.state != ExecutionState::Told && row.state.awaited().is_none_or(|until| until <= now)
            })
            .filter(|row| self.command(row.command).is_some_and(|command| command.stackstorm == stackstorm))
            .map(|row| (row.command, row.id.as_str()))
            .collect();
        running.sort_unstable();
        running.into_iter().map(|(_, id)| id.to_owned()).collect()
    }

    /// Whether a POST is open, so that an execution not known yet may turn out to be ours.
    pub const fn submitting(&self) -> bool {
        self.submitting > 0
    }

    /// The deliveries still to be made, in the order in which they were queued, with what is known of each.
    pub fn pending(&self) -> Vec<(Delivery, DeliveryState)> {
        let mut pending: Vec<_> =
            self.deliveries.values().map(|row| (row.delivery.clone(), row.state.clone())).collect();
        pending.sort_unstable_by_key(|(delivery, _)| delivery.id);
        pending
    }

    fn receive(&mut self, command: Command) -> Result<(), Misfit> {
        if self.commands.contains_key(&command.id) {
            return misfit(format!("receiving command {} again", command.id));
        }
        let row =
            CommandRow { state: CommandState::Received, executions: Vec::new(), owed: 0, announced: 0, command };
        self.commands.insert(row.command.id, row);
        self.counts.open += 1;
        Ok(())
    }

    fn advance(&mut self, id: CommandId, state: CommandState) -> Result<(), Misfit> {
        let Some(row) = self.commands.get_mut(&id).filter(|row| row.state.leads_to(&state)) else {
            return misfit(format!("command {id} being {state:?}"));
        };
        self.submitting -= usize::from(row.state == CommandState::Submitting);
        self.submitting += usize::from(state == CommandState::Submitting);
        self.counts.open += usize::from(row.is_closed());
        row.state = state;
        if row.is_closed() {
            self.close(id);
        }
        Ok(())
    }

    fn submit(&mut self, id: CommandId, executions: Vec<Execution>) -> Result<(), Misfit> {
        self.advance(id, CommandState::Submitted)?;
        if let Some(row) = self.commands.get_mut(&id) {
            row.executions = executions.iter().map(|execution| execution.id.clone()).collect();
            row.owed = executions.len();
        }
        let none = executions.is_empty();
        self.executions.extend(executions.into_iter().map(|execution| (execution.id.clone(), execution)));
        if none {
            self.close(id);
        }
        Ok(())
    }

    fn end(&mut self, id: &str, state: ExecutionState) -> Result<(), Misfit> {
        let Some(execution) = self.executions.get_mut(id).filter(|row| row.state.leads_to(&state)) else {
            return misfit(format!("execution {id} being {state:?}"));
        };
        let is_told = state == ExecutionState::Told;
        execution.state = state;
        let command = execution.command;
        let Some(row) = self.commands.get_mut(&command).filter(|_| is_told) else { return Ok(()) };
        row.owed = row.owed.saturating_sub(1);
        if row.is_closed() {
            self.close(command);
        }
        Ok(())
    }

    /// As [`Ledger::end`]. What ends without a word of ours is not repeated by an announcement.
    fn end_unsaid(&mut self, id: &str, state: ExecutionState) -> Result<(), Misfit> {
        let is_told = state == ExecutionState::Told;
        self.end(id, state)?;
        let command = self.executions.get(id).filter(|_| is_told).map(|execution| execution.command);
        if let Some(row) = command.and_then(|command| self.commands.get_mut(&command)) {
            row.announced += 1;
        }
        Ok(())
    }

    fn note(&mut self, announced: Announced) -> Result<(), Misfit> {
        let Announced { stackstorm, at, fingerprint, result_of } = announced;
        if let Some(id) = result_of {
            let Some(row) = self.commands.get_mut(&id) else {
                return misfit(format!("a result of command {id}"));
            };
            row.announced += 1;
        }
        self.watches.entry(stackstorm).or_default().note(at, fingerprint);
        Ok(())
    }

    fn queue(&mut self, delivery: Delivery) -> Result<(), Misfit> {
        if self.deliveries.contains_key(&delivery.id) {
            return misfit(format!("queueing delivery {} again", delivery.id));
        }
        if let Some(execution) = &delivery.execution {
            self.end(execution, ExecutionState::Told)?;
        }
        self.deliveries.insert(delivery.id, DeliveryRow { delivery, state: DeliveryState::Queued });
        self.counts.pending += 1;
        Ok(())
    }

    fn step(&mut self, id: DeliveryId, state: DeliveryState) -> Result<(), Misfit> {
        let Some(row) = self.deliveries.get_mut(&id) else {
            return misfit(format!("delivery {id} being {state:?}"));
        };
        let dead = matches!(state, DeliveryState::Dead { .. });
        if dead || state == DeliveryState::Delivered {
            self.deliveries.remove(&id);
            self.counts.pending -= 1;
            self.counts.dead += usize::from(dead);
        } else {
            row.state = state;
        }
        Ok(())
    }

    fn close(&mut self, id: CommandId) {
        self.counts.open = self.counts.open.saturating_sub(1);
        self.closed.push_back(id);
        while self.closed.len() > REMEMBERED {
            let oldest = self.closed.pop_front();
            self.forgotten = self.forgotten.max(oldest);
            let oldest = oldest.and_then(|id| self.commands.remove(&id));
            for execution in oldest.into_iter().flat_map(|row| row.executions) {
                self.executions.remove(&execution);
            }
        }
    }
}

impl CommandRow {
    const fn is_closed(&self) -> bool {
        match self.state {
            CommandState::Received | CommandState::Authorised | CommandState::Submitting => false,
            CommandState::Submitted => self.owed == 0 && !self.executions.is_empty(),
            CommandState::Refused { .. } | CommandState::Unknown { .. } => true,
        }
    }
}

impl CommandState {
    /// Whether `next` may follow. Submitted and refused are ends; an unknown command may turn out to run after all.
    const fn leads_to(&self, next: &Self) -> bool {
        match self {
            Self::Received => matches!(next, Self::Authorised | Self::Refused { .. }),
            Self::Authorised => matches!(next, Self::Submitting | Self::Refused { .. } | Self::Unknown { .. }),
            Self::Submitting => matches!(next, Self::Submitted | Self::Refused { .. } | Self::Unknown { .. }),
            Self::Unknown { .. } => matches!(next, Self::Submitted),
            Self::Submitted | Self::Refused { .. } => false,
        }
    }
}

impl ExecutionState {
    /// Whether `next` may follow. What is told is told.
    const fn leads_to(&self, next: &Self) -> bool {
        match self {
            Self::Running => !matches!(next, Self::Running),
            Self::Awaited { .. } | Self::Finished { .. } | Self::Unknown { .. } => matches!(next, Self::Told),
            Self::Told => false,
        }
    }

    /// Until when StackStorm's announcement is waited for.
    const fn awaited(&self) -> Option<Timestamp> {
        match self {
            Self::Awaited { until } => Some(*until),
            Self::Finished { .. } | Self::Running | Self::Told | Self::Unknown { .. } => None,
        }
    }
}

fn misfit(what: String) -> Result<(), Misfit> {
    Err(Misfit { what })
}

/// How many closed commands are remembered, so that what comes late is still recognised.
const REMEMBERED: usize = 10_000;

mod watch;

#[cfg(test)]
mod tests;
