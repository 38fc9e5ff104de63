//! What outlasts the process: a folder that only we may read.
//!
//! It holds our login (`session.json`), how far we have heard (`progress.json`), and what matrix-sdk keeps, with the keys
//! to encrypted rooms (`sdk`). Nothing in it is encrypted again: a key would lie beside it.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use fulmar_contract::Failure;
use matrix_sdk::authentication::matrix::MatrixSession;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// The folder, in our hands alone while this lives.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    _lock: File,
}

/// How far we have heard.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// The server's word for the place up to which nothing has to be heard again.
    pub(crate) token: Option<String>,
    /// What was said before that place and could not be decrypted yet.
    pub(crate) sealed: Vec<Sealed>,
}

/// An event that could not be decrypted yet.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sealed {
    /// The room's id.
    pub(crate) room: String,
    /// The event, as it came.
    pub(crate) event: Box<RawValue>,
}

impl Store {
    /// Makes the folder if need be, and takes it.
    pub(crate) fn open(folder: &Path) -> Result<Self, Failure> {
        let unusable = |error: io::Error| unusable(folder, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(unusable)?;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).map_err(unusable)?;
        let lock = private().create(true).truncate(false).open(folder.join("lock")).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { folder: folder.to_owned(), _lock: lock }),
            Err(TryLockError::Error(error)) => Err(unusable(error)),
            // It may be another process that is about to end.
            Err(TryLockError::WouldBlock) => {
                Err(Failure::lost(format!("the store {} is used by another process or chat", folder.display())))
            }
        }
    }

    /// The folder for matrix-sdk.
    pub(crate) fn database(&self) -> PathBuf {
        self.folder.join("sdk")
    }

    /// Our login, if there is one.
    pub(crate) fn session(&self) -> Result<Option<MatrixSession>, Failure> {
        self.read(SESSION)
    }

    /// How far we have heard; nothing if it is not known.
    pub(crate) fn progress(&self) -> Result<Progress, Failure> {
        self.read(PROGRESS).map(Option::unwrap_or_default)
    }

    /// Keeps our login.
    pub(crate) fn keep_session(&self, session: &MatrixSession) -> Result<(), Failure> {
        write(&self.folder, SESSION, session).map_err(|error| unusable(&self.folder, &error))
    }

    /// Keeps how far we have heard.
    pub(crate) async fn keep_progress(&self, progress: Progress) -> Result<(), Failure> {
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, PROGRESS, &progress)).await;
        let written = written.map_err(Failure::lost)?;
        written.map_err(|error| unusable(&self.folder, &error))
    }

    /// Forgets everything: our device is no more.
    pub(crate) fn forget(&self) -> Result<(), Failure> {
        for file in [SESSION, PROGRESS] {
            gone(fs::remove_file(self.folder.join(file))).map_err(|error| unusable(&self.folder, &error))?;
        }
        gone(fs::remove_dir_all(self.database())).map_err(|error| unusable(&self.folder, &error))
    }

    fn read<T: DeserializeOwned>(&self, file: &str) -> Result<Option<T>, Failure> {
        let path = self.folder.join(file);
        match fs::read(&path) {
            Ok(content) => {
                let what =
                    |error| Failure::Misconfigured { why: format!("{} is damaged: {error}", path.display()) };
                serde_json::from_slice(&content).map(Some).map_err(what)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&path, &error)),
        }
    }
}

/// Writes a file so that after a crash it is the old one or the new one.
fn write(folder: &Path, name: &str, content: &impl Serialize) -> io::Result<()> {
    let new = folder.join(format!("{name}.new"));
    let mut file = private().create(true).truncate(true).open(&new)?;
    file.write_all(&serde_json::to_vec(content)?)?;
    file.sync_all()?;
    fs::rename(new, folder.join(name))
}

/// Options for a file that only we may read.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A disk that is full or away may come back.
fn unusable(path: &Path, error: &io::Error) -> Failure {
    let why = format!("the store {} cannot be used: {error}", path.display());
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::NotADirectory | io::ErrorKind::ReadOnlyFilesystem => {
            Failure::Misconfigured { why }
        }
        _ => Failure::Lost { why },
    }
}

const SESSION: &str = "session.json";
const PROGRESS: &str = "progress.json";

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_kept_is_there_for_the_next_and_only_for_us() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("store");
        let store = Store::open(&folder).unwrap();
        let event = RawValue::from_string("{\"type\":\"m.room.encrypted\"}".into()).unwrap();
        let sealed = vec![Sealed { room: "!r:example.org".into(), event }];

        store.keep_progress(Progress { token: Some("s1".into()), sealed }).await.unwrap();
        drop(store);

        let progress = Store::open(&folder).unwrap().progress().unwrap();
        assert_eq!(progress.token.as_deref(), Some("s1"));
        assert_eq!(progress.sealed[0].room, "!r:example.org");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&folder), mode(&folder.join(PROGRESS))), (0o700, 0o600));
    }

    #[test]
    fn one_at_a_time_has_the_store() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path()).unwrap();

        assert!(matches!(Store::open(place.path()), Err(Failure::Lost { .. })));
        drop(store);
        assert!(Store::open(place.path()).is_ok());
    }

    #[test]
    fn what_is_forgotten_is_gone() {
        let place = tempfile::tempdir().unwrap();
        let store = Store::open(place.path()).unwrap();
        fs::create_dir(store.database()).unwrap();
        fs::write(place.path().join(SESSION), "{").unwrap();
        assert!(matches!(store.session(), Err(Failure::Misconfigured { .. })));

        store.forget().unwrap();
        store.forget().unwrap();

        assert!(store.session().unwrap().is_none() && !store.database().exists());
    }
}
