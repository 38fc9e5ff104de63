//! What is known of a file of which only rows are left.

use rusqlite::{Connection, params};

use super::{Key, note_open, rows};
use crate::journal::{Ledger, sqlite::row::Row};

/// Keeps a row, unless there is a newer one in its place.
pub(in crate::journal::sqlite) fn save(connection: &Connection, row: &Row) -> rusqlite::Result<()> {
    let sql = "INSERT INTO entry (case_id, step, seq, at, body, sum) VALUES (?1, ?2, ?3, ?4, CAST(?5 AS TEXT), ?6) \
               ON CONFLICT (case_id, step) DO UPDATE \
               SET seq = excluded.seq, at = excluded.at, body = excluded.body, sum = excluded.sum \
               WHERE excluded.seq > entry.seq";
    let values = params![row.key.0, row.step, row.seq, row.at, row.body, row.sum];
    connection.prepare_cached(sql)?.execute(values).map(drop)
}

/// Names all cases that are open, as far as their entries tell; says how many entries there are.
pub(in crate::journal::sqlite) fn find_open(connection: &Connection) -> rusqlite::Result<usize> {
    let mut statement = connection.prepare("SELECT min(case_id) FROM entry WHERE case_id > ?1")?;
    let mut last = Key(Vec::new());
    let mut entries = 0;
    while let Some(key) = statement.query_row([&last.0], |row| row.get::<_, Option<Vec<u8>>>(0))?.map(Key) {
        let rows = rows(connection, &key)?;
        entries += rows.len();
        if may_be_open(&key, &rows) {
            note_open(connection, &key)?;
        }
        last = key;
    }
    Ok(entries)
}

/// Whether more may happen in a case: so it is, too, if its entries do not follow from each other.
fn may_be_open(key: &Key, rows: &[Row]) -> bool {
    let Some(case) = key.case() else { return false };
    let mut ledger = Ledger::default();
    let follows = |row: &Row| row.entry().is_ok_and(|entry| ledger.apply(entry).is_ok());
    !rows.iter().all(follows) || ledger.is_open(&case)
}
