//! The old cases that nobody needs any more.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};

use super::Key;
use crate::journal::sqlite::row::{COMMAND, DELIVERY};

/// A way through the closed cases in which nothing has happened for long, in steps that keep no write waiting for long.
#[derive(Debug)]
pub(in crate::journal::sqlite) struct Sweep {
    before: Timestamp,
    /// The kinds of cases still to be looked at.
    kinds: Vec<u8>,
    /// The case that was looked at last.
    last: Key,
}

impl Sweep {
    /// One that forgets cases in which nothing has happened since `before`.
    pub(in crate::journal::sqlite) fn new(before: Timestamp) -> Self {
        Self { before, kinds: vec![DELIVERY], last: Key(vec![COMMAND]) }
    }

    /// Looks at some cases; whether there may be more.
    pub(in crate::journal::sqlite) fn go_on(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let mut rows = 0;
        for _ in 0..CASES {
            if rows >= ROWS {
                break;
            }
            let Some(key) = self.next(connection)? else {
                let Some(kind) = self.kinds.pop() else { return Ok(false) };
                self.last = Key(vec![kind]);
                continue;
            };
            if is_over(connection, &key, self.before)? {
                rows += connection.prepare_cached("DELETE FROM entry WHERE case_id = ?1")?.execute([&key.0])?;
            }
            self.last = key;
        }
        Ok(true)
    }

    /// The next case of the present kind that began long enough ago.
    fn next(&self, connection: &Connection) -> rusqlite::Result<Option<Key>> {
        let kind = self.last.0.first().copied().unwrap_or(COMMAND);
        let sql = "SELECT min(case_id) FROM entry WHERE case_id > ?1 AND case_id < ?2";
        let end = Key::begun(kind, self.before);
        let found: Option<Vec<u8>> =
            connection.prepare_cached(sql)?.query_row((&self.last.0, &end.0), |row| row.get(0))?;
        Ok(found.map(Key).filter(|found| *found > self.last))
    }
}

/// Whether a case is closed and nothing has happened in it since `before`.
fn is_over(connection: &Connection, key: &Key, before: Timestamp) -> rusqlite::Result<bool> {
    let open = "SELECT 1 FROM open WHERE case_id = ?1";
    if connection.prepare_cached(open)?.exists([&key.0])? {
        return Ok(false);
    }
    let last = "SELECT at FROM entry WHERE case_id = ?1 ORDER BY step DESC LIMIT 1";
    let last = connection.prepare_cached(last)?.query_row([&key.0], |row| row.get::<_, i64>(0)).optional()?;
    Ok(last.is_some_and(|at| at < before.as_microsecond()))
}

/// How many rows are deleted at a time, more or less.
const ROWS: usize = 1_000;

/// How many cases are looked at at a time.
const CASES: usize = 1_000;
