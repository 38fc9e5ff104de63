//! What is known at a start.

use std::collections::HashMap;

use rusqlite::{Connection, Error, ffi};

use super::{COLUMNS, Key, Row, Tail, horizon, row};
use crate::journal::{Dated, Loaded};

/// Reads what is behind the horizon.
pub(in crate::journal::sqlite) fn load(connection: &Connection) -> rusqlite::Result<(Loaded, Tail)> {
    let mut loading = Loading::default();
    let tail = Tail::read(connection, |horizon, row| loading.take(horizon, row))?;
    let open = tail.open.keys().filter_map(Key::case).collect();
    let (entries, damage) = loading.done();
    Ok((Loaded { entries, open, damage }, tail))
}

impl Tail {
    /// Finds out where to go on; `take` learns of the horizon and each row behind it.
    pub(in crate::journal::sqlite) fn read(
        connection: &Connection,
        mut take: impl FnMut(i64, &Row),
    ) -> rusqlite::Result<Self> {
        let horizon = horizon::read(connection)?;
        let mut tail = Self { next: horizon, horizon, ..Self::default() };
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE seq >= ?1 ORDER BY seq");
        let mut statement = connection.prepare(&sql)?;
        let mut found = statement.query([horizon])?;
        while let Some(row) = found.next()?.map(row).transpose()? {
            let first = if row.is_lost() { row.since } else { row.seq };
            if first < tail.next {
                return Err(inconsistent("its entries are not in their order"));
            }
            if first > tail.next {
                return Err(inconsistent(&missing(tail.next, first.saturating_sub(1))));
            }
            take(horizon, &row);
            if row.is_sound() && !row.is_lost() && row.since >= horizon {
                tail.note(row);
            } else {
                tail.next = row.seq.saturating_add(1);
            }
        }
        tail.complete(connection)?;
        Ok(tail)
    }
}

/// What is read so far.
#[derive(Default)]
struct Loading {
    rows: Vec<(Key, i64, Vec<Dated>)>,
    /// Where cases begin.
    since: HashMap<Key, i64>,
    damage: Vec<String>,
    /// How much more damage there is than can be told.
    untold: usize,
}

impl Loading {
    fn take(&mut self, horizon: i64, row: &Row) {
        if row.is_lost() {
            return self.tell(missing(row.since, row.seq));
        }
        match row.entries() {
            // The end of a case that was over when the horizon was moved, or soon after.
            Ok(_) if row.since < horizon => {}
            Ok(entries) => {
                self.since.insert(row.key.clone(), row.since);
                self.rows.push((row.key.clone(), row.seq, entries));
            }
            Err(why) => self.tell(format!("{}: entry {}: {why}", row.key.words(), row.seq)),
        }
    }

    fn tell(&mut self, damage: String) {
        if self.damage.len() < TOLD {
            self.damage.push(damage);
        } else {
            self.untold += 1;
        }
    }

    fn done(mut self) -> (Vec<Dated>, Vec<String>) {
        if self.untold > 0 {
            self.damage.push(format!("and {} more like that", self.untold));
        }
        let since = self.since;
        self.rows.retain(|(key, seq, _)| since.get(key).is_none_or(|since| seq >= since));
        (self.rows.into_iter().flat_map(|(.., entries)| entries).collect(), self.damage)
    }
}

fn missing(first: i64, last: i64) -> String {
    format!("entries {first} to {last} are missing")
}

/// What SQLite itself would say, had it noticed.
pub(super) fn inconsistent(what: &str) -> Error {
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT), Some(what.to_owned()))
}

/// How many places of damage are told one by one.
const TOLD: usize = 100;
