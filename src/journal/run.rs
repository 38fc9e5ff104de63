//! Executions with the commands that started them, as people ask for them.

use fulmar_contract::{Identity, RoomId};
use jiff::Timestamp;

use super::{Command, Execution, RunId};

/// An execution with the command that started it.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The command.
    pub command: Command,
    /// When it was given, by our clock.
    pub at: Timestamp,
    /// The execution.
    pub execution: Execution,
}

/// Which commands somebody asks about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// This person's, and those given in this room.
    Around(String, RoomId, Identity),
    /// All.
    Everywhere,
    /// This person's, wherever in the chat they were given.
    Of(String, Identity),
    /// Those given in this room.
    Within(String, RoomId),
}

impl Scope {
    /// Whether `command` is one of them.
    pub fn covers(&self, command: &Command) -> bool {
        let given_in = |chat: &str, room: &RoomId| command.route.chat == chat && command.route.room == *room;
        let given_by = |chat: &str, who: &Identity| command.route.chat == chat && command.author.identity == *who;
        match self {
            Self::Around(chat, room, who) => given_in(chat, room) || given_by(chat, who),
            Self::Everywhere => true,
            Self::Of(chat, who) => given_by(chat, who),
            Self::Within(chat, room) => given_in(chat, room),
        }
    }
}

impl Command {
    /// The name of its execution `id`.
    pub fn run_id(&self, id: &str) -> RunId {
        RunId { stackstorm: self.stackstorm.clone(), id: id.to_owned() }
    }
}

impl Run {
    /// The execution's name.
    pub fn id(&self) -> RunId {
        self.command.run_id(&self.execution.id)
    }
}

impl Execution {
    /// What people call it: the last [`SHORT`] digits of its id, which in StackStorm count up.
    pub fn short(&self) -> &str {
        let at = self.id.char_indices().rev().nth(SHORT - 1).map_or(0, |(at, _)| at);
        self.id.get(at..).unwrap_or_default()
    }

    /// Whether it is not over, as far as we know.
    pub fn is_running(&self) -> bool {
        self.state.is_running()
    }
}

const SHORT: usize = 6;
