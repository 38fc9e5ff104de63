//! What the Journal knows, outliving its lives.

use std::{collections::VecDeque, mem::take, sync::Arc};

use tracing::warn;

use super::NotKept;
use crate::{
    actors::{router, world::World},
    journal::{CommandId, Entry, Execution, ExecutionState, Ledger, Store, StoreError},
    st2::wire,
};

/// What the Journal knows, outliving its lives.
pub struct Book {
    pub(super) ledger: Ledger,
    store: Box<dyn Store>,
    /// Those that came before the answer to the POST that started the execution.
    pub(super) early: Ends,
    /// Those of which StackStorm's announcement is waited for.
    pub(super) awaited: Ends,
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
pub(super) struct Ends(VecDeque<(String, End)>);

impl Book {
    /// Opens `store` and takes in what it holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(mut store: Box<dyn Store>) -> Result<Self, StoreError> {
        let mut ledger = Ledger::default();
        for (at, entry) in store.load()? {
            if let Err(error) = ledger.apply(entry) {
                warn!(%error, %at, "entry skipped");
            }
        }
        Ok(Self { ledger, store, early: Ends::default(), awaited: Ends::default() })
    }

    pub(super) fn keep(&mut self, entries: Vec<Entry>, world: &World) -> Result<(), NotKept> {
        for entry in entries {
            let dated = (world.now(), entry);
            self.store.keep(&dated)?;
            self.ledger.apply(dated.1)?;
        }
        Ok(())
    }

    /// Takes an execution that carries the mark of a command which had been given up for that command's own. The
    /// Listener passes on no marks of other gateways.
    pub(super) fn adopt(&mut self, id: &str, end: &End, world: &World) {
        let Some(command) = end.marked() else { return };
        let Some(result) = self.ledger.result_of_unknown(command).cloned() else { return };
        let execution = Execution { id: id.to_owned(), command, result, state: ExecutionState::Running };
        if let Err(error) = self.keep(vec![Entry::Submitted(command, vec![execution])], world) {
            warn!(%error, %command, "an execution not adopted");
        }
    }

    /// What is to be told of an execution whose announcement did not come. Where its end is not at hand any more, the
    /// Listener's next sweep asks for it.
    pub(super) fn unannounced(&mut self, id: &str) -> Option<router::Concluded> {
        let end = self.awaited.take(id)?;
        let execution = self.ledger.execution(id).filter(|it| it.state != ExecutionState::Told)?.clone();
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
    pub(super) fn take_marked(&mut self, command: CommandId) -> Vec<(String, End)> {
        let (marked, others) = take(&mut self.0).into_iter().partition(|(_, end)| end.marked() == Some(command));
        self.0 = others;
        Vec::from(marked)
    }

    pub(super) fn keep(&mut self, id: String, end: End) {
        if self.0.len() == ENDS {
            self.0.pop_front();
        }
        self.0.push_back((id, end));
    }

    pub(super) fn take(&mut self, id: &str) -> Option<End> {
        let at = self.0.iter().position(|(known, _)| known == id)?;
        self.0.remove(at).map(|(_, end)| end)
    }

    #[cfg(test)]
    pub(super) fn holds(&self, id: &str) -> bool {
        self.0.iter().any(|(known, _)| known == id)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// How many ends are kept. Each may hold a whole result; what is pushed out is asked for by the Listener's next sweep.
const ENDS: usize = 200;
