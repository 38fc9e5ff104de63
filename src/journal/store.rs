//! Where entries are kept.

use super::entry::Dated;

/// Keeps entries beyond the process.
pub trait Store {
    /// Keeps an entry. When it returns, the entry will be among those of [`Store::load`].
    ///
    /// # Errors
    /// When it could not be kept: the entry has then not happened.
    fn keep(&mut self, entry: &Dated) -> Result<(), StoreError>;

    /// All entries kept so far, oldest first. Called once, before anything is kept.
    ///
    /// # Errors
    /// When they cannot be read at all.
    fn load(&mut self) -> Result<Vec<Dated>, StoreError>;
}

/// Why an entry could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[error("journal: {0}")]
pub struct StoreError(pub String);

/// Keeps nothing: what is known ends with the process.
#[derive(Debug, Default)]
pub struct Memory;

impl Store for Memory {
    fn keep(&mut self, _: &Dated) -> Result<(), StoreError> {
        Ok(())
    }

    fn load(&mut self) -> Result<Vec<Dated>, StoreError> {
        Ok(Vec::new())
    }
}
