//! Finding out whether a command runs whose POST has no good answer.

use std::{iter, time::Duration};

use jiff::Timestamp;
use tokio::time::sleep;
use tracing::warn;

use super::lines::{Lines, StackStorm};
use crate::{
    journal::Command,
    st2::{
        Fate as Doubt, Sought,
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

/// Asks StackStorm for executions that carry the command's id. `None` says that there are none, or that StackStorm refuses to
/// tell: after a plain refusal, at the first look that is answered; else only a minute after the POST.
///
/// While StackStorm is away, nothing is known, and it is asked again for as long as that takes.
pub(super) async fn look_up(lines: &Lines, lost: Lost<'_>, doubt: Doubt) -> Option<Vec<Execution>> {
    let Lost { storm, command, action, since } = lost;
    let sought = Sought { action: action.to_owned(), since, mark: mark(lines, command) };
    for (look, wait) in LOOKS.into_iter().chain(iter::repeat(AGAIN)).enumerate() {
        sleep(wait).await;
        let sight = match storm.looks.find(sought.clone()).await {
            Ok(found) if !found.is_empty() => return Some(found),
            Ok(_) => Sight::Nothing,
            Err(error) => {
                warn!(%error, command = %command.id, "submission not looked up");
                if error.is_final() { Sight::Refused } else { Sight::Unanswered }
            }
        };
        if sight.ends(look, doubt) {
            return None;
        }
    }
    None
}

/// What a look has shown, if not the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
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
            Self::Nothing => is_late || doubt == Doubt::Doubtful,
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
