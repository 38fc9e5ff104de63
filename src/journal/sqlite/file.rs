//! The file through the life of the process: opened anew when the disk is back, mended when it is damaged.

use std::{path::PathBuf, time::Duration};

use tokio::time::Instant;
use tracing::error;

use super::{
    database::{Database, Level},
    fault::Fault,
    salvage,
    table::{Sweep, Tail},
};
use crate::journal::{Case, Change, Dated, Loaded};

/// The file, and where to go on in it.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    /// None while it must be opened anew.
    database: Option<Database>,
    tail: Tail,
    /// What was damaged and is not told yet.
    damage: Vec<String>,
    /// When it was mended last.
    mended: Option<Instant>,
}

impl File {
    /// Opens the file at `path`, and mends it if it must be.
    pub(super) fn open(path: PathBuf) -> Result<Self, Fault> {
        let mut file = Self { path, database: None, tail: Tail::default(), damage: Vec::new(), mended: None };
        file.with(|_, _| Ok(()))?;
        Ok(file)
    }

    /// See [`Database::load`].
    pub(super) fn load(&mut self) -> Result<Loaded, Fault> {
        let mut loaded = self.with(|database, tail| database.load(tail))?;
        loaded.damage.append(&mut self.damage);
        Ok(loaded)
    }

    /// See [`Database::write`].
    pub(super) fn write(&mut self, changes: &[Change], level: Level) -> Result<(), Fault> {
        self.with(|database, tail| database.write(changes, level, tail))
    }

    /// See [`Database::sync`].
    pub(super) fn sync(&mut self) -> Result<(), Fault> {
        self.with(|database, _| database.sync())
    }

    /// See [`Database::history`].
    pub(super) fn history(&mut self, case: &Case) -> Result<Vec<Dated>, Fault> {
        self.with(|database, _| database.history(case))
    }

    /// See [`Database::sweep`].
    pub(super) fn sweep(&mut self, sweep: &mut Sweep) -> Result<bool, Fault> {
        self.with(|database, _| database.sweep(sweep))
    }

    /// Leaves it: it may be another file, or on another disk, by the next time.
    pub(super) fn leave(&mut self) {
        self.database = None;
        self.tail.forget_steps();
    }

    /// See [`Database::close`].
    pub(super) fn close(self) -> Result<(), Fault> {
        self.database.map_or(Ok(()), Database::close)
    }

    /// Does something with the file, which is opened for it, or mended, if it must be.
    fn with<T>(&mut self, mut act: impl FnMut(&mut Database, &mut Tail) -> Result<T, Fault>) -> Result<T, Fault> {
        let why = match self.attempt(&mut act) {
            Err(Fault::Damaged(why)) => why,
            done => return done,
        };
        self.leave();
        // Where a disk spoils whatever is written, mending would fill it.
        if self.mended.is_some_and(|at| at.elapsed() < REST) {
            return Err(Fault::Damaged(why));
        }
        self.mended = Some(Instant::now());
        let mended = salvage::mend(&self.path, &why)?;
        error!("{mended}");
        self.damage.push(mended);
        self.attempt(&mut act)
    }

    fn attempt<T>(
        &mut self,
        act: &mut impl FnMut(&mut Database, &mut Tail) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let database = match &mut self.database {
            Some(database) => database,
            closed => {
                salvage::resume(&self.path)?;
                let mut database = Database::open(&self.path)?;
                self.damage.extend(database.take_damage());
                closed.insert(database)
            }
        };
        act(database, &mut self.tail)
    }

    #[cfg(test)]
    pub(super) fn pragma(&self, pragma: &str) -> i64 {
        self.database.as_ref().unwrap().pragma(pragma)
    }
}

/// How long a file that was mended is not mended again.
const REST: Duration = Duration::from_secs(60);
