//! What is known at a start.

use std::collections::HashSet;

use rusqlite::{Connection, Error, ffi};

use super::{Key, Row, Tail, row, rows};
use crate::journal::{Case, Dated, Loaded, REMEMBERED, sqlite::row::COMMAND};

/// Reads the open cases and the last [`REMEMBERED`] closed commands.
pub(in crate::journal::sqlite) fn load(connection: &Connection, tail: &mut Tail) -> rusqlite::Result<Loaded> {
    let open = open(connection)?;
    let mut loading = Loading::default();
    for key in loading.take_last(connection, &open)? {
        let rows = rows(connection, &key)?;
        if rows.is_empty() {
            return Err(inconsistent("the table of open cases names one that is not there"));
        }
        loading.take(&rows);
    }
    Ok(loading.done(open.iter().filter_map(Key::case).collect(), tail))
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
    /// Reads all commands from the youngest on until [`REMEMBERED`] closed ones are read; says which of `open` were not
    /// among them. This follows the pages, so that one row with a wrong key hides no others.
    fn take_last(&mut self, connection: &Connection, open: &HashSet<Key>) -> rusqlite::Result<HashSet<Key>> {
        let sql = "SELECT case_id, step, seq, at, body, sum FROM entry ORDER BY case_id DESC, step DESC";
        let mut statement = connection.prepare(sql)?;
        let mut found = statement.query([])?;
        let (mut others, mut remembered) = (open.clone(), 0);
        let mut rows: Vec<Row> = Vec::new();
        loop {
            let next = found.next()?.map(row).transpose()?;
            if let Some(last) = rows.last() {
                if next.as_ref().is_some_and(|next| (&next.key, next.step) >= (&last.key, last.step)) {
                    return Err(inconsistent("its entries are not in their order"));
                }
                // Only now: a command whose kind is wrong is not the end.
                if last.key.0.first() < Some(&COMMAND) {
                    return Ok(others);
                }
                if next.as_ref().is_none_or(|next| next.key != last.key) {
                    remembered += usize::from(!others.remove(&last.key));
                    rows.reverse();
                    self.take(&rows);
                    rows.clear();
                }
            }
            let Some(next) = next.filter(|_| remembered < REMEMBERED) else { return Ok(others) };
            rows.push(next);
        }
    }

    /// Takes the rows of a case.
    fn take(&mut self, rows: &[Row]) {
        let mut due = 0;
        for row in rows {
            if row.step > due {
                let last = row.step.saturating_sub(1);
                self.tell(format!("{}: entries {due} to {last} are missing", row.key.words()));
            }
            due = row.step.saturating_add(1);
            match row.entry() {
                Ok(entry) => self.entries.push((row.seq, entry)),
                Err(why) => self.tell(format!("{}: entry {}: {why}", row.key.words(), row.step)),
            }
        }
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

/// What SQLite itself would say, had it noticed.
fn inconsistent(what: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}

/// How many places of damage are told one by one.
const TOLD: usize = 100;
