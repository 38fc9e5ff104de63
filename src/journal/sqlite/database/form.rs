//! Whose the file is and what form it has.

use rusqlite::Connection;

use super::Database;
use crate::journal::{StoreError, sqlite::fault::Fault};

impl Database {
    /// Refuses to touch what is not ours.
    pub(super) fn check_owner(&self) -> Result<(), Fault> {
        let owner = self.number("PRAGMA application_id")?;
        if owner == APPLICATION || (owner, self.number("SELECT count(*) FROM sqlite_master")?) == (0, 0) {
            return Ok(());
        }
        if is_claim(owner) {
            return Err(Fault::Damaged("its head is not as it was written".into()));
        }
        let file = self.path.display();
        let what = format!("{file} belongs to another program: name another file in gateway.state");
        Err(Fault::Hindered(StoreError::unfit(what)))
    }

    fn number(&self, sql: &str) -> Result<i64, Fault> {
        self.attempt(|connection| connection.query_row(sql, [], |row| row.get(0)))
    }

    /// Brings the file into the form of this version.
    pub(super) fn migrate(&mut self) -> Result<(), Fault> {
        let (version, file) = (self.number("PRAGMA user_version")?, self.path.display());
        let Ok(form) = u8::try_from(version) else {
            return Err(Fault::Damaged("no version ever wrote such a head".into()));
        };
        let Some(steps) = MIGRATIONS.get(usize::from(form)..) else {
            let ours = MIGRATIONS.len();
            let what = format!(
                "{file} was written by a newer Fulmar (form {form}, ours is {ours}): run that one, or name \
                 another file in gateway.state"
            );
            return Err(Fault::Hindered(StoreError::unfit(what)));
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

    /// Looks whether the tables are what they should be: what SQLite takes them for is written in the file.
    pub(super) fn check_form(&self) -> Result<(), Fault> {
        let read = |connection: &Connection| {
            let sql = "SELECT group_concat(type || name || tbl_name || sql) FROM sqlite_master";
            connection.query_row(sql, [], |row| row.get::<_, String>(0))
        };
        let due = Connection::open_in_memory().and_then(|connection| {
            MIGRATIONS.iter().try_for_each(|step| connection.execute_batch(step))?;
            read(&connection)
        });
        let due = due.map_err(|error| Fault::of(&error, &self.path))?;
        if self.attempt(read)? == due {
            return Ok(());
        }
        Err(Fault::Damaged("its tables are not what they were".into()))
    }
}

/// "Fulm": whose file it is, for programs like file(1), and for us.
const APPLICATION: i64 = 0x4675_6c6d;

/// Whether a file with this number is ours, even if it is one byte off.
pub(in crate::journal::sqlite) const fn is_claim(owner: i64) -> bool {
    (owner ^ APPLICATION).count_ones() <= u8::BITS
}

/// What makes each form of the file from the one before. In the second one a row may hold several entries.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE entry (
        seq INTEGER PRIMARY KEY,
        case_id BLOB NOT NULL,
        since INTEGER NOT NULL,
        open INTEGER NOT NULL,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        sum INTEGER NOT NULL
    );
    CREATE TABLE horizon (seq INTEGER NOT NULL, sum INTEGER NOT NULL);
",
    "",
];
