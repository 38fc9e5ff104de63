//! The thread that waits for the disk: only who must outlive the machine's power waits with it.

use std::{
    fs, io, iter,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::SystemTime,
};

use tokio::time::Instant;

use super::{
    Commit,
    database::{sync_folder, with_suffix},
    fault::Fault,
    writer::{Answer, Job, Tell},
};

/// Sees to it that all that is written outlives the machine's power.
pub(super) type Disk = Arc<dyn Fn() -> Result<(), Fault> + Send + Sync>;

/// Has what is written outlive the machine's power. Dropped, it first does what it was told.
pub(super) struct Syncer {
    disk: Disk,
    orders: Option<Sender<Order>>,
    thread: Option<JoinHandle<()>>,
}

/// Something is written.
pub(super) struct Order {
    /// Who is to know that it outlives the machine's power.
    pub(super) answers: Vec<Answer<()>>,
    /// How many changes it is, and when that began.
    pub(super) commit: Option<(usize, Instant)>,
}

impl Syncer {
    /// One that tells the writer by `jobs` what goes wrong.
    pub(super) fn begin(disk: Disk, jobs: Sender<Job>, tell: Tell) -> io::Result<Self> {
        let (orders, given) = mpsc::channel();
        let thread = thread::Builder::new().name("journal-sync".to_owned());
        let same = Arc::clone(&disk);
        let thread = thread.spawn(move || obey(&given, &same, &jobs, &tell))?;
        Ok(Self { disk, orders: Some(orders), thread: Some(thread) })
    }

    /// Does not wait for the disk.
    pub(super) fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            orders.send(order).unwrap_or_default();
        }
    }

    /// Waits for the disk.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        (self.disk)()
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // It has said itself what went wrong.
            drop(thread.join());
        }
    }
}

fn obey(given: &Receiver<Order>, disk: &Disk, jobs: &Sender<Job>, tell: &Tell) {
    while let Ok(first) = given.recv() {
        // All that was written meanwhile is synced with it.
        let orders: Vec<Order> = iter::once(first).chain(given.try_iter()).collect();
        let synced = disk().map_err(Fault::into_error);
        if let Err(error) = &synced {
            jobs.send(Job::Unsynced(error.clone())).unwrap_or_default();
        }
        for Order { answers, commit } in orders {
            if let Some((changes, began)) = commit {
                tell(Commit { changes, took: began.elapsed() });
            }
            answers.into_iter().for_each(|answer| answer.send(synced.clone()).unwrap_or_default());
        }
    }
}

/// The disk with the file at `path`.
pub(super) fn disk_of(path: PathBuf) -> Disk {
    let known = Mutex::default();
    Arc::new(move || {
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        sync_log(&path, &mut known).map_err(|error| Fault::of_disk(&error, &path))
    })
}

/// Syncs SQLite's log beside the file at `path`, and its name unless that is `known` to be.
fn sync_log(path: &Path, known: &mut Option<LogId>) -> io::Result<()> {
    let log = match fs::File::open(with_suffix(path, "-wal")) {
        Ok(log) => log,
        // Nothing was written yet, or all of it is in the file itself.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    log.sync_data()?;
    let log = log.metadata()?;
    let id = Some((log.ino(), log.created().ok()));
    if *known != id {
        sync_folder(path)?;
        *known = id;
    }
    Ok(())
}

/// Which of the logs that had this name it is.
type LogId = (u64, Option<SystemTime>);
