//! How a chat answers: by reply, in threads, with reactions.

use fulmar_contract::Options;

/// How a chat answers, where its network can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Which answers in a room show what they answer.
    pub replies: Replies,
    /// In which thread an answer is.
    pub threads: Threads,
    /// Whether a command's message shows by a reaction how far it has come.
    pub reactions: bool,
}

/// Which answers in a room show what they answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replies {
    /// All.
    Always,
    /// None.
    Never,
    /// Results, which may come long after what they answer, and announcements that answer a command.
    #[default]
    Results,
}

/// In which thread an answer is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Threads {
    /// In that of what it answers; if that is in none, in one that begins there.
    Always,
    /// In that of what it answers, if there is one.
    #[default]
    Follow,
}

impl Manner {
    pub(super) fn read(options: &mut Options) -> Self {
        let replies = [("always", Replies::Always), ("never", Replies::Never), ("results", Replies::Results)];
        let threads = [("always", Threads::Always), ("follow", Threads::Follow)];
        Self {
            replies: options.word("replies", Replies::Results, &replies),
            threads: options.word("threads", Threads::Follow, &threads),
            reactions: options.flag("reactions", false),
        }
    }
}
