//! Entries in a file of SQLite's.
//!
//! The file has one owner, a thread of its own: what is given to it while it writes goes out together next. Another thread
//! waits for the disk, so one wait serves many commands, and nobody waits for it who need not. What cannot be written stays
//! in the first one's memory and is tried again. Who reads the file, and from where on, is not decided here: see [`Store`].

mod database;
mod fault;
mod file;
mod log;
mod page;
mod row;
mod salvage;
mod shared;
mod syncer;
mod table;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::error;

use self::{
    fault::Fault,
    shared::Shared,
    syncer::{Disk, Syncer, disk_of},
    writer::{Job, Tell, Writer},
};
use super::{Assurance, Case, Change, Dated, Loaded, Sought, Store, StoreError, Written};

/// A store in a file.
#[derive(Debug)]
pub struct Sqlite {
    jobs: Sender<Job>,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    /// Disconnected once the writer has ended.
    ended: Receiver<()>,
}

/// Something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// How many changes went out together.
    pub changes: usize,
    /// How long that took, with the wait for the disk where something was to outlive the machine's power.
    pub took: Duration,
}

impl Sqlite {
    /// Opens the file, or makes it; its folder must be there. `tell` learns of each commit once it is as safe as it was to be,
    /// on whatever thread.
    ///
    /// # Errors
    /// When the file cannot be ours: somebody else has it, it is no journal or a newer Fulmar's, or the disk refuses.
    pub fn open(path: PathBuf, tell: impl Fn(Commit) + Send + Sync + 'static) -> Result<Self, StoreError> {
        let disk = disk_of(path.clone());
        Self::over(path, Arc::new(tell), disk)
    }

    fn over(path: PathBuf, tell: Tell, disk: Disk) -> Result<Self, StoreError> {
        let no_thread = |error| StoreError::of_disk(format!("no thread could be had for it ({error})"));
        let shared = Arc::new(Shared::default());
        let (jobs, queue) = mpsc::channel();
        let syncer = Syncer::begin(disk, jobs.clone(), Arc::clone(&tell)).map_err(no_thread)?;
        let writer = Writer::open(path, queue, Arc::clone(&shared), tell, syncer).map_err(Fault::into_error)?;
        let thread = thread::Builder::new().name("journal".to_owned());
        let (end, ended) = mpsc::channel();
        let work = move || {
            writer.run();
            drop(end);
        };
        let writer = thread.spawn(work).map_err(no_thread)?;
        Ok(Self { jobs, shared, writer: Some(writer), ended })
    }

    /// Gives the writer something to do; what it does not take any more is dropped, and with it who waits for an answer
    /// is told.
    fn give(&self, job: Job) {
        self.jobs.send(job).unwrap_or_default();
    }

    /// Has all written that was given; a disk that does not answer `within` this time is left to itself.
    fn end(&mut self, within: Duration) {
        let Some(writer) = self.writer.take() else { return };
        self.give(Job::End);
        if self.ended.recv_timeout(within) == Err(RecvTimeoutError::Timeout) {
            return error!("the journal's disk does not answer: what waits for it is lost");
        }
        // It has said itself what went wrong.
        drop(writer.join());
    }
}

/// The entries that a damaged file still tells, if `pages` are all that is in it.
pub fn legible(pages: &[u8]) -> impl Iterator<Item = Dated> {
    let place = |number: u32| usize::try_from(number).ok()?.checked_sub(1);
    let numbered = move |number| pages.chunks_exact(page::PAGE).nth(place(number)?).map(<[u8]>::to_vec);
    let rows = pages.chunks_exact(page::PAGE).flat_map(move |page| page::rows(page, &numbered));
    rows.flat_map(|row| row.entries().unwrap_or_default())
}

impl Store for Sqlite {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let (tell, told) = mpsc::channel();
        self.give(Job::Load(tell));
        told.recv().unwrap_or_else(|_| Err(gone()))
    }

    fn write(&mut self, changes: Vec<Change>, assurance: Assurance) -> Written {
        let (tell, written) = oneshot::channel();
        match self.shared.admit(&changes) {
            Some(weight) => self.give(Job::Write { changes, weight, assurance, tell }),
            None => tell.send(self.shared.overflow(changes.len(), assurance)).unwrap_or_default(),
        }
        written
    }

    fn trouble(&self) -> Option<StoreError> {
        if self.writer.as_ref().is_none_or(JoinHandle::is_finished) {
            return Some(gone());
        }
        self.shared.trouble()
    }

    fn damaged(&self) -> usize {
        self.shared.damaged()
    }

    fn history(&self, case: Case) -> Sought<Vec<Dated>> {
        let (tell, told) = oneshot::channel();
        self.give(Job::History(case, tell));
        Box::pin(async { told.await.unwrap_or_else(|_| Err(gone())) })
    }

    fn forget(&mut self, before: Timestamp) {
        self.give(Job::Forget(before));
    }
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        self.end(PATIENCE);
    }
}

fn gone() -> StoreError {
    StoreError::of_disk("its writer is gone")
}

/// How long an end waits for the disk.
const PATIENCE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests;
