//! What all entries so far amount to.

use std::collections::{HashMap, VecDeque};

use serde::Serialize;

use super::{
    Command, CommandId, CommandState, Delivery, DeliveryId, DeliveryState, Entry, Execution, ExecutionState,
};

/// The rows, by name. Closed rows are forgotten, the oldest first, beyond [`REMEMBERED`] commands.
#[derive(Debug, Default)]
pub struct Ledger {
    commands: HashMap<CommandId, CommandRow>,
    executions: HashMap<String, Execution>,
    deliveries: HashMap<DeliveryId, DeliveryRow>,
    closed: VecDeque<CommandId>,
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
            Entry::Ended(id, state) => self.end(&id, state),
            Entry::Queued(delivery) => self.queue(delivery),
            Entry::Moved(id, state) => self.step(id, state),
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

    /// Whether it was given up to find out if a command runs.
    pub fn is_unknown(&self, id: CommandId) -> bool {
        self.commands.get(&id).is_some_and(|row| matches!(row.state, CommandState::Unknown { .. }))
    }

    /// An execution that one of our commands started.
    pub fn execution(&self, id: &str) -> Option<&Execution> {
        self.executions.get(id)
    }

    /// The executions of one StackStorm that are not told yet, oldest command first.
    pub fn owed(&self, stackstorm: &str) -> Vec<String> {
        let mut running: Vec<(CommandId, &str)> = self
            .executions
            .values()
            .filter(|row| row.state != ExecutionState::Told)
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
        let row = CommandRow { state: CommandState::Received, executions: Vec::new(), owed: 0, command };
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
            let oldest = self.closed.pop_front().and_then(|id| self.commands.remove(&id));
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
            Self::Finished { .. } | Self::Unknown { .. } => matches!(next, Self::Told),
            Self::Told => false,
        }
    }
}

fn misfit(what: String) -> Result<(), Misfit> {
    Err(Misfit { what })
}

/// How many closed commands are remembered, so that what comes late is still recognised.
const REMEMBERED: usize = 10_000;

#[cfg(test)]
mod tests {
    use fulmar_contract::{Identity, Mention, RoomId};
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::journal::{Route, Speech};

    fn id(n: u128) -> CommandId {
        CommandId(Uuid::from_u128(n))
    }

    fn route() -> Route {
        Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: None }
    }

    fn command(n: u128) -> Entry {
        Entry::Received(Command {
            id: id(n),
            stackstorm: "default".into(),
            route: route(),
            direct: None,
            author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
            text: "echo".into(),
            alias: "demo.echo".into(),
        })
    }

    fn execution(n: u128, name: &str) -> Execution {
        Execution { id: name.into(), command: id(n), result: Value::Null, state: ExecutionState::Running }
    }

    fn delivery(n: u128) -> Entry {
        Entry::Queued(Delivery {
            id: DeliveryId(Uuid::from_u128(n)),
            command: None,
            execution: None,
            speech: Speech::Notice,
            route: route(),
            mention: None,
            text: "x".into(),
            extra: Value::Null,
        })
    }

    fn telling(n: u128, execution: &str) -> Entry {
        let Entry::Queued(notice) = delivery(n) else { unreachable!() };
        Entry::Queued(Delivery { execution: Some(execution.into()), ..notice })
    }

    fn finished() -> ExecutionState {
        ExecutionState::Finished { status: "succeeded".into() }
    }

    fn ledger(entries: impl IntoIterator<Item = Entry>) -> Ledger {
        let mut ledger = Ledger::default();
        for entry in entries {
            ledger.apply(entry).unwrap();
        }
        ledger
    }

    fn submitting(n: u128) -> [Entry; 3] {
        [
            command(n),
            Entry::Advanced(id(n), CommandState::Authorised),
            Entry::Advanced(id(n), CommandState::Submitting),
        ]
    }

    #[test]
    fn a_command_is_open_until_its_last_execution_is_told() {
        let mut ledger = ledger(submitting(1));

        ledger.apply(Entry::Submitted(id(1), vec![execution(1, "a"), execution(1, "b")])).unwrap();
        ledger.apply(Entry::Ended("a".into(), finished())).unwrap();
        assert_eq!(ledger.owed("default"), ["a", "b"]);
        ledger.apply(telling(1, "a")).unwrap();
        ledger.apply(Entry::Ended("b".into(), finished())).unwrap();
        assert_eq!((ledger.counts().open, ledger.owed("default")), (1, vec!["b".to_owned()]));
        ledger.apply(Entry::Ended("b".into(), ExecutionState::Told)).unwrap();

        assert_eq!(ledger.counts().open, 0);
        assert!(ledger.owed("default").is_empty());
    }

    #[test]
    fn an_execution_is_told_once() {
        let mut ledger = ledger(submitting(1));
        ledger.apply(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
        ledger.apply(Entry::Ended("a".into(), finished())).unwrap();
        ledger.apply(telling(1, "a")).unwrap();
        ledger.apply(Entry::Moved(DeliveryId(Uuid::from_u128(1)), DeliveryState::Delivered)).unwrap();

        assert!(ledger.apply(telling(2, "a")).is_err());
        assert_eq!(ledger.counts().pending, 0);
    }

    #[test]
    fn an_execution_ends_once() {
        let mut ledger = ledger(submitting(1));
        ledger.apply(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
        ledger.apply(Entry::Ended("a".into(), finished())).unwrap();

        assert!(ledger.apply(Entry::Ended("a".into(), finished())).is_err());
        assert!(ledger.apply(Entry::Ended("stranger".into(), finished())).is_err());
    }

    #[test]
    fn a_submission_is_open_until_it_is_answered() {
        let mut ledger = ledger(submitting(1));
        assert!(ledger.submitting());

        ledger.apply(Entry::Advanced(id(1), CommandState::Refused { why: "no".into() })).unwrap();

        assert!(!ledger.submitting());
        assert_eq!(ledger.counts().open, 0);
    }

    #[test]
    fn a_command_given_up_may_turn_out_to_run() {
        let mut ledger = ledger(submitting(1));
        ledger.apply(Entry::Advanced(id(1), CommandState::Unknown { why: "silence".into() })).unwrap();
        assert_eq!((ledger.counts().open, ledger.is_unknown(id(1))), (0, true));

        ledger.apply(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();

        assert_eq!((ledger.counts().open, ledger.owed("default")), (1, vec!["a".to_owned()]));
    }

    #[test]
    fn a_submitted_command_is_never_submitted_again() {
        let mut ledger = ledger(submitting(1));
        ledger.apply(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();

        assert!(ledger.apply(Entry::Advanced(id(1), CommandState::Submitting)).is_err());
        assert!(ledger.apply(Entry::Submitted(id(1), vec![])).is_err());
    }

    #[test]
    fn a_delivery_is_pending_until_it_is_delivered_or_dead() {
        let mut ledger = ledger([delivery(1), delivery(2), delivery(3)]);
        let state = |n, state| Entry::Moved(DeliveryId(Uuid::from_u128(n)), state);

        ledger.apply(state(1, DeliveryState::Delivered)).unwrap();
        ledger.apply(state(2, DeliveryState::Dead { why: "gone".into() })).unwrap();
        ledger.apply(state(3, DeliveryState::Sending { sent: 1, parts: 2, posting: true })).unwrap();

        assert_eq!(ledger.counts(), Counts { open: 0, pending: 1, dead: 1 });
        assert_eq!(ledger.pending()[0].1, DeliveryState::Sending { sent: 1, parts: 2, posting: true });
        assert!(ledger.apply(state(1, DeliveryState::Delivered)).is_err());
    }

    #[test]
    fn closed_commands_are_forgotten_in_the_end() {
        let mut ledger = Ledger::default();
        for n in 0..REMEMBERED as u128 + 1 {
            for entry in submitting(n) {
                ledger.apply(entry).unwrap();
            }
            let name = n.to_string();
            ledger.apply(Entry::Submitted(id(n), vec![execution(n, &name)])).unwrap();
            ledger.apply(Entry::Ended(name, ExecutionState::Told)).unwrap();
        }

        assert!(ledger.command(id(0)).is_none());
        assert!(ledger.execution("0").is_none());
        assert!(ledger.command(id(1)).is_some());
    }
}
