//! What is done to the tables `entry`, which has all entries by case, and `open`, which names the open cases.

mod forget;
mod load;
mod save;

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension as _, params};
use tracing::{error, warn};

pub(super) use self::{
    forget::Sweep,
    load::load,
    save::{find_open, save},
};
use super::row::{Key, Row};
use crate::journal::{Case, Change, Dated};

/// Where to go on writing.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The place of the next entry among all.
    seq: i64,
    /// The next place in those cases that are open, as far as it is known without a look into the file.
    steps: HashMap<Key, i64>,
}

impl Tail {
    /// To be called when a transaction was rolled back.
    pub(super) fn forget_steps(&mut self) {
        self.steps.clear();
    }

    fn next_seq(&mut self) -> i64 {
        let seq = self.seq;
        self.seq = seq.saturating_add(1);
        seq
    }
}

/// Makes changes.
pub(super) fn make(connection: &Connection, changes: &[Change], tail: &mut Tail) -> rusqlite::Result<()> {
    for change in changes {
        match change {
            Change::Append { case, entry, open } => append(connection, Key::of(case), entry, *open, tail)?,
            Change::Replace(case, entries) => replace(connection, Key::of(case), entries, tail)?,
            Change::Close(case) => close(connection, &Key::of(case), tail)?,
        }
    }
    Ok(())
}

/// The entries of a case, oldest first.
pub(super) fn history(connection: &Connection, case: &Case) -> rusqlite::Result<Vec<Dated>> {
    let key = Key::of(case);
    let mut entries = Vec::new();
    for row in rows(connection, &key)? {
        match row.entry() {
            Ok(entry) => entries.push(entry),
            Err(why) => warn!(case = key.words(), step = row.step, %why, "an entry of the journal is passed over"),
        }
    }
    Ok(entries)
}

fn append(connection: &Connection, key: Key, entry: &Dated, open: bool, tail: &mut Tail) -> rusqlite::Result<()> {
    let known = tail.steps.get(&key).copied();
    let step = match known {
        Some(step) => step,
        None => next_step(connection, &key)?,
    };
    let key = insert(connection, key, step, entry, tail)?;
    match (open, known) {
        (false, _) => return close(connection, &key, tail),
        (true, None) => note_open(connection, &key)?,
        (true, Some(_)) => {}
    }
    tail.steps.insert(key, step.saturating_add(1));
    Ok(())
}

fn replace(connection: &Connection, key: Key, entries: &[Dated], tail: &mut Tail) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM entry WHERE case_id = ?1")?.execute([&key.0])?;
    if !entries.is_empty() {
        note_open(connection, &key)?;
    }
    let mut key = key;
    let mut next = 0;
    for entry in entries {
        key = insert(connection, key, next, entry, tail)?;
        next += 1;
    }
    tail.steps.insert(key, next);
    Ok(())
}

fn close(connection: &Connection, key: &Key, tail: &mut Tail) -> rusqlite::Result<()> {
    tail.steps.remove(key);
    connection.prepare_cached("DELETE FROM open WHERE case_id = ?1")?.execute([&key.0]).map(drop)
}

fn note_open(connection: &Connection, key: &Key) -> rusqlite::Result<()> {
    connection.prepare_cached("INSERT OR IGNORE INTO open (case_id) VALUES (?1)")?.execute([&key.0]).map(drop)
}

fn insert(connection: &Connection, key: Key, step: i64, entry: &Dated, tail: &mut Tail) -> rusqlite::Result<Key> {
    match Row::new(key.clone(), step, tail.next_seq(), entry) {
        Ok(row) => put(connection, &row)?,
        Err(error) => error!(%error, case = key.words(), "an entry cannot be written and is left out"),
    }
    Ok(key)
}

/// Writes a row. One that stands in its place is not sound, or it would have been counted.
fn put(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO entry (case_id, step, seq, at, body, sum) \
               VALUES (?1, ?2, ?3, ?4, CAST(?5 AS TEXT), ?6)";
    let values = params![row.key.0, row.step, row.seq, row.at, row.body, row.sum];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

fn next_step(connection: &Connection, key: &Key) -> rusqlite::Result<i64> {
    let sql = "SELECT step FROM entry WHERE case_id = ?1 ORDER BY step DESC LIMIT 1";
    let last = connection.prepare_cached(sql)?.query_row([&key.0], |row| row.get::<_, i64>(0)).optional()?;
    Ok(last.map_or(0, |step| step.saturating_add(1)))
}

/// The rows of a case.
fn rows(connection: &Connection, key: &Key) -> rusqlite::Result<Vec<Row>> {
    let sql = "SELECT case_id, step, seq, at, body, sum FROM entry WHERE case_id = ?1 ORDER BY step";
    connection.prepare_cached(sql)?.query_map([&key.0], row)?.collect()
}

/// A row. One whose columns are not even of their types says that more is wrong than that row.
fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    let bytes = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_bytes()?.to_vec());
    let (step, seq, at, sum) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(5)?);
    Ok(Row { key: Key(bytes(0)?), step, seq, at, body: bytes(4)?, sum })
}
