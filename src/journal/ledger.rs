//! What all entries so far amount to.

use std::collections::{HashMap, HashSet, VecDeque};

use fulmar_contract::{MessageId, RoomId};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use self::{
    dead::Dead,
    ear::Ear,
    row::{CommandRow, DeliveryRow},
    watch::Watch,
};
use super::{
    Announced, Answered, Asked, Case, Change, Command, CommandId, CommandState, Dated, Delivery, DeliveryId,
    DeliveryState, Entry, Execution, ExecutionState, Meaning, REMEMBERED, RunId, meaning::Standing,
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

    /// How many rows there are.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// A command.
    pub fn command(&self, id: CommandId) -> Option<&Command> {
        self.commands.get(&id).map(|row| &row.command)
    }

    /// A command, with when it was given and how far it has come.
    pub fn command_row(&self, id: CommandId) -> Option<(&Command, Timestamp, &CommandState)> {
        self.commands.get(&id).map(|row| (&row.command, row.at, &row.state))
    }

    /// The commands whose end is still to come, the oldest first.
    pub fn open(&self) -> Vec<CommandId> {
        let open = self.commands.iter().filter(|(_, row)| !row.is_closed());
        let mut open: Vec<CommandId> = open.map(|(id, _)| *id).collect();
        open.sort_unstable();
        open
    }

    /// Whether a command was given by this message, or it is answered.
    pub fn knows(&self, chat: &str, room: &RoomId, message: &MessageId) -> bool {
        self.has_seen(&(chat.to_owned(), room.clone(), message.clone()))
    }

    fn has_seen(&self, message: &Message) -> bool {
        self.messages.contains(message) || self.heard.get(&message.0).is_some_and(|ear| ear.knows(message))
    }

    /// What an announcement is that names a command.
    pub fn meaning(&self, id: CommandId, asked: Asked) -> Meaning {
        let Some(row) = self.commands.get(&id) else {
            let is_forgotten = self.forgotten.is_some_and(|youngest| id <= youngest);
            return if is_forgotten { Meaning::Repetition } else { Meaning::Ordinary };
        };
        let executions = row.executions.iter().filter_map(|run| self.execution(run)).collect();
        let (state, announced) = (&row.state, row.announced);
        Standing { state, results: row.command.results, executions, announced }.meaning(asked)
    }

    /// Until when the announcements of one StackStorm are dealt with, in its time, and the fingerprints of those since.
    pub fn watched(&self, stackstorm: &str) -> (Option<Timestamp>, Vec<u64>) {
        self.watches.get(stackstorm).map(Watch::known).unwrap_or_default()
    }

    /// Until when all that was said in a chat is dealt with.
    pub fn heard_until(&self, chat: &str) -> Option<Timestamp> {
        self.heard.get(chat)?.until
    }

    /// Whether the POST of a command is open.
    pub fn is_submitting(&self, id: CommandId) -> bool {
        self.commands.get(&id).is_some_and(|row| row.state.is_submitting())
    }

    /// The alias's `result` of a command of which it was given up to find out if it runs.
    pub fn result_of_unknown(&self, id: CommandId) -> Option<&Value> {
        match &self.commands.get(&id)?.state {
            CommandState::Unknown { result, .. } => Some(result),
            _ => None,
        }
    }

    /// An execution that one of our commands started.
    pub fn execution(&self, run: &RunId) -> Option<&Execution> {
        self.executions.get(run)
    }

    /// The executions whose result StackStorm is to announce, and until when that is waited for.
    pub fn awaited(&self) -> Vec<(RunId, Timestamp)> {
        let rows = self.executions.iter();
        rows.filter_map(|(run, row)| Some((run.clone(), row.state.awaited()?))).collect()
    }

    /// The executions of one StackStorm that are to be told and of which no announcement is waited for at the time of
    /// `now`, oldest command first.
    pub fn owed(&self, stackstorm: &str, now: Timestamp) -> Vec<String> {
        let mut running: Vec<(CommandId, &str)> = self
            .executions
            .iter()
            .filter(|(run, row)| {
                let is_told = row.state == ExecutionState::Told;
                run.stackstorm == stackstorm && !is_told && row.state.awaited().is_none_or(|until| until <= now)
            })
            .map(|(_, row)| (row.command, row.id.as_str()))
            .collect();
        running.sort_unstable();
        running.into_iter().map(|(_, id)| id.to_owned()).collect()
    }

    /// Whether a POST is open, so that an execution not known yet may turn out to be ours.
    pub const fn submitting(&self) -> bool {
        self.submitting > 0
    }

    /// The deliveries still to be made, in the order in which they were queued, with when each was and how far it has come.
    pub fn pending(&self) -> Vec<(Delivery, Timestamp, DeliveryState)> {
        let pending = self.deliveries.values().filter(|row| !row.is_dead());
        let mut pending: Vec<_> = pending.map(|row| (row.delivery.clone(), row.at, row.state.clone())).collect();
        pending.sort_unstable_by_key(|(delivery, ..)| delivery.id);
        pending
    }

    /// A delivery that is still to be made or dead, with when it was queued, or tried again, and how far it has come.
    pub fn delivery(&self, id: DeliveryId) -> Option<(&Delivery, Timestamp, &DeliveryState)> {
        self.deliveries.get(&id).map(|row| (&row.delivery, row.at, &row.state))
    }

    /// All deliveries that are still to be made or dead, the oldest first.
    pub fn letters(&self) -> Vec<DeliveryId> {
        let mut letters: Vec<DeliveryId> = self.deliveries.keys().copied().collect();
        letters.sort_unstable();
        letters
    }

    /// The oldest dead letter, if there are too many.
    pub fn surplus(&self) -> Option<DeliveryId> {
        self.dead.surplus()
    }

    /// The oldest dead letter, if it was queued before this time.
    pub fn expired(&self, before: Timestamp) -> Option<DeliveryId> {
        let first = self.dead.first()?;
        self.deliveries.get(&first).is_some_and(|row| row.at < before).then_some(first)
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
        let runs: Vec<RunId> = executions.iter().map(|execution| command.run_id(&execution.id)).collect();
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

    /// As [`Ledger::end`]. What ends without a word of ours is not repeated by an announcement.
    fn end_unsaid(&mut self, run: &RunId, state: ExecutionState) -> Result<(), Misfit> {
        let is_told = state == ExecutionState::Told;
        self.end(run, state)?;
        match self.executions.get(run).filter(|_| is_told).map(|execution| execution.command) {
            Some(command) => self.note_result(command),
            None => Ok(()),
        }
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
            self.dead.remove(id);
            // Tried again, it waits from now on.
            row.at = at;
        }
        row.state = state;
        if row.is_dead() {
            self.dead.insert(id, row.delivery.text.len());
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
mod row;
mod runs;
mod watch;

#[cfg(test)]
mod tests;
