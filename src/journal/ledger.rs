//! What all entries so far amount to.

use std::collections::{HashMap, HashSet, VecDeque};

use fulmar_contract::{MessageId, RoomId};
use jiff::Timestamp;
use serde::Serialize;

use self::{
    dead::Dead,
    ear::Ear,
    row::{CommandRow, DeliveryRow},
    watch::Watch,
};
use super::{
    Announced, Answered, Case, Change, Command, CommandId, CommandState, Dated, Delivery, DeliveryId,
    DeliveryState, Entry, Execution, ExecutionState, REMEMBERED, RunId,
};

/// The rows, by name. Closed rows are forgotten, the oldest first, beyond [`REMEMBERED`] commands.
#[derive(Debug, Default)]
pub struct Ledger {
    commands: HashMap<CommandId, CommandRow>,
    executions: HashMap<RunId, Execution>,
    deliveries: HashMap<DeliveryId, DeliveryRow>,
    dead: Dead,
    /// The messages that gave the commands.
    messages: HashSet<Message>,
    closed: VecDeque<CommandId>,
    /// The youngest command that is forgotten: ids sort by time.
    forgotten: Option<CommandId>,
    /// What was heard, by chat.
    heard: HashMap<String, Ear>,
    /// The announcements, by StackStorm.
    watches: HashMap<String, Watch>,
    submitting: usize,
    counts: Counts,
}

/// A message: its chat, its room and its name.
type Message = (String, RoomId, MessageId);

/// How many rows there are of what is of interest to an operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Commands whose end is still to come.
    pub open: usize,
    /// Deliveries still to be made.
    pub pending: usize,
    /// Dead letters: deliveries given up, which nobody has had tried again or dropped.
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
    pub fn apply(&mut self, (at, entry): Dated) -> Result<(), Misfit> {
        match entry {
            Entry::Received(command) => self.receive(at, command),
            Entry::Advanced(id, state) => self.advance(id, state),
            Entry::Submitted(id, executions) => self.submit(id, executions),
            Entry::Ended(run, state) => self.end_unsaid(&run, state),
            Entry::Queued(delivery) => self.queue(at, delivery),
            Entry::Moved(id, state) => self.step(at, id, state),
            Entry::Announced(Announced { stackstorm, at, fingerprint }) => {
                self.watches.entry(stackstorm).or_default().note(at, fingerprint);
                Ok(())
            }
            Entry::Answered(answered) => self.answer(answered),
            Entry::HeardUntil(chat, until) => {
                self.heard.entry(chat).or_default().advance(until);
                Ok(())
            }
            Entry::ResultAnnounced(id) => self.note_result(id),
            Entry::Watched(stackstorm, until) => {
                self.watches.entry(stackstorm).or_default().advance(until);
                Ok(())
            }
        }
    }

    /// Takes in what happened and says what that changes in a store.
    ///
    /// # Errors
    /// As [`Ledger::apply`].
    pub fn record(&mut self, entry: Dated) -> Result<Change, Misfit> {
        let case = self.case(&entry.1)?;
        self.apply(entry.clone())?;
        if let Case::Watch(stackstorm) = &case
            && let Some(watch) = self.watches.get_mut(stackstorm)
            && let Some(entries) = watch.condensed(stackstorm, entry.0)
        {
            return Ok(Change::Replace(case, entries));
        }
        if let (Case::Chat(chat), Entry::HeardUntil(..)) = (&case, &entry.1)
            && let Some(ear) = self.heard.get(chat)
        {
            let entries = ear.entries(chat, entry.0);
            return Ok(Change::Replace(case, entries));
        }
        let open = self.is_open(&case);
        Ok(Change::Append { case, entry, open })
    }

    /// Whether more is to happen in a case.
    pub fn is_open(&self, case: &Case) -> bool {
        match case {
            Case::Chat(chat) => self.heard.contains_key(chat),
            Case::Command(id) => self.commands.get(id).is_some_and(|row| !row.is_over()),
            Case::Delivery(id) => self.deliveries.contains_key(id),
            Case::Watch(stackstorm) => self.watches.contains_key(stackstorm),
        }
    }

    /// Whose an entry is.
    fn case(&self, entry: &Entry) -> Result<Case, Misfit> {
        Ok(match entry {
            Entry::Received(command) => Case::Command(command.id),
            Entry::Advanced(id, _) | Entry::Submitted(id, _) | Entry::ResultAnnounced(id) => Case::Command(*id),
            Entry::Announced(Announced { stackstorm, .. }) | Entry::Watched(stackstorm, _) => {
                Case::Watch(stackstorm.clone())
            }
            Entry::Answered(Answered { chat, .. }) | Entry::HeardUntil(chat, _) => Case::Chat(chat.clone()),
            Entry::Ended(run, _) => match self.executions.get(run) {
                Some(execution) => Case::Command(execution.command),
                None => return misfit(format!("an end of execution {run}")),
            },
            Entry::Queued(delivery) => self.case_of(delivery),
            Entry::Moved(id, _) => self.case_of_delivery(*id)?,
        })
    }

    /// Whose a delivery is.
    ///
    /// # Errors
    /// When it is not known, or not any more.
    pub fn case_of_delivery(&self, id: DeliveryId) -> Result<Case, Misfit> {
        match self.deliveries.get(&id) {
            Some(row) => Ok(row.case.clone()),
            None => misfit(format!("a move of delivery {id}")),
        }
    }

    fn case_of(&self, delivery: &Delivery) -> Case {
        let command = delivery.command.filter(|id| self.commands.contains_key(id));
        command.map_or(Case::Delivery(delivery.id), Case::Command)
    }

    fn has_seen(&self, message: &Message) -> bool {
        self.messages.contains(message) || self.heard.get(&message.0).is_some_and(|ear| ear.knows(message))
    }

    fn answer(&mut self, Answered { chat, room, message, at }: Answered) -> Result<(), Misfit> {
        let answered = (chat.clone(), room, message);
        if self.has_seen(&answered) {
            return misfit(format!("answering message {} again", answered.2));
        }
        self.heard.entry(chat).or_default().note(at, answered);
        Ok(())
    }

    fn receive(&mut self, at: Timestamp, command: Command) -> Result<(), Misfit> {
        if self.commands.contains_key(&command.id) {
            return misfit(format!("receiving command {} again", command.id));
        }
        if self.has_seen(&command.given_by()) {
            return misfit(format!("a second command by message {}", command.message));
        }
        self.messages.insert(command.given_by());
        let row = CommandRow::new(at, command);
        self.commands.insert(row.command.id, row);
        self.counts.open += 1;
        Ok(())
    }

    fn advance(&mut self, id: CommandId, state: CommandState) -> Result<(), Misfit> {
        self.lead(id, state, Vec::new())
    }

    fn submit(&mut self, id: CommandId, executions: Vec<Execution>) -> Result<(), Misfit> {
        let Some(command) = self.command(id) else { return misfit(format!("executions of command {id}")) };
        // Each once: a list that was read while more began may have told of one twice.
        let mut known = HashSet::new();
        let (runs, executions): (Vec<RunId>, Vec<Execution>) = executions
            .into_iter()
            .map(|execution| (command.run_id(&execution.id), execution))
            .filter(|(run, _)| known.insert(run.clone()))
            .unzip();
        self.lead(id, CommandState::Submitted, runs.clone())?;
        self.executions.extend(runs.into_iter().zip(executions));
        Ok(())
    }

    fn lead(&mut self, id: CommandId, state: CommandState, executions: Vec<RunId>) -> Result<(), Misfit> {
        let Some(row) = self.commands.get(&id).filter(|row| row.state.leads_to(&state)) else {
            return misfit(format!("command {id} being {state:?}"));
        };
        self.submitting -= usize::from(row.state.is_submitting());
        self.submitting += usize::from(state.is_submitting());
        self.change(id, |row| {
            row.state = state;
            row.owed = executions.len();
            row.executions = executions;
        });
        Ok(())
    }

    fn end(&mut self, run: &RunId, state: ExecutionState) -> Result<(), Misfit> {
        let Some(execution) = self.executions.get_mut(run).filter(|row| row.state.leads_to(&state)) else {
            return misfit(format!("execution {run} being {state:?}"));
        };
        let is_told = state == ExecutionState::Told;
        execution.state = state;
        let command = execution.command;
        if is_told {
            self.change(command, |row| row.owed = row.owed.saturating_sub(1));
        }
        Ok(())
    }

    /// As [`Ledger::end`]. What ends without a word of ours is not repeated by an announcement, unless it was announced before.
    fn end_unsaid(&mut self, run: &RunId, state: ExecutionState) -> Result<(), Misfit> {
        let is_told = state == ExecutionState::Told;
        self.end(run, state)?;
        if let Some(command) = self.executions.get(run).filter(|_| is_told).map(|it| it.command) {
            self.note_result(command).unwrap_or_default();
        }
        Ok(())
    }

    fn note_result(&mut self, id: CommandId) -> Result<(), Misfit> {
        let executions = &self.executions;
        let is_over = |run: &&RunId| executions.get(*run).is_some_and(|it| !it.state.is_running());
        match self.commands.get_mut(&id) {
            Some(row) if row.announced < row.executions.iter().filter(is_over).count() => row.announced += 1,
            Some(_) | None => return misfit(format!("a result of command {id}")),
        }
        Ok(())
    }

    fn queue(&mut self, at: Timestamp, delivery: Delivery) -> Result<(), Misfit> {
        if self.deliveries.contains_key(&delivery.id) {
            return misfit(format!("queueing delivery {} again", delivery.id));
        }
        let case = self.case_of(&delivery);
        // First, so that nothing is over in between.
        self.change_case(&case, |row| row.unsaid += 1);
        if let Some(execution) = &delivery.execution
            && let Err(misfit) = self.end(execution, ExecutionState::Told)
        {
            self.change_case(&case, |row| row.unsaid -= 1);
            return Err(misfit);
        }
        self.deliveries.insert(delivery.id, DeliveryRow { delivery, at, state: DeliveryState::Queued, case });
        self.counts.pending += 1;
        Ok(())
    }

    fn step(&mut self, at: Timestamp, id: DeliveryId, state: DeliveryState) -> Result<(), Misfit> {
        let Some(row) = self.deliveries.get_mut(&id).filter(|row| row.state.leads_to(&state)) else {
            return misfit(format!("delivery {id} being {state:?}"));
        };
        self.counts.dead -= usize::from(row.is_dead());
        self.counts.pending -= usize::from(!row.is_dead());
        let is_over = state.is_over();
        if row.is_dead() {
            self.dead.remove(row.at, id);
            // Tried again, it waits from now on.
            row.at = at;
        }
        row.state = state;
        if row.is_dead() {
            self.dead.insert(row.at, id, row.delivery.text.len());
        }
        if is_over {
            let case = row.case.clone();
            self.deliveries.remove(&id);
            self.change_case(&case, |row| row.unsaid -= 1);
        } else {
            self.counts.dead += usize::from(row.is_dead());
            self.counts.pending += usize::from(!row.is_dead());
        }
        Ok(())
    }

    fn change_case(&mut self, case: &Case, change: impl FnOnce(&mut CommandRow)) {
        if let Case::Command(id) = case {
            self.change(*id, change);
        }
    }

    /// Changes the row of a command, and what is counted of it.
    fn change(&mut self, id: CommandId, change: impl FnOnce(&mut CommandRow)) {
        let Some(row) = self.commands.get_mut(&id) else { return };
        let (was_closed, was_over) = (row.is_closed(), row.is_over());
        change(row);
        let (is_closed, is_over) = (row.is_closed(), row.is_over());
        self.counts.open = self.counts.open + usize::from(was_closed) - usize::from(is_closed);
        if is_over && !was_over {
            self.closed.push_back(id);
            self.forget();
        }
    }

    /// Forgets the commands that were over first, beyond [`REMEMBERED`].
    fn forget(&mut self) {
        while self.closed.len() > REMEMBERED {
            let Some(oldest) = self.closed.pop_front() else { return };
            // One that turned out to run after all is in the queue again once it is over.
            if !self.commands.get(&oldest).is_some_and(CommandRow::is_over) {
                continue;
            }
            self.forgotten = self.forgotten.max(Some(oldest));
            if let Some(row) = self.commands.remove(&oldest) {
                self.messages.remove(&row.command.given_by());
                row.executions.iter().for_each(|run| drop(self.executions.remove(run)));
            }
        }
    }
}

fn misfit<T>(what: String) -> Result<T, Misfit> {
    Err(Misfit { what })
}

mod dead;
mod ear;
mod questions;
mod row;
mod runs;
mod watch;

#[cfg(test)]
mod tests;
