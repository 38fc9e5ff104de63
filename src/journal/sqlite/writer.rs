//! The thread that owns the file.

use std::{
    mem::take,
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{sync::oneshot, time::Instant};
use tracing::{error, info, warn};

use super::{
    Commit,
    fault::Fault,
    file::File,
    shared::Shared,
    syncer::{Order, Syncer},
    table::{Search, Sweep},
};
use crate::journal::{Assurance, Case, Change, Dated, Loaded, StoreError};

/// What the thread is asked for.
pub(super) enum Job {
    /// It ends, once all before this is done.
    End,
    /// See [`crate::journal::Store::forget`].
    Forget(Timestamp),
    /// See [`crate::journal::Store::history`].
    History(Case, Answer<Vec<Dated>>),
    /// See [`crate::journal::Store::load`].
    Load(mpsc::Sender<Result<Loaded, StoreError>>),
    /// What is written may not outlive the machine's power.
    Unsynced(StoreError),
    /// See [`crate::journal::Store::write`].
    Write {
        changes: Vec<Change>,
        /// See [`Shared::admit`].
        weight: usize,
        assurance: Assurance,
        tell: Answer<()>,
    },
    /// Whatever a test wants of the file.
    #[cfg(test)]
    Try(Box<dyn FnOnce(&File) + Send>),
}

/// Who waits for an answer.
pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

/// Who learns of each commit.
pub(super) type Tell = Arc<dyn Fn(Commit) + Send + Sync>;

/// The thread's own.
pub(super) struct Writer {
    file: File,
    jobs: Receiver<Job>,
    shared: Arc<Shared>,
    tell: Tell,
    syncer: Syncer,
    /// What is not written yet, in its order.
    backlog: Vec<Change>,
    /// See [`Shared::admit`].
    weight: usize,
    /// Who is to be told of the next try.
    asking: Vec<(Assurance, Answer<()>)>,
    /// Who is to be told once it outlives the machine's power.
    waiting: Vec<Answer<()>>,
    questions: Vec<(Search, Answer<Vec<Dated>>)>,
    /// What is being forgotten.
    sweep: Option<Sweep>,
    /// When the machine's power must not end any more what is written.
    sync_at: Option<Instant>,
    /// Whether so many wrote at once that more will soon.
    is_busy: bool,
    /// When it is tried again, and how long was waited for that.
    retry: Option<(Instant, Duration)>,
    is_over: bool,
}

impl Writer {
    /// Opens the file at `path`.
    pub(super) fn open(
        path: PathBuf,
        jobs: Receiver<Job>,
        shared: Arc<Shared>,
        tell: Tell,
        syncer: Syncer,
    ) -> Result<Self, Fault> {
        Ok(Self {
            file: File::open(path)?,
            jobs,
            shared,
            tell,
            syncer,
            backlog: Vec::new(),
            weight: 0,
            asking: Vec::new(),
            waiting: Vec::new(),
            questions: Vec::new(),
            sweep: None,
            sync_at: None,
            is_busy: false,
            retry: None,
            is_over: false,
        })
    }

    /// Works until nobody has anything to do for it any more.
    pub(super) fn run(mut self) {
        while !self.is_over {
            match self.next() {
                Ok(job) => self.take(job),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.is_busy {
                gather();
            }
            // All that came meanwhile goes out together.
            while let Ok(job) = self.jobs.try_recv() {
                self.take(job);
            }
            self.work();
        }
        self.finish();
    }

    fn next(&self) -> Result<Job, RecvTimeoutError> {
        let now = Instant::now();
        let at = match self.retry {
            _ if !self.questions.is_empty() => Some(now),
            // Until then, nothing else can be done.
            Some((at, _)) => Some(at),
            None if self.sweep.is_some() => Some(now),
            None => self.sync_at,
        };
        match at {
            Some(at) => self.jobs.recv_timeout(at.saturating_duration_since(now)),
            None => self.jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }

    fn take(&mut self, job: Job) {
        match job {
            Job::End => self.is_over = true,
            Job::Forget(before) => self.sweep = Some(Sweep::new(before)),
            Job::History(case, tell) => self.questions.push((Search::new(&case), tell)),
            Job::Load(tell) => tell.send(self.file.load().map_err(Fault::into_error)).unwrap_or_default(),
            Job::Unsynced(error) => self.suffer(Fault::Hindered(error)),
            Job::Write { changes, weight, assurance, tell } => {
                self.backlog.extend(changes);
                self.weight += weight;
                self.asking.push((assurance, tell));
            }
            #[cfg(test)]
            Job::Try(act) => act(&self.file),
        }
    }

    fn work(&mut self) {
        self.is_busy = self.asking.len() >= BUSY;
        self.write();
        for (mut search, tell) in take(&mut self.questions) {
            match self.file.search(&mut search) {
                Ok(true) => self.questions.push((search, tell)),
                Ok(false) => tell.send(Ok(search.found())).unwrap_or_default(),
                Err(fault) => tell.send(Err(fault.into_error())).unwrap_or_default(),
            }
        }
        self.sweep();
        self.shared.add_damage(self.file.take_damage());
    }

    /// Tries to write what there is to be written, unless it is not time to try again.
    fn write(&mut self) {
        if self.retry.is_some_and(|(at, _)| at > Instant::now()) {
            return self.answer(&self.shared.trouble());
        }
        match self.attempt() {
            Ok(written) => {
                self.recover();
                self.answer(&None);
                self.have_synced(written);
            }
            Err(fault) => {
                self.suffer(fault);
                self.answer(&self.shared.trouble());
            }
        }
    }

    /// What was written, if anything: how many changes, and when that began.
    fn attempt(&mut self) -> Result<Option<(usize, Instant)>, Fault> {
        let mut written = None;
        if !self.backlog.is_empty() {
            let began = Instant::now();
            self.file.write(&self.backlog)?;
            written = Some((self.backlog.len(), began));
            self.backlog.clear();
            self.backlog.shrink_to(KEPT);
            self.sync_at = self.sync_at.or(Some(began + SYNC));
        }
        self.shared.release(take(&mut self.weight));
        // A disk that was in trouble is to show that it does that again.
        if self.retry.is_some() {
            self.syncer.sync()?;
            self.sync_at = None;
        }
        Ok(written)
    }

    /// Has what is written outlive the machine's power, if somebody waits for that or it is time.
    fn have_synced(&mut self, written: Option<(usize, Instant)>) {
        let answers = take(&mut self.waiting);
        if !answers.is_empty() || self.sync_at.is_some_and(|at| at <= Instant::now()) {
            self.sync_at = None;
            self.syncer.order(Order { answers, commit: written });
        } else if let Some((changes, began)) = written {
            (self.tell)(Commit { changes, took: began.elapsed() });
        }
    }

    /// It can be written to.
    fn recover(&mut self) {
        self.retry = None;
        if self.shared.set_trouble(None).is_some() {
            info!("the journal is written to again");
        }
        self.shared.tell_lost();
    }

    /// It cannot be written to.
    fn suffer(&mut self, fault: Fault) {
        let pause = self.retry.map_or(RETRY, |(_, pause)| (pause * 2).min(RETRY_AT_MOST));
        self.retry = Some((Instant::now() + pause, pause));
        if !matches!(fault, Fault::Full(_)) {
            self.file.leave();
        }
        let trouble = fault.into_error();
        let waiting = self.backlog.len();
        if self.shared.set_trouble(Some(trouble.clone())).is_none() {
            error!(error = %trouble, waiting, "the journal cannot be written to; it is kept in memory meanwhile");
        }
    }

    /// Tells all who asked, but for those who wait for the disk.
    fn answer(&mut self, trouble: &Option<StoreError>) {
        for (assurance, tell) in self.asking.drain(..) {
            match (trouble, assurance) {
                (Some(trouble), Assurance::Written | Assurance::Synced) => {
                    tell.send(Err(trouble.clone())).unwrap_or_default();
                }
                (None, Assurance::Synced) => self.waiting.push(tell),
                _ => tell.send(Ok(())).unwrap_or_default(),
            }
        }
    }

    /// Forgets some more. What goes wrong is tried again with the next sweep.
    fn sweep(&mut self) {
        let Some(mut sweep) = self.sweep.take().filter(|_| self.retry.is_none()) else { return };
        match self.file.sweep(&mut sweep) {
            Ok(true) => self.sweep = Some(sweep),
            Ok(false) => {}
            Err(fault) => warn!(error = %fault, "old cases are not forgotten"),
        }
    }

    /// Writes what is left, as long as that is worth waiting for.
    fn finish(mut self) {
        let deadline = Instant::now() + PATIENCE;
        self.retry = None;
        self.write();
        while self.retry.take().is_some() && Instant::now() < deadline {
            thread::park_timeout(RETRY);
            self.write();
        }
        self.shared.tell_lost();
        if !self.backlog.is_empty() {
            error!(lost = self.backlog.len(), "the journal ends without what could not be written");
        }
        // Nobody is left without an answer.
        drop(self.syncer);
        self.file.close().unwrap_or_else(|fault| warn!(error = %fault, "the journal is left with its log"));
    }
}

/// Lets writes come that go out together.
#[expect(
    clippy::disallowed_methods,
    reason = "the thread has nothing else to do, and to wake it for each of them is dear"
)]
fn gather() {
    thread::sleep(GATHERING);
}

/// For how many changes room is kept.
const KEPT: usize = 1_000;

/// From how many writes at once on they are gathered: each commit wakes other threads and the disk, which costs who is busy
/// more than it costs who waits.
const BUSY: usize = 8;

/// How long they are gathered.
const GATHERING: Duration = Duration::from_millis(2);

/// How long what outlives the process may not outlive the machine's power.
const SYNC: Duration = Duration::from_secs(1);

/// How soon it is tried again.
const RETRY: Duration = Duration::from_millis(200);

/// How seldom it is tried again.
const RETRY_AT_MOST: Duration = Duration::from_secs(5);

/// How long an end waits for a disk in trouble.
const PATIENCE: Duration = Duration::from_secs(5);
