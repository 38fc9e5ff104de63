//! The file: opened for us alone, in the form of this version, and written to in transactions.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::{
    fault::Fault,
    table::{self, Sweep, Tail},
};
use crate::journal::{Case, Change, Dated, Loaded, StoreError};

/// An open file.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    connection: Connection,
    level: Level,
}

/// What outlives what, once a transaction is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
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
        let mut database = Self { path: path.to_owned(), connection, level: Level::Synced };
        database.attempt(|connection| {
            connection.busy_timeout(BUSY)?;
            connection.execute_batch(SETTINGS)
        })?;
        database.migrate()?;
        Ok(database)
    }

    /// Makes changes, all or none, and sees to it that they are kept as well as `level` says.
    pub(super) fn write(&mut self, changes: &[Change], level: Level, tail: &mut Tail) -> Result<(), Fault> {
        self.set_level(level)?;
        let written = self.transaction(|connection| table::make(connection, changes, tail));
        if written.is_err() {
            tail.forget_steps();
        }
        written
    }

    /// Sees to it that all that is written outlives the machine's power.
    pub(super) fn sync(&self) -> Result<(), Fault> {
        let log = with_suffix(&self.path, "-wal");
        let synced = match fs::File::open(log) {
            Ok(log) => log.sync_data().and_then(|()| sync_folder(&self.path)),
            // Nothing was written yet, or all of it is in the file itself.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        synced.map_err(|error| {
            Fault::Hindered(StoreError(format!("the disk does not work with {} ({error})", self.path.display())))
        })
    }

    /// The entries of all open cases and of the last closed commands.
    pub(super) fn load(&self, tail: &mut Tail) -> Result<Loaded, Fault> {
        self.attempt(|connection| table::load(connection, tail))
    }

    /// The entries of a case.
    pub(super) fn history(&self, case: &Case) -> Result<Vec<Dated>, Fault> {
        self.attempt(|connection| table::history(connection, case))
    }

    /// Goes on with a sweep; whether there may be more to do.
    pub(super) fn sweep(&mut self, sweep: &mut Sweep) -> Result<bool, Fault> {
        self.set_level(Level::Written)?;
        self.transaction(|connection| sweep.go_on(connection))
    }

    fn transaction<T>(&mut self, act: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Fault> {
        let act = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = act(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        act(&mut self.connection).map_err(|error| Fault::of(&error, &self.path))
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

    /// Brings the file into the form of this version.
    fn migrate(&mut self) -> Result<(), Fault> {
        let number = |name| {
            self.attempt(|connection| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)))
        };
        let (owner, version) = (number("application_id")?, number("user_version")?);
        let tables = "SELECT count(*) FROM sqlite_master";
        let is_new = owner == 0
            && self.attempt(|connection| connection.query_row(tables, [], |row| row.get::<_, i64>(0)))? == 0;
        let file = self.path.display();
        if owner != APPLICATION && !is_new {
            let what = format!("{file} belongs to another program: name another file in gateway.state");
            return Err(Fault::Hindered(StoreError(what)));
        }
        let known = usize::try_from(version).ok().filter(|version| *version <= MIGRATIONS.len());
        let Some(steps) = known.and_then(|version| MIGRATIONS.get(version..)) else {
            let ours = MIGRATIONS.len();
            let what = format!(
                "{file} was written by a newer Fulmar (form {version}, ours is {ours}): run that one, or name \
                 another file in gateway.state"
            );
            return Err(Fault::Hindered(StoreError(what)));
        };
        if steps.is_empty() {
            return Ok(());
        }
        self.transaction(|connection| {
            steps.iter().try_for_each(|step| connection.execute_batch(step))?;
            connection.pragma_update(None, "application_id", APPLICATION)?;
            connection.pragma_update(None, "user_version", MIGRATIONS.len())
        })
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
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn not_created(path: &Path, error: &io::Error) -> Fault {
    let (file, folder) = (path.display(), folder_of(path));
    Fault::Hindered(StoreError(match error.kind() {
        io::ErrorKind::NotFound => {
            format!("{file} cannot be made: make the folder {} first, or change gateway.state", folder.display())
        }
        _ => format!("{file} cannot be made ({error}): the folder {} must be ours to write to", folder.display()),
    }))
}

fn sync_folder(path: &Path) -> io::Result<()> {
    fs::File::open(folder_of(path))?.sync_all()
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// "Fulm": whose file it is, for programs like file(1), and for us.
const APPLICATION: i64 = 0x4675_6c6d;

/// How long another process may still have the file: one that is just ending, or somebody's glance.
const BUSY: Duration = Duration::from_millis(500);

/// One process has the file for itself, so nothing of the log's index is shared. About half a MiB of pages is kept in
/// memory.
const SETTINGS: &str = "
    PRAGMA page_size = 4096;
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA cache_size = -512;
    PRAGMA cell_size_check = ON;
    PRAGMA journal_size_limit = 8388608;
";

/// What makes each form of the file from the one before.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE entry (
        case_id BLOB NOT NULL,
        step INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL,
        PRIMARY KEY (case_id, step)
    ) WITHOUT ROWID;
    CREATE TABLE open (case_id BLOB NOT NULL PRIMARY KEY) WITHOUT ROWID;
"];
