//! Finding out whether a command runs whose POST has no good answer.

use std::{iter, time::Duration};

use jiff::Timestamp;
use tokio::time::sleep;
use tracing::warn;

use super::lines::{Lines, StackStorm, Utterance};
use crate::{
    actors::auth,
    journal::Command,
    st2::{
        Fate as Doubt,
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
    /// What its author is told if it is not found soon.
    pub(super) word: &'static str,
}

/// Asks StackStorm for executions that carry the command's id. `None` says that there are none, or that StackStorm refuses to
/// tell: after a plain refusal, at the first look that is answered; else only a minute after the POST.
///
/// While StackStorm is away, nothing is known, and it is asked again for as long as that takes.
pub(super) async fn look_up(lines: &Lines, lost: Lost<'_>, doubt: Doubt) -> Option<Vec<Execution>> {
    let Lost { storm, command, action, since, word } = lost;
    let mark = mark(lines, command);
    let again = iter::repeat(AGAIN);
    for (look, wait) in LOOKS.into_iter().chain(again).enumerate() {
        sleep(wait).await;
        let asked = auth::call(&storm.auth, async |access| {
            storm.client.find_submission(access, action, since, &mark).await
        });
        let is_last = look + 1 >= LOOKS.len();
        match asked.await {
            Ok(found) if !found.is_empty() => return Some(found),
            Ok(_) if is_last || doubt == Doubt::Doubtful => return None,
            Ok(_) => {}
            Err(error) => {
                warn!(%error, command = %command.id, "submission not looked up");
                if is_last && error.is_final() {
                    return None;
                }
            }
        }
        if look == 1 {
            lines.answer(command, Utterance::answer(command, word)).await;
        }
    }
    None
}

/// How a command's executions are known.
pub(super) fn mark(lines: &Lines, command: &Command) -> Mark {
    Mark { gateway: lines.gateway.name.clone(), command: command.id.to_string() }
}

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
