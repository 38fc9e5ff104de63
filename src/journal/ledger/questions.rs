//! What the ledger is asked.

use fulmar_contract::{MessageId, RoomId};
use jiff::Timestamp;
use serde_json::Value;

use super::{Counts, Ledger, watch::Watch};
use crate::journal::{
    Asked, Command, CommandId, CommandState, Delivery, DeliveryId, DeliveryState, Execution, ExecutionState,
    Meaning, RunId, meaning::Standing,
};

impl Ledger {
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

    /// The oldest dead letter, if it was queued, or last tried again, before this time.
    pub fn expired(&self, before: Timestamp) -> Option<DeliveryId> {
        self.dead.expired(before)
    }
}
