//! What is known of a file of which only rows are left.

use rusqlite::Connection;

use super::{Row, horizon, put};

/// Has all rows read at the next start, and says in the table which are lost; says how many there are, and how many holes.
pub(in crate::journal::sqlite) fn explain(connection: &Connection) -> rusqlite::Result<(usize, usize)> {
    let sql = "SELECT seq FROM entry ORDER BY seq";
    let places: rusqlite::Result<Vec<i64>> = connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect();
    let places = places?;
    horizon::write(connection, places.first().copied().unwrap_or_default())?;
    let mut holes = 0;
    for (before, after) in places.iter().zip(places.iter().skip(1)) {
        if after - before > 1 {
            put(connection, &Row::lost(before + 1, after - 1))?;
            holes += 1;
        }
    }
    Ok((places.len(), holes))
}
