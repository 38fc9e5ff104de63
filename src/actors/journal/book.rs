//! What the Journal knows, outliving its lives.

use std::{collections::VecDeque, mem::take, rc::Rc, sync::Arc, time::Duration};

use jiff::Timestamp;
use tracing::warn;

use super::{
    NotKept,
    keeping::{Keeping, Silence},
};
use crate::{
    actors::{router, world::World},
    journal::{
        Assurance, Change, Command, CommandId, CommandState, Entry, Execution, ExecutionState, Ledger, Loaded,
        Memory, RunId, Store, StoreError,
    },
    st2::wire,
};

/// What the Journal knows, outliving its lives.
pub struct Book {
    pub(super) ledger: Ledger,
    pub(super) store: Box<dyn Store>,
    silence: Rc<Silence>,
    /// How much of the journal could not be used when it was opened.
    pub(super) damage: usize,
    /// How long what is over is kept; for ever, if nothing is said.
    retention: Option<Duration>,
    /// Those that came before the answer to the POST that started the execution.
    pub(super) early: Ends,
    /// Those of which StackStorm's announcement is waited for.
    pub(super) awaited: Ends,
}

/// A command to which there was no answer yet when the journal was opened.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The command.
    pub command: Command,
    /// When it was given.
    pub at: Timestamp,
    /// How far it had come.
    pub state: CommandState,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub enum End {
    /// StackStorm's account of it.
    Finished(Arc<wire::Execution>),
    /// StackStorm does not know it any more.
    Missing,
}

/// The last [`ENDS`] ends of executions.
#[derive(Default)]
pub(super) struct Ends(VecDeque<(RunId, End)>);

impl Book {
    /// Opens `store` and takes in what it holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(mut store: Box<dyn Store>) -> Result<Self, StoreError> {
        let (mut ledger, Loaded { entries, open, mut damage }) = (Ledger::default(), store.load()?);
        for entry in entries {
            let at = entry.0;
            if let Err(misfit) = ledger.apply(entry) {
                damage.push(format!("{misfit} (of {at})"));
            }
        }
        damage.iter().for_each(|what| warn!(%what, "part of the journal cannot be used"));
        let over = open.into_iter().filter(|case| !ledger.is_open(case)).map(Change::Close);
        // Should it fail, it is found again at the next start.
        drop(store.write(over.collect(), Assurance::Eventual));
        let (silence, damage) = (Rc::default(), damage.len());
        let (early, awaited) = (Ends::default(), Ends::default());
        Ok(Self { ledger, store, silence, damage, retention: None, early, awaited })
    }

    /// Keeps what is over for so long and no longer.
    #[must_use]
    pub fn retaining(self, retention: Duration) -> Self {
        Self { retention: Some(retention), ..self }
    }

    /// What is over, or wanted by nobody, since this time is not kept any more.
    pub(super) fn outdated(&self, world: &World) -> Option<Timestamp> {
        world.now().checked_sub(self.retention?).ok()
    }

    /// Forgets what has been over for longer than that.
    pub(super) fn forget(&mut self, world: &World) {
        if let Some(before) = self.outdated(world) {
            self.store.forget(before);
        }
    }

    /// Closes the store: what is not written yet is written now. What happens from now on is not kept.
    pub fn close(&mut self) {
        self.store = Box::new(Memory);
    }

    /// The commands to which there is no answer yet, the oldest first.
    pub fn begun(&self) -> Vec<Begun> {
        let row = |id| {
            let (command, at, state) = self.ledger.command_row(id)?;
            Some(Begun { command: command.clone(), at, state: state.clone() })
        };
        let is_begun = |it: &Begun| {
            !matches!(
                it.state,
                CommandState::Submitted | CommandState::Refused { .. } | CommandState::Unknown { .. }
            )
        };
        self.ledger.open().into_iter().filter_map(row).filter(is_begun).collect()
    }

    /// Until when all that was said in a chat is dealt with.
    pub fn heard_until(&self, chat: &str) -> Option<Timestamp> {
        self.ledger.heard_until(chat)
    }

    /// Why nothing can be kept for certain at present.
    pub(super) fn trouble(&self) -> Option<StoreError> {
        self.store.trouble().or_else(|| self.silence.trouble())
    }

    /// Takes in what happens, and has it written: what comes first in the list even if what comes after it cannot be.
    ///
    /// # Errors
    /// When what must be kept for certain cannot be at present: then nothing has happened.
    pub(super) fn keep(&mut self, entries: Vec<Entry>, world: &World) -> Result<Keeping, StoreError> {
        let mut assurance = entries.iter().map(Entry::assurance).max().unwrap_or_default();
        if assurance > Assurance::Eventual
            && let Some(trouble) = self.trouble()
        {
            // What a network says once more is not refused: it may run.
            if !entries.iter().any(|entry| self.repeats(entry)) {
                return Err(trouble);
            }
            assurance = Assurance::Eventual;
        }
        let (now, mut changes) = (world.now(), Vec::with_capacity(entries.len()));
        let mut misfit = None;
        for entry in entries {
            // How far one delivery has come does not depend on any other.
            let is_alone = matches!(entry, Entry::Moved(..));
            match self.ledger.record((now, entry)) {
                Ok(change) => changes.push(change),
                Err(error) => {
                    misfit.get_or_insert(error);
                    if !is_alone {
                        break;
                    }
                }
            }
        }
        let (written, silence) = (self.store.write(changes, assurance), Rc::clone(&self.silence));
        Ok(Keeping { written, assurance, misfit, silence })
    }

    /// Whether it is a command by a message that is known.
    fn repeats(&self, entry: &Entry) -> bool {
        let Entry::Received(Command { route, message, .. }) = entry else { return false };
        self.ledger.knows(&route.chat, &route.room, message)
    }

    /// As [`Book::keep`], for what is not waited for.
    ///
    /// # Errors
    /// [`NotKept`].
    pub(super) fn note(&mut self, entry: Entry, world: &World) -> Result<(), NotKept> {
        match self.keep(vec![entry], world)?.misfit {
            Some(misfit) => Err(misfit.into()),
            None => Ok(()),
        }
    }

    /// Refuses those of `commands` that are known and could not be written, or not in time: should one be on the disk after
    /// all, then this comes after it.
    pub(super) fn refuse(&mut self, mut commands: Vec<CommandId>, error: &StoreError, world: &World) {
        commands.retain(|command| self.ledger.command(*command).is_some());
        for command in commands {
            let state = CommandState::Refused { why: error.to_string() };
            if let Err(error) = self.note(Entry::Advanced(command, state), world) {
                warn!(%error, %command, "a command that could not be written is not refused");
            }
        }
    }

    /// Takes an execution that carries the mark of a command which had been given up for that command's own. The
    /// Listener passes on no marks of other gateways.
    pub(super) fn adopt(&mut self, run: &RunId, end: &End, world: &World) {
        let Some(command) = end.marked() else { return };
        if self.ledger.command(command).is_none_or(|it| it.stackstorm != run.stackstorm) {
            return;
        }
        let Some(result) = self.ledger.result_of_unknown(command).cloned() else { return };
        let execution = Execution { id: run.id.clone(), command, result, state: ExecutionState::Running };
        if let Err(error) = self.note(Entry::Submitted(command, vec![execution]), world) {
            warn!(%error, %command, "an execution not adopted");
        }
    }

    /// What is to be told of an execution whose announcement did not come. Where its end is not at hand any more, the
    /// Listener's next sweep asks for it.
    pub(super) fn unannounced(&mut self, run: &RunId) -> Option<router::Concluded> {
        let end = self.awaited.take(run)?;
        let execution = self.ledger.execution(run).filter(|it| it.state != ExecutionState::Told)?.clone();
        let command = self.ledger.command(execution.command)?.clone();
        Some(router::Concluded { command, execution, end })
    }
}

impl End {
    /// The command whose mark the execution carries.
    fn marked(&self) -> Option<CommandId> {
        match self {
            Self::Finished(execution) => Some(CommandId(execution.mark()?.command.parse().ok()?)),
            Self::Missing => None,
        }
    }

    pub(super) fn state(&self) -> ExecutionState {
        match self {
            Self::Finished(execution) => ExecutionState::Finished { status: execution.status().to_string() },
            Self::Missing => ExecutionState::Unknown { why: "StackStorm does not know it".into() },
        }
    }
}

impl Ends {
    /// Takes those of executions that carry the mark of `command`.
    pub(super) fn take_marked(&mut self, command: CommandId) -> Vec<(RunId, End)> {
        let (marked, others) = take(&mut self.0).into_iter().partition(|(_, end)| end.marked() == Some(command));
        self.0 = others;
        Vec::from(marked)
    }

    pub(super) fn keep(&mut self, run: RunId, end: End) {
        if self.0.len() == ENDS {
            self.0.pop_front();
        }
        self.0.push_back((run, end));
    }

    pub(super) fn take(&mut self, run: &RunId) -> Option<End> {
        let at = self.0.iter().position(|(known, _)| known == run)?;
        self.0.remove(at).map(|(_, end)| end)
    }

    #[cfg(test)]
    pub(super) fn holds(&self, id: &str) -> bool {
        self.0.iter().any(|(known, _)| known.id == id)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// How many ends are kept. Each may hold a whole result; what is pushed out is asked for by the Listener's next sweep.
const ENDS: usize = 200;
