//! The rows of the ledger, and which of their states may follow which.

use jiff::Timestamp;

use super::Message;
use crate::journal::{Case, Command, CommandState, Delivery, DeliveryState, ExecutionState, RunId};

/// A command and what came of it.
#[derive(Debug)]
pub(super) struct CommandRow {
    pub(super) command: Command,
    /// When it was given.
    pub(super) at: Timestamp,
    pub(super) state: CommandState,
    pub(super) executions: Vec<RunId>,
    /// How many of them are not told yet.
    pub(super) owed: usize,
    /// How many of them are told by an announcement or, as nobody wants to be told, by none.
    pub(super) announced: usize,
    /// How many deliveries of it are still to be made, or dead.
    pub(super) unsaid: usize,
}

/// Something to be said and how far that has come.
#[derive(Debug)]
pub(super) struct DeliveryRow {
    pub(super) delivery: Delivery,
    /// When it was queued.
    pub(super) at: Timestamp,
    pub(super) state: DeliveryState,
    pub(super) case: Case,
}

impl CommandRow {
    pub(super) const fn new(at: Timestamp, command: Command) -> Self {
        let state = CommandState::Received;
        Self { command, at, state, executions: Vec::new(), owed: 0, announced: 0, unsaid: 0 }
    }

    /// Whether its end has come and is told, or on its way to be.
    pub(super) const fn is_closed(&self) -> bool {
        match self.state {
            CommandState::Received
            | CommandState::Authorised
            | CommandState::Submitting
            | CommandState::Outstanding => false,
            CommandState::Submitted => self.owed == 0,
            CommandState::Refused { .. } | CommandState::Unknown { .. } => true,
        }
    }

    /// Whether nothing more is expected to happen to it.
    pub(super) const fn is_over(&self) -> bool {
        self.is_closed() && self.unsaid == 0
    }
}

impl DeliveryRow {
    pub(super) const fn is_dead(&self) -> bool {
        matches!(self.state, DeliveryState::Dead { .. })
    }
}

impl Command {
    pub(super) fn given_by(&self) -> Message {
        (self.route.chat.clone(), self.route.room.clone(), self.message.clone())
    }
}

impl CommandState {
    /// Whether `next` may follow. Submitted and refused are ends; an unknown command may turn out to run after all.
    pub(super) const fn leads_to(&self, next: &Self) -> bool {
        match self {
            Self::Received => matches!(next, Self::Authorised | Self::Refused { .. }),
            Self::Authorised => matches!(next, Self::Submitting | Self::Refused { .. } | Self::Unknown { .. }),
            Self::Submitting => {
                matches!(next, Self::Outstanding | Self::Submitted | Self::Refused { .. } | Self::Unknown { .. })
            }
            Self::Outstanding => matches!(next, Self::Submitted | Self::Refused { .. } | Self::Unknown { .. }),
            Self::Unknown { .. } => matches!(next, Self::Submitted),
            Self::Submitted | Self::Refused { .. } => false,
        }
    }

    /// Whether its POST is open, or the answer was never seen.
    pub(super) const fn is_submitting(&self) -> bool {
        matches!(self, Self::Submitting | Self::Outstanding)
    }
}

impl ExecutionState {
    /// Whether `next` may follow. What is told is told.
    pub(super) const fn leads_to(&self, next: &Self) -> bool {
        match self {
            Self::Running => !matches!(next, Self::Running),
            Self::Overdue => !matches!(next, Self::Overdue | Self::Running),
            Self::Awaited { .. } | Self::Finished { .. } | Self::Unknown { .. } => matches!(next, Self::Told),
            Self::Told => false,
        }
    }

    /// Whether it is not over, as far as we know.
    pub(in crate::journal) const fn is_running(&self) -> bool {
        matches!(self, Self::Overdue | Self::Running)
    }

    /// Until when StackStorm's announcement is waited for.
    pub(super) const fn awaited(&self) -> Option<Timestamp> {
        match self {
            Self::Awaited { until } => Some(*until),
            Self::Finished { .. } | Self::Overdue | Self::Running | Self::Told | Self::Unknown { .. } => None,
        }
    }
}

impl DeliveryState {
    /// Whether `next` may follow. A dead letter may be tried again or dropped, and is nothing else any more; what waits is
    /// not tried again, or it would be said twice.
    pub(super) const fn leads_to(&self, next: &Self) -> bool {
        match self {
            Self::Queued | Self::Sending { .. } => !matches!(next, Self::Queued),
            Self::Dead { .. } => matches!(next, Self::Queued | Self::Dropped { .. }),
            Self::Delivered | Self::Dropped { .. } => false,
        }
    }

    /// Whether it is neither still to be made nor dead.
    pub(super) const fn is_over(&self) -> bool {
        matches!(self, Self::Delivered | Self::Dropped { .. })
    }
}
