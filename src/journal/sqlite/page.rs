//! SQLite's pages, as sections 1.6 and 2 of <https://www.sqlite.org/fileformat2.html> have them: just as much as it takes to
//! find our rows without SQLite's help.

use std::collections::HashSet;

use super::row::{Key, Row};

/// Every row of ours that a page holds. `overflow` finds the page on which a long row goes on.
pub(super) fn rows(page: &[u8], overflow: &impl Fn(u32) -> Option<Vec<u8>>) -> Vec<Row> {
    if page.first() != Some(&LEAF) {
        return Vec::new();
    }
    let count = usize::from(short(page, 3)).min(PAGE / 2);
    let places = (0..count).map(|cell| usize::from(short(page, 8 + 2 * cell)));
    let rows = places.filter_map(|place| {
        let (length, cell) = number(page.get(place..)?)?;
        let (seq, cell) = number(cell)?;
        row(seq.cast_signed(), &payload(length, cell, overflow)?)
    });
    rows.filter(Row::is_sound).collect()
}

/// The record of this length at the beginning of `cell`.
fn payload(length: u64, cell: &[u8], overflow: &impl Fn(u32) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let length = usize::try_from(length).ok().filter(|length| *length <= LONGEST)?;
    if length <= LOCAL_AT_MOST {
        return cell.get(..length).map(<[u8]>::to_vec);
    }
    let local = LOCAL_AT_LEAST + (length - LOCAL_AT_LEAST) % (PAGE - 4);
    let local = if local <= LOCAL_AT_MOST { local } else { LOCAL_AT_LEAST };
    let mut payload = cell.get(..local)?.to_vec();
    let mut next = word(cell.get(local..)?, 0);
    let mut passed = HashSet::new();
    while payload.len() < length {
        // Where pages lead to each other, there is no end.
        let page = overflow(next).filter(|_| passed.insert(next))?;
        let rest = page.get(4..)?;
        payload.extend_from_slice(rest.get(..rest.len().min(length - payload.len()))?);
        next = word(&page, 0);
    }
    Some(payload)
}

/// The row in a record of the table `entry`, which holds nothing in the place of `seq`.
fn row(seq: i64, record: &[u8]) -> Option<Row> {
    let (head, after) = number(record)?;
    let head = usize::try_from(head).ok()?;
    let mut kinds = after.get(..head.checked_sub(record.len() - after.len())?)?;
    let mut body = record.get(head..)?;
    let mut column = || {
        let (kind, others) = number(kinds)?;
        kinds = others;
        let value;
        (value, body) = body.split_at_checked(width(kind)?)?;
        Some((kind, value))
    };
    let (0, _) = column()? else { return None };
    let key = Key(column()?.1.to_vec());
    let (since, open, at) = (integer(column()?)?, integer(column()?)?, integer(column()?)?);
    let text = column()?.1.to_vec();
    Some(Row { seq, key, since, open, at, body: text, sum: integer(column()?)? })
}

/// How many bytes a value of this kind takes.
fn width(kind: u64) -> Option<usize> {
    match kind {
        0 | 8 | 9 => Some(0),
        1..=4 => usize::try_from(kind).ok(),
        5 => Some(6),
        6 | 7 => Some(8),
        10 | 11 => None,
        _ => usize::try_from((kind - 12) / 2).ok(),
    }
}

fn integer((kind, bytes): (u64, &[u8])) -> Option<i64> {
    match kind {
        8 => Some(0),
        9 => Some(1),
        1..=6 => {
            let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
            let start = if negative { -1 } else { 0 };
            Some(bytes.iter().fold(start, |value, byte| value << 8 | i64::from(*byte)))
        }
        _ => None,
    }
}

/// A number of variable length, and what comes after it.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, byte) in bytes.iter().enumerate().take(9) {
        if place == 8 {
            return Some((value << 8 | u64::from(*byte), bytes.get(9..)?));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, bytes.get(place + 1..)?));
        }
    }
    None
}

/// Four bytes as a number; nought beyond the end.
pub(super) fn word(bytes: &[u8], place: usize) -> u32 {
    let word = bytes.get(place..).and_then(<[u8]>::first_chunk);
    word.map_or(0, |word| u32::from_be_bytes(*word))
}

fn short(bytes: &[u8], place: usize) -> u16 {
    let short = bytes.get(place..).and_then(<[u8]>::first_chunk);
    short.map_or(0, |short| u16::from_be_bytes(*short))
}

/// How long a page is in the files that we make.
pub(super) const PAGE: usize = 4096;

/// A page with rows of a table.
const LEAF: u8 = 0x0d;

/// A longer record goes on elsewhere.
const LOCAL_AT_MOST: usize = PAGE - 35;

/// So much of it stays.
const LOCAL_AT_LEAST: usize = (PAGE - 12) * 32 / 255 - 23;

/// A record that says it is longer is none of ours.
const LONGEST: usize = 64 << 20;
