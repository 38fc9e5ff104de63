//! The entries of one case.

use rusqlite::{Connection, params};
use tracing::warn;

use super::{COLUMNS, row};
use crate::journal::{Case, Dated, sqlite::row::Key};

/// A way from the end of the table to where a case begins, in steps that keep no write waiting for long.
#[derive(Debug)]
pub(in crate::journal::sqlite) struct Search {
    key: Key,
    /// All from here on is looked at.
    end: i64,
    /// Where the case begins, once that is known.
    since: Option<i64>,
    /// The youngest first.
    found: Vec<Dated>,
}

impl Search {
    /// One for the entries of `case`.
    pub(in crate::journal::sqlite) fn new(case: &Case) -> Self {
        Self { key: Key::of(case), end: i64::MAX, since: None, found: Vec::new() }
    }

    /// Goes on; whether there may be more to find.
    pub(in crate::journal::sqlite) fn go_on(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let last: Option<i64> = connection.query_row("SELECT max(seq) FROM entry", [], |row| row.get(0))?;
        let Some((first, last)) = super::first(connection)?.zip(last) else { return Ok(false) };
        let end = self.end.min(last.saturating_add(1));
        let begin = end.saturating_sub(LOOKED_AT).max(self.since.unwrap_or(first));
        let sql =
            format!("SELECT {COLUMNS} FROM entry WHERE seq >= ?1 AND seq < ?2 AND case_id = ?3 ORDER BY seq DESC");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![begin, end, self.key.0])?;
        while let Some(row) = rows.next()?.map(row).transpose()? {
            if self.since.is_some_and(|since| row.seq < since) {
                break;
            }
            match row.entries() {
                Ok(entries) => {
                    self.since = Some(row.since);
                    self.found.extend(entries.into_iter().rev());
                }
                Err(why) => {
                    warn!(case = self.key.words(), seq = row.seq, %why, "an entry of the journal is passed over");
                }
            }
        }
        self.end = begin;
        Ok(begin > self.since.unwrap_or(first).max(first))
    }

    /// What was found, oldest first.
    pub(in crate::journal::sqlite) fn found(mut self) -> Vec<Dated> {
        self.found.reverse();
        self.found
    }
}

/// How many entries are looked at at a time.
const LOOKED_AT: i64 = 10_000;
