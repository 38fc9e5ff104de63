//! What follows from what happens to a room.

use fulmar_contract::Secret;
use jid::BareJid;

use crate::config::Wanted;

/// How to come into a room.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) room: BareJid,
    pub(crate) nick: String,
    pub(crate) key: Option<Secret>,
}

/// What it means that we are in a room.
#[derive(Debug)]
pub(crate) enum Arrival {
    /// We knew.
    Known,
    /// It is not one of ours, or we are leaving it.
    Unwanted,
    /// It is one of ours.
    Wanted,
    /// It has become one of ours.
    Won(Wanted),
}

/// What it means that we are not in a room, or not any more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Departure {
    /// Nothing that is not known, or that concerns us.
    Nothing,
    /// We are not in one of our rooms, for this reason.
    Missing(String),
    /// It is none of ours any more.
    Parted,
}

/// What follows from an order to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dismissal {
    /// The room is to be told.
    Leaving,
    /// We are out already.
    Out,
    /// It was none of ours.
    Unknown,
}
