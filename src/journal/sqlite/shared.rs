//! What the thread that owns the file and those who use it know of each other.

use std::{
    mem::replace,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tracing::error;

use super::writer::Job;
use crate::journal::{
    Assurance, Change, CommandState, Dated, DeliveryState, Entry, Execution, StoreError, weight,
};

/// What both sides know.
#[derive(Debug, Default)]
pub(super) struct Shared {
    /// How much is given and not written, in bytes and roughly.
    waiting: AtomicUsize,
    /// How many changes were too many to wait since it could be written to.
    lost: AtomicUsize,
    trouble: Mutex<Option<StoreError>>,
    /// In how many places the file was found damaged since it was loaded.
    damaged: AtomicUsize,
}

impl Shared {
    /// How much memory these changes take if they may wait; that is counted until it is released.
    ///
    /// That a command does not run may wait in any case, as it would run if only what came before were written. There are no
    /// more such changes than commands that may wait.
    pub(super) fn admit(&self, changes: &[Change]) -> Option<usize> {
        let weight = size_of::<Job>() + changes.iter().map(memory).sum::<usize>();
        let is_refusal = changes.iter().any(is_refusal);
        let more = |waiting| Some(weight + waiting).filter(|waiting| is_refusal || *waiting <= BACKLOG);
        self.waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| weight)
    }

    /// So much does not wait any more.
    pub(super) fn release(&self, weight: usize) {
        self.waiting.fetch_sub(weight, Ordering::Relaxed);
    }

    /// What becomes of so many changes that may not wait: what is not asked to be kept for certain has happened all the same,
    /// and only the next process will not know it.
    pub(super) fn overflow(&self, changes: usize, assurance: Assurance) -> Result<(), StoreError> {
        if assurance > Assurance::Eventual {
            return Err(StoreError::of_disk("too much of it waits for the disk already"));
        }
        if self.lost.fetch_add(changes, Ordering::Relaxed) == 0 {
            error!("too much waits for the journal's disk: what happens from now on is lost at the next start");
        }
        Ok(())
    }

    /// Tells how much was too much.
    pub(super) fn tell_lost(&self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            error!(lost, "changes are not in the journal, as there were too many of them");
        }
    }

    /// Why nothing can be written at present.
    pub(super) fn trouble(&self) -> Option<StoreError> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets the trouble, or ends it; returns what there was.
    pub(super) fn set_trouble(&self, trouble: Option<StoreError>) -> Option<StoreError> {
        replace(&mut *self.trouble.lock().unwrap_or_else(PoisonError::into_inner), trouble)
    }

    /// See [`crate::journal::Store::damaged`].
    pub(super) fn damaged(&self) -> usize {
        self.damaged.load(Ordering::Relaxed)
    }

    pub(super) fn add_damage(&self, places: usize) {
        self.damaged.fetch_add(places, Ordering::Relaxed);
    }
}

fn is_refusal(change: &Change) -> bool {
    matches!(change, Change::Append { entry: (_, Entry::Advanced(_, CommandState::Refused { .. })), .. })
}

/// Roughly what a change takes in memory, in bytes.
fn memory(change: &Change) -> usize {
    let own = size_of::<Change>();
    own + match change {
        Change::Append { entry, .. } => length(&entry.1),
        Change::Replace(_, entries) => entries.iter().map(|entry| size_of::<Dated>() + length(&entry.1)).sum(),
        Change::Close(_) => 0,
    }
}

/// How long all in an entry is that may be long.
fn length(entry: &Entry) -> usize {
    match entry {
        Entry::Received(command) => command.text.len(),
        Entry::Advanced(_, CommandState::Refused { why }) => why.len(),
        Entry::Advanced(_, CommandState::Unknown { why, result }) => why.len() + weight(result),
        Entry::Submitted(_, executions) => {
            executions.iter().map(|execution| size_of::<Execution>() + weight(&execution.result)).sum()
        }
        Entry::Queued(delivery) => delivery.text.len() + weight(&delivery.extra),
        Entry::Moved(_, DeliveryState::Dead { why } | DeliveryState::Dropped { why }) => why.len(),
        _ => 0,
    }
}

/// How much may wait, in bytes: about a hundred thousand changes with short texts. A thousand commands are about ten thousand.
const BACKLOG: usize = 64 * 1024 * 1024;
