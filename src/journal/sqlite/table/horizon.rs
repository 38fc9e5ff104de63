//! From where on everything is read at a start.

use rusqlite::{Connection, OptionalExtension as _, params};
use tracing::warn;

use super::{COLUMNS, Key, Row, Tail, load::inconsistent, row};

impl Tail {
    /// Moves the horizon on when there is too much behind it.
    pub(super) fn keep_up(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let length = self.next - self.horizon;
        if length <= NEAR + FURTHER {
            return Ok(());
        }
        let carried: usize = self.open.values().map(|open| open.places.len()).sum();
        // Where nearly everything is open, to carry it all costs more than to read it.
        if length > NEAR + FURTHER + 2 * i64::try_from(carried).unwrap_or(i64::MAX / 4) {
            self.advance(connection, self.next - NEAR)?;
        }
        Ok(())
    }

    /// Moves the horizon to `to`, if that is further on. What is open is carried over it.
    pub(super) fn advance(&mut self, connection: &Connection, to: i64) -> rusqlite::Result<()> {
        if to <= self.horizon {
            return Ok(());
        }
        let mut before: Vec<(i64, Key)> = self.open.iter().map(|(key, open)| (open.since, key.clone())).collect();
        before.retain(|(since, _)| *since < to);
        before.sort_unstable_by_key(|(since, _)| *since);
        for (_, key) in before {
            self.carry(connection, &key)?;
        }
        write(connection, to)?;
        self.horizon = to;
        Ok(())
    }

    /// Writes the entries of an open case again, at the end: there it begins now.
    pub(super) fn carry(&mut self, connection: &Connection, key: &Key) -> rusqlite::Result<()> {
        let Some(open) = self.open.remove(key) else { return Ok(()) };
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE seq = ?1");
        let mut statement = connection.prepare_cached(&sql)?;
        let since = self.next;
        for place in open.places {
            let found = statement.query_row([place], row)?;
            if !found.is_sound() {
                warn!(case = key.words(), seq = place, "an entry of the journal is not sound and is left behind");
                continue;
            }
            let mut row = Row { seq: self.next, since, open: 1, ..found };
            row.seal();
            super::put(connection, &row)?;
            self.note(row);
        }
        Ok(())
    }
}

/// Where the horizon is.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<i64> {
    let read = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    let found: Option<(i64, i64)> = connection.query_row("SELECT seq, sum FROM horizon", [], read).optional()?;
    match found {
        None => Ok(0),
        Some((seq, due)) if sum(seq) == due => Ok(seq),
        Some(_) => Err(inconsistent("its horizon is not as it was written")),
    }
}

/// Writes where the horizon is.
pub(super) fn write(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM horizon", [])?;
    connection.execute("INSERT INTO horizon (seq, sum) VALUES (?1, ?2)", params![seq, sum(seq)]).map(drop)
}

fn sum(seq: i64) -> i64 {
    i64::from(crc32fast::hash(&seq.to_le_bytes()))
}

/// How many rows at least are read at a start: about those of the last [`crate::journal::REMEMBERED`] commands, with six each.
const NEAR: i64 = 60_000;

/// How many more it may be before the horizon moves on.
const FURTHER: i64 = 12_000;
