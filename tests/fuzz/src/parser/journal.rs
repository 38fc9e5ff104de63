//! What stands in the journal after a crash, or in what a disk has left of it: whatever it is, it is read or passed over.

use fulmar::journal::{Dated, Ledger, legible};

use super::{Target, text};

pub(super) const TARGET: Target =
    Target { name: "journal", words: include_str!("../../words/journal.toml"), longest: 1 << 15, run };

/// After a first `[` each line is an entry, else it is a file.
fn run(input: &[u8]) {
    if input.first() == Some(&b'[') {
        let text = text(input);
        take_in(text.lines().filter_map(|line| serde_json::from_str(line).ok()));
    } else {
        take_in(legible(&file(input)));
    }
}

/// What cannot have happened changes nothing.
fn take_in(entries: impl Iterator<Item = Dated>) {
    let mut ledger = Ledger::default();
    for entry in entries {
        let before = ledger.counts();
        if ledger.record(entry.clone()).is_err() {
            assert_eq!(ledger.counts(), before, "{entry:?} is a misfit");
        }
    }
    for id in ledger.open() {
        assert!(ledger.command(id).is_some(), "{id} is open and known");
    }
}

/// A file of which [`SHARE`] bytes tell each page: SQLite writes from both ends of a page, and so does this.
fn file(input: &[u8]) -> Vec<u8> {
    let mut file = vec![0; PAGE * input.len().div_ceil(SHARE)];
    for (page, told) in file.chunks_exact_mut(PAGE).zip(input.chunks(SHARE)) {
        let cells = told.get(3..5).and_then(|count| count.try_into().ok()).map_or(0, u16::from_be_bytes);
        let head = if told.first() == Some(&LEAF) { 8 + 2 * usize::from(cells) } else { SHARE };
        let (head, rest) = told.split_at(head.min(told.len()));
        page.iter_mut().zip(head).for_each(|(byte, told)| *byte = *told);
        page.iter_mut().rev().zip(rest.iter().rev()).for_each(|(byte, told)| *byte = *told);
    }
    file
}

/// How long a page is.
const PAGE: usize = 4096;
/// What a page with rows begins with.
const LEAF: u8 = 0x0d;
const SHARE: usize = 1024;
