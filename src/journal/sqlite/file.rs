//! The file through the life of the process: opened anew when the disk is back, mended when it is damaged.

use std::{mem::take, path::PathBuf, time::Duration};

use tokio::time::Instant;
use tracing::error;

use super::{
    database::Database,
    fault::Fault,
    salvage,
    table::{Search, Sweep},
};
use crate::journal::{Change, Loaded};

/// The file.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    /// None while it must be opened anew.
    database: Option<Database>,
    /// What was damaged and is not told yet.
    damage: Vec<String>,
    /// In how many places entries are missing since it was mended, which only the next load tells.
    holes: usize,
    /// When it was mended last.
    mended: Option<Instant>,
}

impl File {
    /// Opens the file at `path`, and mends it if it must be.
    pub(super) fn open(path: PathBuf) -> Result<Self, Fault> {
        let mut file = Self { path, database: None, damage: Vec::new(), holes: 0, mended: None };
        file.with(|_| Ok(()))?;
        Ok(file)
    }

    /// See [`Database::load`].
    pub(super) fn load(&mut self) -> Result<Loaded, Fault> {
        let mut loaded = self.with(Database::load)?;
        loaded.damage.append(&mut self.damage);
        self.holes = 0;
        Ok(loaded)
    }

    /// In how many places it was damaged that were not told.
    pub(super) fn take_damage(&mut self) -> usize {
        take(&mut self.damage).len() + take(&mut self.holes)
    }

    /// See [`Database::write`].
    pub(super) fn write(&mut self, changes: &[Change]) -> Result<(), Fault> {
        self.with(|database| database.write(changes))
    }

    /// See [`Database::search`].
    pub(super) fn search(&mut self, search: &mut Search) -> Result<bool, Fault> {
        self.with(|database| database.search(search))
    }

    /// See [`Database::sweep`].
    pub(super) fn sweep(&mut self, sweep: &mut Sweep) -> Result<bool, Fault> {
        self.with(|database| database.sweep(sweep))
    }

    /// Leaves it: it may be another file, or on another disk, by the next time.
    pub(super) fn leave(&mut self) {
        self.database = None;
    }

    /// See [`Database::close`].
    pub(super) fn close(self) -> Result<(), Fault> {
        self.database.map_or(Ok(()), Database::close)
    }

    /// Does something with the file, which is opened for it, or mended, if it must be.
    fn with<T>(&mut self, mut act: impl FnMut(&mut Database) -> Result<T, Fault>) -> Result<T, Fault> {
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
        let (mended, holes) = salvage::mend(&self.path, &why)?;
        error!("{mended}");
        self.damage.push(mended);
        self.holes += holes;
        self.attempt(&mut act)
    }

    fn attempt<T>(&mut self, act: &mut impl FnMut(&mut Database) -> Result<T, Fault>) -> Result<T, Fault> {
        let database = match &mut self.database {
            Some(database) => database,
            closed => {
                salvage::resume(&self.path)?;
                let mut database = Database::open(&self.path)?;
                self.damage.extend(database.take_damage());
                closed.insert(database)
            }
        };
        act(database)
    }

    #[cfg(test)]
    pub(super) fn pragma(&self, pragma: &str) -> i64 {
        self.database.as_ref().unwrap().pragma(pragma)
    }
}

/// How long a file that was mended is not mended again.
const REST: Duration = Duration::from_secs(60);
