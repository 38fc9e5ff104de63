//! The journal's rows and what can happen to them.

use std::fmt;

use fulmar_contract::{Mention, MessageId, RoomId, ThreadId, Tone};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::markup::Format;

/// Names a command: what comes back in `source_context.fulmar.command`. Version 7, so it sorts by time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CommandId(pub Uuid);

/// Names a delivery; the idempotency key of its posts is made of it. Version 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DeliveryId(pub Uuid);

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The id alone, as people of that StackStorm know it.
impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Names an execution. StackStorms know nothing of each other, so their ids may be equal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RunId {
    /// The StackStorm whose it is.
    pub stackstorm: String,
    /// Its id there.
    pub id: String,
}

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Route {
    /// The configured chat.
    pub chat: String,
    /// The room in it.
    pub room: RoomId,
    /// The thread in the room.
    pub thread: Option<ThreadId>,
}

/// Who says how an execution ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Results {
    /// StackStorm's notify rule, by an announcement; we do if none comes.
    Announcement,
    /// We do, at once.
    #[default]
    Direct,
}

/// A command that somebody gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Command {
    /// Its name.
    pub id: CommandId,
    /// The message that gave it: what the network shows twice is one command.
    pub message: MessageId,
    /// Which StackStorm runs it.
    pub stackstorm: String,
    /// Where it was given.
    pub route: Route,
    /// Where a whisper to its author goes.
    pub direct: Option<RoomId>,
    /// Who gave it.
    pub author: Mention,
    /// The words, without prefixes.
    pub text: String,
    /// The alias that it means, as `pack.name`.
    pub alias: String,
    /// Who says how its executions ended.
    pub results: Results,
}

/// How far a command has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandState {
    /// Known, and nothing decided.
    Received,
    /// The policy lets it through.
    Authorised,
    /// The POST is open, or its answer was never seen: it may have run. Never sent again.
    Submitting,
    /// As [`Self::Submitting`], and there was no answer for so long that its author was told.
    Outstanding,
    /// StackStorm answered with executions.
    Submitted,
    /// StackStorm, or we, said no: it has not run.
    Refused {
        /// Why.
        why: String,
    },
    /// Whether it ran could not be found out.
    Unknown {
        /// Why.
        why: String,
        /// The alias's `result` as we know it, should it turn out to have run.
        result: Value,
    },
}

/// An execution that a command started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// StackStorm's id.
    pub id: String,
    /// The command.
    pub command: CommandId,
    /// The alias's `result` as StackStorm gave it with its answer; as we know it, if that was lost.
    pub result: Value,
    /// How far it has come.
    pub state: ExecutionState,
}

/// How far an execution has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExecutionState {
    /// Over; StackStorm is to announce how.
    Awaited {
        /// When it is said without an announcement, by our clock.
        until: Timestamp,
    },
    /// Over; what is to be said of it is still owed.
    Finished {
        /// StackStorm's word for how.
        status: String,
    },
    /// As [`Self::Running`], and not begun long after it was asked for, which was said.
    Overdue,
    /// Not over, as far as we know.
    Running,
    /// Nothing is owed any more: what was to be said is a delivery.
    Told,
    /// Its end cannot be found out; that is still to be said.
    Unknown {
        /// Why.
        why: String,
    },
}

/// What a delivery says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speech {
    /// StackStorm's first answer.
    Ack,
    /// What administrators are told of the gateway itself.
    Alarm,
    /// What StackStorm wants said, and is no result of a command of ours.
    Announcement,
    /// What we say ourselves: help, refusals.
    Notice,
    /// How an execution ended.
    Result,
}

/// Something to be said in a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its name.
    pub id: DeliveryId,
    /// The command that it belongs to.
    pub command: Option<CommandId>,
    /// The execution whose end it tells. Each is told once.
    pub execution: Option<RunId>,
    /// What sort of thing it says.
    pub speech: Speech,
    /// Where.
    pub route: Route,
    /// The message in that room that it shows to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<MessageId>,
    /// Whom to name.
    pub mention: Option<Mention>,
    /// The whole text, before it is cut.
    pub text: String,
    /// How that is written. Older rows do not say so: they are said as they are.
    #[serde(default)]
    pub format: Format,
    /// How good the news is.
    pub tone: Tone,
    /// Where people can look at the execution that it is about; StackStorm has it only if it knows its own address.
    pub link: Option<String>,
    /// StackStorm's `extra`, all networks; null when there is none.
    pub extra: Value,
}

/// How far a delivery has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// Waiting for its turn.
    Queued,
    /// Being written: the first `sent` of `parts` posts have a receipt.
    Sending {
        /// Posts with a receipt.
        sent: usize,
        /// Posts in all.
        parts: usize,
        /// How many of the next ones may be out already.
        posting: usize,
    },
    /// Every post has a receipt.
    Delivered,
    /// Given up: a dead letter, until somebody has it tried again or dropped.
    Dead {
        /// Why.
        why: String,
    },
    /// Will not be said.
    Dropped {
        /// Why, or by whom.
        why: String,
    },
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Entry {
    /// A command was given.
    Received(Command),
    /// A command has come further, with no executions to speak of.
    Advanced(CommandId, CommandState),
    /// StackStorm has announced something, which is dealt with.
    Announced(Announced),
    /// Somebody wrote something to us that gave no command, and is answered.
    Answered(Answered),
    /// What was said in this chat before this moment, by its network's clock, is dealt with.
    HeardUntil(String, Timestamp),
    /// StackStorm's answer to a command: the executions that it started.
    Submitted(CommandId, Vec<Execution>),
    /// An execution has come further.
    Ended(RunId, ExecutionState),
    /// There is something to say. If it tells of an execution, that one is told with it.
    Queued(Delivery),
    /// A delivery has come further.
    Moved(DeliveryId, DeliveryState),
    /// StackStorm has announced how an execution of this command ended.
    ResultAnnounced(CommandId),
    /// What this StackStorm announced by executions that began before this moment of its time is dealt with.
    Watched(String, Timestamp),
}

/// An announcement, as far as it must be known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Which StackStorm made it.
    pub stackstorm: String,
    /// When, by that one's clock.
    pub at: Timestamp,
    /// What it says, to whom and where, in short: see `st2::wire::Announcement::fingerprint`.
    pub fingerprint: u64,
}

/// A message that gave no command, as far as it must be known again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The configured chat.
    pub chat: String,
    /// The room in it.
    pub room: RoomId,
    /// The message.
    pub message: MessageId,
    /// When it was written, by its network's clock.
    pub at: Timestamp,
}

/// How sure it must be that an entry is kept before what follows from it is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// It outlives the process if it can be written. If not, it has happened all the same, and is written later.
    #[default]
    Eventual,
    /// It outlives the process.
    Written,
    /// It outlives the machine's power.
    Synced,
}

impl Entry {
    /// What is taken on must be known after a crash; what starts something in the world, whatever happens.
    pub const fn assurance(&self) -> Assurance {
        match self {
            Self::Received(_) => Assurance::Written,
            Self::Advanced(_, CommandState::Submitting) => Assurance::Synced,
            Self::Advanced(..)
            | Self::Announced(_)
            | Self::Answered(_)
            | Self::HeardUntil(..)
            | Self::Submitted(..)
            | Self::Ended(..)
            | Self::Queued(_)
            | Self::Moved(..)
            | Self::ResultAnnounced(_)
            | Self::Watched(..) => Assurance::Eventual,
        }
    }
}

/// An entry with its time, as a store keeps it.
pub type Dated = (Timestamp, Entry);

/// Roughly what a value takes in memory, in bytes.
pub(crate) fn weight(value: &Value) -> usize {
    let own = size_of::<Value>();
    own + match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + weight(value)).sum(),
    }
}
