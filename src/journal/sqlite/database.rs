//! The file: opened for us alone, in the form of this version, and written to in transactions.

mod form;

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig};

pub(super) use self::form::is_claim;
use super::{
    fault::Fault,
    log::{End, Log},
    row::Row,
    table::{self, Search, Sweep, Tail},
};
use crate::journal::{Change, Loaded, Obstacle, StoreError};

/// An open file. Dropped, it is left as it is, with its log; see [`Database::close`].
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    connection: Connection,
    level: Level,
    /// Where to go on writing, if that is known.
    tail: Option<Tail>,
    damage: Option<String>,
}

/// What outlives what, once a transaction is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    /// It outlives the process.
    Written,
    /// It outlives the machine's power.
    Synced,
}

impl Database {
    /// Opens the file, makes it if it is not there, and locks out everybody else.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        create(path).map_err(|error| not_created(path, &error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| Fault::of(&error, path))?;
        let mut database =
            Self { path: path.to_owned(), connection, level: Level::Synced, tail: None, damage: None };
        database.attempt(|connection| {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection.busy_timeout(BUSY)?;
            connection.execute_batch(LOCK)
        })?;
        database.check_owner()?;
        database.attempt(|connection| connection.execute_batch(SETTINGS))?;
        database.check_log()?;
        database.migrate()?;
        database.check_form()?;
        Ok(database)
    }

    /// What was wrong with the file and does not matter any more.
    pub(super) fn take_damage(&mut self) -> Option<String> {
        self.damage.take()
    }

    /// Brings everything into the file itself and takes the log away.
    pub(super) fn close(self) -> Result<(), Fault> {
        self.attempt(|connection| {
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false).map(drop)
        })?;
        self.connection.close().map_err(|(_, error)| Fault::of(&error, &self.path))
    }

    /// Makes changes, all or none. They outlive the process.
    pub(super) fn write(&mut self, changes: &[Change]) -> Result<(), Fault> {
        self.set_level(Level::Written)?;
        self.move_on(|connection, tail| table::make(connection, changes, tail))
    }

    /// Keeps rows of another file, but for those that say what it had lost: see [`Self::explain`].
    pub(super) fn save(&mut self, rows: &[Row]) -> Result<(), Fault> {
        self.set_level(Level::Written)?;
        self.transaction(|connection| {
            rows.iter().filter(|row| !row.is_lost()).try_for_each(|row| table::put(connection, row))
        })
    }

    /// Marks the rows that could not be saved; says how many could, and in how many places rows are missing.
    pub(super) fn explain(&mut self) -> Result<(usize, usize), Fault> {
        self.set_level(Level::Synced)?;
        self.transaction(table::explain)
    }

    /// All entries behind the horizon.
    pub(super) fn load(&mut self) -> Result<Loaded, Fault> {
        let (loaded, tail) = self.attempt(table::load)?;
        self.tail = Some(tail);
        Ok(loaded)
    }

    /// Goes on with a search; whether there may be more to find.
    pub(super) fn search(&self, search: &mut Search) -> Result<bool, Fault> {
        self.attempt(|connection| search.go_on(connection))
    }

    /// Goes on with a sweep; whether there may be more to do.
    pub(super) fn sweep(&mut self, sweep: &mut Sweep) -> Result<bool, Fault> {
        self.set_level(Level::Written)?;
        self.move_on(|connection, tail| sweep.go_on(connection, tail))
    }

    /// Does something by which the tail moves on, in a transaction. If that fails, the tail must be read again.
    fn move_on<T>(&mut self, act: impl FnOnce(&Connection, &mut Tail) -> rusqlite::Result<T>) -> Result<T, Fault> {
        let mut tail = match self.tail.take() {
            Some(tail) => tail,
            None => self.attempt(|connection| Tail::read(connection, |_, _| {}))?,
        };
        let done = self.transaction(|connection| act(connection, &mut tail))?;
        self.tail = Some(tail);
        Ok(done)
    }

    /// Does something whole or not at all.
    fn transaction<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Fault> {
        self.attempt(|connection| {
            // Kept ready, unlike those of rusqlite's own transactions: a small one takes longer to say than to do.
            let say = |sql| connection.prepare_cached(sql)?.execute([]).map(drop);
            say("BEGIN IMMEDIATE")?;
            let done = act(connection).and_then(|done| say("COMMIT").map(|()| done));
            // SQLite may have taken it back already.
            if done.is_err() && !connection.is_autocommit() {
                say("ROLLBACK").unwrap_or_default();
            }
            done
        })
    }

    fn attempt<T>(&self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Fault> {
        act(&self.connection).map_err(|error| Fault::of(&error, &self.path))
    }

    fn set_level(&mut self, level: Level) -> Result<(), Fault> {
        if self.level != level {
            let value = match level {
                Level::Written => "NORMAL",
                Level::Synced => "FULL",
            };
            self.attempt(|connection| connection.pragma_update(None, "synchronous", value))?;
            self.level = level;
        }
        Ok(())
    }

    /// Looks whether all of the log is there. Only now, when nobody else writes to it.
    fn check_log(&mut self) -> Result<(), Fault> {
        let log = Log::read(&with_suffix(&self.path, "-wal"));
        match log.map_err(|error| Fault::of_disk(&error, &self.path))?.map(|log| log.end()) {
            Some(End::Gap) => Err(Fault::Damaged("there is a gap in its log".into())),
            Some(End::Torn) => {
                let file = self.path.display();
                self.damage =
                    Some(format!("what was written to {file} last was cut off, or damaged, and is lost"));
                Ok(())
            }
            Some(End::Whole) | None => Ok(()),
        }
    }

    #[cfg(test)]
    pub(super) fn pragma(&self, pragma: &str) -> i64 {
        self.connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).unwrap()
    }
}

/// The path of a file that belongs to the one at `path`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Makes the file, for nobody else to read: what people say to the gateway stands in it.
fn create(path: &Path) -> io::Result<()> {
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => sync_folder(path),
        // SQLite would not say why it cannot write to it.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().write(true).open(path).map(drop)
        }
        Err(error) => Err(error),
    }
}

fn not_created(path: &Path, error: &io::Error) -> Fault {
    let (file, folder) = (path.display(), folder_of(path).display());
    let (obstacle, what) = match error.kind() {
        io::ErrorKind::NotFound => {
            (Obstacle::Unfit, format!("make the folder {folder} first, or change gateway.state"))
        }
        io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
            (Obstacle::Unfit, "change gateway.state".to_owned())
        }
        io::ErrorKind::PermissionDenied => {
            (Obstacle::Forbidden, format!("it and the folder {folder} must be ours to write to"))
        }
        _ => (Obstacle::Disk, "see to the disk".to_owned()),
    };
    Fault::Hindered(StoreError { why: format!("{file} cannot be written to ({error}): {what}"), obstacle })
}

/// Sees to it that the names of the files beside the one at `path` outlive the machine's power.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// How long another process may still have the file: one that is just ending, or somebody's glance.
const BUSY: Duration = Duration::from_millis(500);

/// One process has the file for itself, so nothing of the log's index is shared.
const LOCK: &str = "
    PRAGMA page_size = 4096;
    PRAGMA locking_mode = EXCLUSIVE;
";

/// About half a MiB of pages is kept in memory. Of what is forgotten, nothing is left in the file.
const SETTINGS: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -512;
    PRAGMA cell_size_check = ON;
    PRAGMA secure_delete = ON;
    PRAGMA journal_size_limit = 8388608;
";
