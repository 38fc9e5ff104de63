//! Entries in a file of SQLite's.
//!
//! The file has one owner, a thread of its own: what is given to it while it writes goes out together next, so that one
//! wait for the disk serves many commands. What cannot be written stays in that thread's memory and is tried again.
//! Who reads the file, and from where on, is not decided here: see [`Store`].

mod database;
mod fault;
mod file;
mod log;
mod page;
mod row;
mod salvage;
mod table;
mod writer;

use std::{
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::Timestamp;
use tokio::sync::oneshot;

use self::{
    fault::Fault,
    writer::{Job, Shared, Writer},
};
use super::{Assurance, Case, Change, Dated, Loaded, Sought, Store, StoreError, Written};

/// A store in a file.
#[derive(Debug)]
pub struct Sqlite {
    jobs: Option<Sender<Job>>,
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

/// Something was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// How many changes went out together.
    pub changes: usize,
    /// How long that took, with the wait for the disk.
    pub took: Duration,
}

impl Sqlite {
    /// Opens the file, or makes it; its folder must be there. `tell` learns of each commit, on the thread that makes it.
    ///
    /// # Errors
    /// When the file cannot be ours: somebody else has it, it is no journal or a newer Fulmar's, or the disk refuses.
    pub fn open(path: PathBuf, tell: impl FnMut(Commit) + Send + 'static) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared::default());
        let (jobs, queue) = mpsc::channel();
        let writer = Writer::open(path, queue, Arc::clone(&shared), Box::new(tell)).map_err(Fault::into_error)?;
        let thread = thread::Builder::new().name("journal".to_owned());
        let writer = thread
            .spawn(move || writer.run())
            .map_err(|error| StoreError::of_disk(format!("no thread could be had for it ({error})")))?;
        Ok(Self { jobs: Some(jobs), shared, writer: Some(writer) })
    }

    /// Gives the writer something to do; what it does not take any more is dropped, and with it who waits for an answer
    /// is told.
    fn give(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            jobs.send(job).unwrap_or_default();
        }
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
        if self.shared.admit(changes.len()) {
            self.give(Job::Write { changes, assurance, tell });
        } else {
            tell.send(Err(StoreError::of_disk("too much of it waits for the disk already"))).unwrap_or_default();
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
        self.jobs = None;
        if let Some(writer) = self.writer.take() {
            // It has said itself what went wrong.
            drop(writer.join());
        }
    }
}

fn gone() -> StoreError {
    StoreError::of_disk("its writer is gone")
}

#[cfg(test)]
mod tests;
