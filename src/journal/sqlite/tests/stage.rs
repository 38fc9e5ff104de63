//! Where stores are tried.

use std::{fs, path::PathBuf};

use fulmar_contract::{Identity, Mention, MessageId, RoomId};
use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use super::*;
use crate::journal::{Command, CommandId, CommandState, Entry, Results, Route};

/// A folder with a file in it.
pub(super) struct Stage {
    folder: TempDir,
}

impl Stage {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub(super) fn open(&self) -> Sqlite {
        Sqlite::open(self.path(), |_| {}).unwrap()
    }

    /// What a fresh store loads.
    pub(super) fn loaded(&self) -> Loaded {
        self.open().load().unwrap()
    }

    /// Has these changes written, and the store closed.
    pub(super) fn keep(&self, changes: &[Change]) {
        kept(self.open().write(changes.to_vec(), Assurance::Synced));
    }

    /// Has the file changed by somebody else.
    pub(super) fn change(&self, sql: &str) {
        Connection::open(self.path()).unwrap().execute_batch(sql).unwrap();
    }

    /// What somebody else finds in the file.
    pub(super) fn number(&self, sql: &str) -> i64 {
        Connection::open(self.path()).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The other files in the folder, by name.
    pub(super) fn others(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().file_name());
        let names = names.map(|name| name.into_string().unwrap()).filter(|name| name != "journal.db");
        names.collect()
    }
}

/// Waits until it is known how a write went.
pub(super) fn asked(written: Written) -> Result<(), StoreError> {
    written.blocking_recv().unwrap()
}

/// Waits until something is written.
pub(super) fn kept(written: Written) {
    asked(written).unwrap();
}

/// The entries of command `number`.
pub(super) fn history(store: &Sqlite, number: i64) -> Vec<Dated> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.history(case(number))).unwrap()
}

/// The time of the entry that is number `number` of all.
pub(super) fn at(number: i64) -> Timestamp {
    Timestamp::from_microsecond(1_700_000_000_000_000 + number).unwrap()
}

/// The command that is number `number` of all, which began then.
pub(super) fn id(number: i64) -> CommandId {
    let time = u128::try_from(at(number * 1_000_000).as_millisecond()).unwrap();
    CommandId(Uuid::from_u128(time << 80 | 7 << 76 | 2 << 62 | u128::from(number.unsigned_abs())))
}

pub(super) fn case(number: i64) -> Case {
    Case::Command(id(number))
}

/// A command is given: number `number` of all.
pub(super) fn received(number: i64) -> Change {
    let command = Command {
        id: id(number),
        message: MessageId::new(number.to_string()),
        stackstorm: "default".into(),
        route: Route { chat: "mem".into(), room: RoomId::new("ops"), thread: None },
        direct: None,
        author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
        text: "run date".into(),
        alias: "examples.run".into(),
        results: Results::Direct,
    };
    Change::Append { case: case(number), entry: (at(number * 10), Entry::Received(command)), open: true }
}

/// Command `number` has come further.
pub(super) fn advanced(number: i64, state: CommandState) -> Change {
    let (after, open) = match state {
        CommandState::Authorised => (1, true),
        CommandState::Submitting => (2, true),
        CommandState::Refused { .. } => (3, false),
        _ => (3, true),
    };
    let entry = (at(number * 10 + after), Entry::Advanced(id(number), state));
    Change::Append { case: case(number), entry, open }
}

/// Changes that happen at once, at the time of the first.
pub(super) fn at_once<const N: usize>(mut changes: [Change; N]) -> [Change; N] {
    let first = dated(&changes)[0].0;
    for change in &mut changes {
        if let Change::Append { entry, .. } = change {
            entry.0 = first;
        }
    }
    changes
}

/// A command may be run.
pub(super) const AUTHORISED: CommandState = CommandState::Authorised;

/// Command `number` is over.
pub(super) fn refused(number: i64) -> Change {
    advanced(number, CommandState::Refused { why: "no".into() })
}

/// The entries that changes add.
pub(super) fn dated(changes: &[Change]) -> Vec<Dated> {
    let entries = changes.iter().flat_map(|change| match change {
        Change::Append { entry, .. } => vec![entry.clone()],
        Change::Replace(_, entries) => entries.clone(),
        Change::Close(_) => Vec::new(),
    });
    entries.collect()
}

/// Command `number` is authorised, with more words than fit on a page.
pub(super) fn long(number: i64) -> Change {
    let state = CommandState::Unknown { why: "no ".repeat(2_000), result: Value::Null };
    Change::Append {
        case: case(number),
        entry: (at(number * 10 + 1), Entry::Advanced(id(number), state)),
        open: true,
    }
}

/// The first entries of command `number`, which are one row.
pub(super) fn begun(number: i64) -> [Change; 3] {
    let advanced = |state| advanced(number, state);
    at_once([received(number), advanced(AUTHORISED), advanced(CommandState::Submitting)])
}

/// Four entries of command `number` in two rows, as a command usually has them, about.
pub(super) fn whole(number: i64, is_over: bool) -> impl Iterator<Item = Change> {
    let last = if is_over { refused(number) } else { advanced(number, CommandState::Submitted) };
    begun(number).into_iter().chain([last])
}
