//! What is done to the table `entry`, which is a log: every row goes to its end, and is read from the horizon on, before
//! which there is nothing of an open case.

mod forget;
mod horizon;
mod load;
mod save;
mod search;

use std::collections::HashMap;

use rusqlite::{
    Connection, OptionalExtension as _, params,
    types::{ToSqlOutput, ValueRef},
};
use tracing::error;

pub(super) use self::{forget::Sweep, load::load, save::explain, search::Search};
use super::row::{Key, Row};
use crate::journal::{Case, Change, Dated, Entry};

/// Where to go on writing, and what of the table must stay behind the horizon.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The place of the next row.
    next: i64,
    /// From where on everything is read at a start.
    horizon: i64,
    /// The cases that are open.
    open: HashMap<Key, Open>,
}

/// Where the rows of an open case are.
#[derive(Debug)]
struct Open {
    /// Where the case begins.
    since: i64,
    places: Vec<i64>,
}

/// Makes changes.
pub(super) fn make(connection: &Connection, changes: &[Change], tail: &mut Tail) -> rusqlite::Result<()> {
    for changes in changes.chunk_by(is_one_row) {
        match changes {
            [Change::Replace(case, entries)] => tail.replace(connection, &Key::of(case), entries)?,
            [Change::Close(case)] => drop(tail.open.remove(&Key::of(case))),
            appended => tail.append(connection, appended)?,
        }
    }
    tail.keep_up(connection)
}

/// Whether two changes are entries of one case that happened at once.
fn is_one_row(one: &Change, next: &Change) -> bool {
    match (one, next) {
        (Change::Append { case, entry: (at, _), .. }, Change::Append { case: other, entry: (then, _), .. }) => {
            at == then && case == other
        }
        _ => false,
    }
}

impl Tail {
    /// Writes one row of entries that belong together.
    fn append(&mut self, connection: &Connection, appended: &[Change]) -> rusqlite::Result<()> {
        let [Change::Append { case, entry: (at, first), .. }, ..] = appended else { return Ok(()) };
        let parts = appended.iter().filter_map(|change| match change {
            Change::Append { entry: (_, entry), open, .. } => Some((entry, *open)),
            Change::Close(_) | Change::Replace(..) => None,
        });
        let (entries, open): (Vec<&Entry>, Vec<bool>) = parts.unzip();
        let key = Key::of(case);
        if !self.open.contains_key(&key) && !begins(case, first) {
            let found = Open::find(connection, &key)?;
            self.open.extend(found.map(|found| (key.clone(), found)));
        }
        let since = self.open.get(&key).map_or(self.next, |open| open.since);
        match Row::new(self.next, key, since, open.last() == Some(&true), *at, &entries) {
            Ok(row) => self.put(connection, row),
            Err(error) => {
                error!(%error, ?case, "entries cannot be written and are left out");
                Ok(())
            }
        }
    }

    /// The first of the rows says that those before do not count any more.
    fn replace(&mut self, connection: &Connection, key: &Key, entries: &[Dated]) -> rusqlite::Result<()> {
        let since = self.next;
        for (at, entry) in entries {
            match Row::new(self.next, key.clone(), since, true, *at, &[entry]) {
                Ok(row) => self.put(connection, row)?,
                Err(error) => error!(%error, "an entry cannot be written and is left out"),
            }
        }
        Ok(())
    }

    /// Writes a row, which is the next one.
    fn put(&mut self, connection: &Connection, row: Row) -> rusqlite::Result<()> {
        put(connection, &row)?;
        let is_out_of_sight = row.open != 0 && row.since < self.horizon;
        let key = is_out_of_sight.then(|| row.key.clone());
        self.note(row);
        // It was over, and begins where nothing is read any more.
        key.map_or(Ok(()), |key| self.carry(connection, &key))
    }

    /// Takes note of the last row.
    fn note(&mut self, row: Row) {
        self.next = row.seq.saturating_add(1);
        if row.open == 0 {
            self.open.remove(&row.key);
            return;
        }
        let open = self.open.entry(row.key).or_insert(Open { since: row.since, places: Vec::new() });
        if open.since < row.since {
            *open = Open { since: row.since, places: Vec::new() };
        }
        open.places.push(row.seq);
    }

    /// Finds the rows of cases that were over in between.
    fn complete(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let incomplete = self.open.iter_mut().filter(|(_, open)| open.places.first() != Some(&open.since));
        for (key, open) in incomplete {
            open.places = places(connection, key, open.since)?;
        }
        Ok(())
    }
}

impl Open {
    /// Looks for a case in the table.
    fn find(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Self>> {
        let sql = "SELECT since FROM entry WHERE case_id = ?1 ORDER BY seq DESC LIMIT 1";
        let since = connection.prepare_cached(sql)?.query_row([&key.0], |row| row.get(0)).optional()?;
        since.map(|since| Ok(Self { since, places: places(connection, key, since)? })).transpose()
    }
}

/// Whether an entry is the first of its case, if it is not known that there are others.
const fn begins(case: &Case, entry: &Entry) -> bool {
    match case {
        Case::Command(_) => matches!(entry, Entry::Received(_)),
        Case::Chat(_) | Case::Delivery(_) | Case::Watch(_) => true,
    }
}

fn places(connection: &Connection, key: &Key, since: i64) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT seq FROM entry WHERE seq >= ?1 AND case_id = ?2 ORDER BY seq";
    connection.prepare_cached(sql)?.query_map(params![since, key.0], |row| row.get(0))?.collect()
}

/// Writes a row, if there is another in its place then over that.
pub(super) fn put(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO entry (seq, case_id, since, open, at, body, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let body = ToSqlOutput::Borrowed(ValueRef::Text(&row.body));
    let values = params![row.seq, row.key.0, row.since, row.open, row.at, body, row.sum];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// The place of the oldest row.
fn first(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    connection.query_row("SELECT min(seq) FROM entry", [], |row| row.get(0))
}

/// A row. One whose columns are not even of their types says that more is wrong than that row.
fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let bytes = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_bytes()?.to_vec());
    let (since, open, at, sum) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(6)?);
    Ok(Row { seq: row.get(0)?, key: Key(bytes(1)?), since, open, at, body: bytes(5)?, sum })
}

/// What [`row`] reads.
const COLUMNS: &str = "seq, case_id, since, open, at, body, sum";
