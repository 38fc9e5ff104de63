//! Where entries are kept.

use std::{future::Future, pin::Pin};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::entry::{Assurance, CommandId, Dated, DeliveryId};

/// Whose an entry is. What is of one case is loaded together, shown together and forgotten together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Case {
    /// That of what is heard in one chat.
    Chat(String),
    /// A command's, with its executions and their deliveries.
    Command(CommandId),
    /// A delivery's that belongs to no command.
    Delivery(DeliveryId),
    /// That of what one StackStorm announces.
    Watch(String),
}

/// What is to be done to what is kept.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "nearly all are entries")]
pub enum Change {
    /// One entry more.
    Append {
        /// Whose it is.
        case: Case,
        /// The entry.
        entry: Dated,
        /// Whether more is to happen in its case: if not, it is not loaded any more, and forgotten in time.
        open: bool,
    },
    /// These, which are not none, in the place of all entries of a case, which stays open.
    Replace(Case, Vec<Dated>),
    /// Nothing more happens in a case: it is not loaded for ever.
    Close(Case),
}

/// What a store held.
#[derive(Debug, Default)]
pub struct Loaded {
    /// All entries of open cases, and whatever else happened lately: about what it takes to know the last [`REMEMBERED`]
    /// commands that are closed. Those of a case are in their order.
    pub entries: Vec<Dated>,
    /// The cases that count as open.
    pub open: Vec<Case>,
    /// What could not be read and is left out, for people.
    pub damage: Vec<String>,
}

/// Tells when a change is kept as well as was asked for, or that it cannot be.
pub type Written = oneshot::Receiver<Result<(), StoreError>>;

/// What is being looked for.
pub type Sought<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>>>>;

/// Keeps entries beyond the process.
///
/// Changes are made in the order in which they are given, those of one call all or none. What cannot be written is kept
/// in memory, in its order, and tried again until it can be: it has happened. Only who asked for more than
/// [`Assurance::Eventual`] is told of the failure. Dropped, a store first writes what it was given.
pub trait Store {
    /// What is kept. Called once, before anything else.
    ///
    /// # Errors
    /// When it cannot be read at all.
    fn load(&mut self) -> Result<Loaded, StoreError>;

    /// Makes changes; none at all is a way to wait for those before.
    fn write(&mut self, changes: Vec<Change>, assurance: Assurance) -> Written;

    /// Why nothing can be written at present, if so.
    fn trouble(&self) -> Option<StoreError>;

    /// In how many places it was found damaged since it was loaded.
    fn damaged(&self) -> usize {
        0
    }

    /// Whether what is written is there for the next process.
    fn outlives(&self) -> bool {
        true
    }

    /// All entries of a case, oldest first; none of one that is not known.
    fn history(&self, case: Case) -> Sought<Vec<Dated>>;

    /// Forgets the closed cases in which nothing has happened since `before`.
    fn forget(&mut self, before: Timestamp);
}

/// Why an entry could not be kept or read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("journal: {why}")]
pub struct StoreError {
    /// Why, for people.
    pub why: String,
    /// What is in the way.
    pub obstacle: Obstacle,
}

/// What is in the way of a store, by what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The disk is full, read-only or broken: it may be well again.
    Disk,
    /// We may not use the file: that must be changed by somebody.
    Forbidden,
    /// Another process has the file: it may end.
    Taken,
    /// The file is another program's or a newer Fulmar's, or has no folder: another must be named.
    Unfit,
}

impl StoreError {
    /// The disk, or what works for it, does not do what it should.
    pub fn of_disk(why: impl Into<String>) -> Self {
        Self { why: why.into(), obstacle: Obstacle::Disk }
    }

    /// The file is none for us.
    pub fn unfit(why: impl Into<String>) -> Self {
        Self { why: why.into(), obstacle: Obstacle::Unfit }
    }
}

/// Keeps nothing: what is known ends with the process.
#[derive(Debug, Default)]
pub struct Memory;

impl Store for Memory {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        Ok(Loaded::default())
    }

    fn write(&mut self, _: Vec<Change>, _: Assurance) -> Written {
        let (tell, written) = oneshot::channel();
        tell.send(Ok(())).unwrap_or_default();
        written
    }

    fn trouble(&self) -> Option<StoreError> {
        None
    }

    fn outlives(&self) -> bool {
        false
    }

    fn history(&self, _: Case) -> Sought<Vec<Dated>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn forget(&mut self, _: Timestamp) {}
}

/// How many closed commands are remembered, so that what comes late is still recognised.
pub const REMEMBERED: usize = 10_000;
