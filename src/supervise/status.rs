//! What operators are shown of the children.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a child is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Resting after too many faults or refused credentials; retried seldom, or when told.
    Parked,
    /// Begun, and not up yet.
    Starting,
    /// Ended for good.
    Stopped,
    /// Doing what it is for.
    Up,
    /// Waiting for the next life to begin.
    Waiting,
}

/// A child as `/status` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChildStatus {
    /// The child.
    pub name: String,
    /// What sort of child it is.
    pub kind: String,
    /// Where it is in its life.
    pub phase: Phase,
    /// How many lives have followed the first.
    pub restarts: u64,
    /// Why the last life ended, unless it was told to.
    pub last_error: Option<String>,
    /// Since when the phase lasts.
    pub since: Timestamp,
    /// When the next life begins, while waiting or parked.
    pub next_try: Option<Timestamp>,
}
