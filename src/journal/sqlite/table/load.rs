//! What is known at a start.

use std::collections::HashSet;

use rusqlite::{Connection, Error, ffi};

use super::{Key, Tail, rows};
use crate::journal::{
    Case, Dated, Loaded, REMEMBERED,
    sqlite::row::{COMMAND, WATCH},
};

/// Reads the open cases and the last [`REMEMBERED`] closed commands.
pub(in crate::journal::sqlite) fn load(connection: &Connection, tail: &mut Tail) -> rusqlite::Result<Loaded> {
    let open = open(connection)?;
    let mut loading = Loading::default();
    for key in &open {
        if loading.take(connection, key)? == 0 && key.0.first() != Some(&WATCH) {
            return Err(inconsistent("the table of open cases names one that is not there"));
        }
    }
    let mut remembered = 0;
    let mut last = Key(vec![COMMAND + 1]);
    while remembered < REMEMBERED
        && let Some(key) = before(connection, &last)?
    {
        if !open.contains(&key) {
            loading.take(connection, &key)?;
            remembered += 1;
        }
        last = key;
    }
    let cases = open.iter().filter_map(Key::case);
    let loaded = loading.done(cases.collect(), tail);
    Ok(loaded)
}

/// What is read so far.
#[derive(Default)]
struct Loading {
    entries: Vec<(i64, Dated)>,
    damage: Vec<String>,
    /// How much more damage there is than can be told.
    untold: usize,
}

impl Loading {
    /// Reads a case; says how many rows it has, sound or not.
    fn take(&mut self, connection: &Connection, key: &Key) -> rusqlite::Result<usize> {
        let rows = rows(connection, key)?;
        let mut due = 0;
        for row in &rows {
            if row.step > due {
                self.tell(format!("{}: entries {due} to {} are missing", key.words(), row.step.saturating_sub(1)));
            }
            due = row.step.saturating_add(1);
            match row.entry() {
                Ok(entry) => self.entries.push((row.seq, entry)),
                Err(why) => self.tell(format!("{}: entry {}: {why}", key.words(), row.step)),
            }
        }
        Ok(rows.len())
    }

    fn tell(&mut self, damage: String) {
        if self.damage.len() < TOLD {
            self.damage.push(damage);
        } else {
            self.untold += 1;
        }
    }

    fn done(mut self, open: Vec<Case>, tail: &mut Tail) -> Loaded {
        self.entries.sort_unstable_by_key(|(seq, _)| *seq);
        tail.seq = self.entries.last().map_or(0, |(seq, _)| seq.saturating_add(1));
        if self.untold > 0 {
            self.damage.push(format!("and {} more like that", self.untold));
        }
        Loaded { entries: self.entries.into_iter().map(|(_, entry)| entry).collect(), open, damage: self.damage }
    }
}

fn open(connection: &Connection) -> rusqlite::Result<HashSet<Key>> {
    let mut statement = connection.prepare("SELECT case_id FROM open")?;
    let keys = statement.query_map([], |row| Ok(Key(row.get_ref(0)?.as_bytes()?.to_vec())))?;
    keys.collect()
}

/// The last command before `key`.
fn before(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Key>> {
    let sql = "SELECT max(case_id) FROM entry WHERE case_id < ?1 AND case_id >= ?2";
    let found: Option<Vec<u8>> =
        connection.prepare_cached(sql)?.query_row((&key.0, [COMMAND]), |row| row.get(0))?;
    match found.map(Key) {
        Some(found) if found >= *key => Err(inconsistent("the cases are not in their order")),
        found => Ok(found),
    }
}

/// What SQLite itself would say, had it noticed.
fn inconsistent(what: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}

/// How many places of damage are told one by one.
const TOLD: usize = 100;
