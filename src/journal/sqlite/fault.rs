//! What SQLite says, in words, and what it calls for.

use std::{io, path::Path};

use rusqlite::{Error, ErrorCode, ffi};

use crate::journal::{Obstacle, StoreError};

/// Why something could not be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// The file is not as SQLite left it.
    #[error("{0}")]
    Damaged(String),
    /// There is no room. There may be in a while.
    #[error(transparent)]
    Full(StoreError),
    /// The disk, or who else uses it, does not let us. It may when the file is opened again.
    #[error(transparent)]
    Hindered(StoreError),
}

impl Fault {
    /// For those who can do nothing about it.
    pub(super) fn into_error(self) -> StoreError {
        match self {
            Self::Damaged(what) => StoreError::of_disk(format!("the file is damaged ({what})")),
            Self::Full(error) | Self::Hindered(error) => error,
        }
    }

    /// What it means that a file which belongs to the one at `path` cannot be read or written.
    pub(super) fn of_disk(error: &io::Error, path: &Path) -> Self {
        Self::Hindered(StoreError::of_disk(format!("the disk does not work with {} ({error})", path.display())))
    }

    /// What `error` means that came from the file at `path`.
    pub(super) fn of(error: &Error, path: &Path) -> Self {
        let Error::SqliteFailure(ffi::Error { code, extended_code }, _) = error else {
            return Self::Damaged(error.to_string());
        };
        let file = path.display();
        let (obstacle, why) = match code {
            // A statement of ours that cannot be compiled: a table is not what it was.
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown => {
                return Self::Damaged(error.to_string());
            }
            ErrorCode::SystemIoFailure if TRUNCATED.contains(extended_code) => {
                return Self::Damaged(error.to_string());
            }
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                (Obstacle::Taken, format!("another process has {file} open; is Fulmar running already?"))
            }
            ErrorCode::DiskFull => {
                return Self::Full(StoreError::of_disk(format!("the disk with {file} is full")));
            }
            ErrorCode::ReadOnly => {
                (Obstacle::Disk, format!("{file} cannot be written to: it is read-only for us"))
            }
            // The file itself could be opened before, so it is its log that cannot.
            ErrorCode::CannotOpen => (
                Obstacle::Forbidden,
                format!("{file} cannot be opened: it and its folder must be there, and ours to write to"),
            ),
            ErrorCode::SystemIoFailure => {
                (Obstacle::Disk, format!("the disk does not work with {file} ({error})"))
            }
            _ => (Obstacle::Disk, format!("{file}: {error}")),
        };
        Self::Hindered(StoreError { why, obstacle })
    }
}

/// Less of a file is there than there was.
const TRUNCATED: [i32; 2] = [ffi::SQLITE_IOERR_SHORT_READ, ffi::SQLITE_IOERR_CORRUPTFS];
