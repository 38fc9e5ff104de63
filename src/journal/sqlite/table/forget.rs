//! What nobody needs any more.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::Tail;

/// A way through the oldest entries, in steps that keep no write waiting for long. It ends at the first that is younger
/// than asked for: if the clock was wrong then, those behind it stay until that one is old, too.
#[derive(Debug)]
pub(in crate::journal::sqlite) struct Sweep {
    before: Timestamp,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Begin,
    /// All before `from` is old; from `end` on it was written meanwhile.
    Look {
        from: i64,
        end: i64,
    },
    /// All before this place goes.
    Delete(i64),
}

impl Sweep {
    /// One that forgets what has been over since `before`.
    pub(in crate::journal::sqlite) const fn new(before: Timestamp) -> Self {
        Self { before, step: Step::Begin }
    }

    /// Goes on; whether there may be more to do.
    pub(in crate::journal::sqlite) fn go_on(
        &mut self,
        connection: &Connection,
        tail: &mut Tail,
    ) -> rusqlite::Result<bool> {
        self.step = match self.step {
            Step::Begin => Step::Look { from: super::first(connection)?.unwrap_or(tail.next), end: tail.next },
            Step::Look { from, end } => {
                let to = from.saturating_add(LOOKED_AT).min(end);
                let sql = "SELECT seq FROM entry WHERE seq >= ?1 AND seq < ?2 AND at >= ?3 ORDER BY seq LIMIT 1";
                let values = params![from, to, self.before.as_microsecond()];
                let young = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0)).optional()?;
                if young.is_none() && to < end {
                    Step::Look { from: to, end }
                } else {
                    let before = young.unwrap_or(end);
                    tail.advance(connection, before)?;
                    Step::Delete(before)
                }
            }
            Step::Delete(before) => {
                let Some(first) = super::first(connection)?.filter(|first| *first < before) else {
                    return Ok(false);
                };
                let to = first.saturating_add(DELETED).min(before);
                connection.prepare_cached("DELETE FROM entry WHERE seq < ?1")?.execute([to])?;
                Step::Delete(before)
            }
        };
        Ok(true)
    }
}

/// How many entries are looked at at a time.
const LOOKED_AT: i64 = 10_000;

/// How many are deleted at a time.
const DELETED: i64 = 1_000;
