//! Finding out whether a command runs whose POST has no good answer.

use std::{iter, time::Duration};

use jiff::Timestamp;
use tokio::time::sleep;
use tracing::warn;

use super::lines::{Lines, StackStorm};
use crate::{
    journal::Command,
    st2::{
        Fate as Doubt, Sought, Trace,
        wire::{Execution, Mark},
    },
};

/// A command that may run.
pub(super) struct Lost<'a> {
    pub(super) storm: &'a StackStorm,
    pub(super) command: &'a Command,
    /// What it runs.
    pub(super) action: &'a str,
    /// What began before this moment of StackStorm's time cannot be it.
    pub(super) since: Timestamp,
}

/// What has become of a command.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It runs.
    Runs(Vec<Execution>),
    /// StackStorm knows of no execution that may be its.
    Nothing,
    /// There is one that may be its, or StackStorm refuses to tell.
    Unclear,
}

/// Asks StackStorm for executions that carry the command's id. That there are none is said after a plain refusal at the first look
/// that is answered, else only a minute after the POST.
///
/// While StackStorm is away, nothing is known, and it is asked again for as long as that takes.
pub(super) async fn look_up(lines: &Lines, lost: Lost<'_>, doubt: Doubt) -> Outcome {
    let Lost { storm, command, action, since } = lost;
    let asker = command.author.identity.as_str().to_owned();
    let sought = Sought { action: action.to_owned(), since, mark: mark(lines, command), asker };
    for (look, wait) in LOOKS.into_iter().chain(iter::repeat(AGAIN)).enumerate() {
        sleep(wait).await;
        let sight = match storm.looks.find(sought.clone()).await {
            Ok(Trace { marked, .. }) if !marked.is_empty() => return Outcome::Runs(marked),
            Ok(Trace { has_alike: true, .. }) => Sight::Alike,
            Ok(_) => Sight::Nothing,
            Err(error) => {
                warn!(%error, command = %command.id, "submission not looked up");
                if error.is_final() { Sight::Refused } else { Sight::Unanswered }
            }
        };
        if sight.ends(look, doubt) {
            return if sight == Sight::Nothing { Outcome::Nothing } else { Outcome::Unclear };
        }
    }
    Outcome::Unclear
}

/// What a look has shown, if not the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// StackStorm knows of one that may be its.
    Alike,
    /// StackStorm knows of no execution.
    Nothing,
    /// StackStorm will not say.
    Refused,
    /// StackStorm did not answer.
    Unanswered,
}

impl Sight {
    /// Whether no further look is needed after this one, the first being 0.
    fn ends(self, look: usize, doubt: Doubt) -> bool {
        let is_late = look + 1 >= LOOKS.len();
        match self {
            Self::Alike | Self::Nothing => is_late || doubt == Doubt::Doubtful,
            Self::Refused => is_late,
            Self::Unanswered => false,
        }
    }
}

/// How a command's executions are known.
pub(super) fn mark(lines: &Lines, command: &Command) -> Mark {
    Mark { gateway: lines.gateway.name.clone(), command: command.id.to_string() }
}

/// How soon who waits for the first looks is told that it is looked for: after the second, if that is answered at once.
pub(super) const SOON: Duration = Duration::from_secs(3);

/// The waits before each look: 0, 2, 10, 30 and 60 s after the POST.
const LOOKS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(20),
    Duration::from_secs(30),
];

/// The wait before each further look, while StackStorm does not answer.
const AGAIN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_it_does_not_run_is_concluded_from_an_answer_a_minute_later_and_from_no_silence() {
        let ends = |sight: Sight, doubt| (0..100).find(|look| sight.ends(*look, doubt));

        assert_eq!(ends(Sight::Nothing, Doubt::Unknown), Some(4));
        assert_eq!(LOOKS.iter().sum::<Duration>(), Duration::from_secs(60));
        assert_eq!(ends(Sight::Nothing, Doubt::Doubtful), Some(0), "it was refused, and is not there");
        assert_eq!(ends(Sight::Refused, Doubt::Doubtful), Some(4));
        assert_eq!([Doubt::Doubtful, Doubt::Unknown].map(|doubt| ends(Sight::Unanswered, doubt)), [None, None]);
    }
}
