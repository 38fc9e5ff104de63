//! What the Router is told.

use actix::Message;
use fulmar_contract as contract;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::Tally;
use crate::{
    actors::journal::End,
    journal::{Command, Execution, Route},
    st2::wire::Announcement,
};

/// Somebody wrote something.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Heard {
    /// The chat.
    pub chat: String,
    /// What we are called there.
    pub me: Option<String>,
    /// Whether the network vouches for people.
    pub vouches: bool,
    /// What was written.
    pub heard: contract::Heard,
}

/// Nobody will write anything in a chat any more.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct InputEnded {
    /// The chat.
    pub chat: String,
}

/// An execution of ours has ended. Answered once what is to be said of it is queued.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Concluded {
    /// The command that started it.
    pub command: Command,
    /// The execution as it was before.
    pub execution: Execution,
    /// How it ended.
    pub end: End,
}

/// Something will not be said.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Died {
    /// Where it was to be said.
    pub route: Route,
    /// Why.
    pub why: String,
}

/// StackStorm announced something. Answered once what becomes of it is journalled, or it is found that this will take time.
#[derive(Debug, Message)]
#[rtype(result = "Outcome")]
pub struct Announced {
    /// Which StackStorm.
    pub stackstorm: String,
    /// What.
    pub announcement: Announcement,
}

/// What became of an announcement.
#[derive(Debug)]
pub enum Outcome {
    /// There is no place to say it in.
    Nowhere {
        /// Why.
        why: String,
    },
    /// It is queued.
    Said,
    /// It only repeats a result, or another gateway is to say it.
    Suppressed,
    /// It waits until it is clear what it is; then it is told what became of it.
    Unclear(oneshot::Receiver<Self>),
    /// It could not be queued.
    Unsaid {
        /// Why.
        why: String,
    },
}

impl Outcome {
    /// That of an announcement over which a part of the gateway died.
    pub fn failed() -> Self {
        Self::Unsaid { why: "the gateway failed over it".into() }
    }
}

/// StackStorm announced things while its stream was away. Answered with what is still to be told of old ones, and since when not
/// all is said; by nothing, if the gateway failed over it.
#[derive(Debug, Message)]
#[rtype(result = "Option<Tally>")]
pub struct Missed {
    /// Which StackStorm.
    pub stackstorm: String,
    /// What, with the time by its clock, oldest first.
    pub announcements: Vec<(Timestamp, Announcement)>,
    /// Those from before this time are only counted.
    pub old: Timestamp,
    /// Those that were counted so far.
    pub tally: Tally,
    /// Whether no more follow.
    pub is_last: bool,
}
