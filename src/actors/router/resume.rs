//! What becomes of the commands that were under way when an earlier process ended.
//!
//! One that was not sent yet is sent, if its author can still be waiting for it and it means what it meant. One that may
//! have been sent is looked for, and never sent again. Both wait until StackStorm can be asked.

use std::{rc::Rc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::timeout;
use tracing::{info, warn};

use super::{
    gate::Caller,
    lines::{Lines, StackStorm},
    look_up::{Lost, Outcome, SOON, look_up},
    person::Person,
    submit::{Fate, Submission, carry_out, result_of, settle},
    suspense::Suspense,
    words,
};
use crate::{
    actors::{
        aliases::{Known, Loaded},
        journal::{Begun, keep},
    },
    alias::{Found, Hit, Registry},
    journal::{Command, CommandState, Entry},
    st2,
};

/// Takes up a command where the journal has it.
pub(super) async fn resume(lines: Rc<Lines>, begun: Begun) {
    let command = &begun.command;
    info!(command = %command.id, state = ?begun.state, "command taken up again");
    let Some(storm) = lines.stackstorms.get(&command.stackstorm).cloned() else {
        let why = format!("there is no StackStorm called {} any more", command.stackstorm);
        let fate = match begun.state {
            CommandState::Submitting | CommandState::Outstanding => Fate::Unknown(why),
            _ => Fate::Refused(why),
        };
        return settle(&lines, command, Value::Null, fate).await;
    };
    match begun.state {
        CommandState::Submitting | CommandState::Outstanding => find(&lines, &storm, begun).await,
        _ => send(lines, storm, begun).await,
    }
}

/// Sends a command that was not sent yet.
async fn send(lines: Rc<Lines>, storm: Rc<StackStorm>, Begun { command, at, state, .. }: Begun) {
    let caller =
        Caller::Person(Person { chat: command.route.chat.clone(), identity: command.author.identity.clone() });
    // The place in the queue is that of the command's age, whenever StackStorm can be asked.
    let ticket = storm.gate.join(caller).or_else(|| storm.gate.join(Caller::Gateway));
    let old = age(at, lines.world.now());
    let left = match lines.gateway.max_age {
        Duration::ZERO => Duration::MAX,
        max_age => max_age.saturating_sub(old),
    };
    let meant = match (timeout(left, loaded(&storm)).await, ticket) {
        (Ok(known), Some(ticket)) if !left.is_zero() => {
            meant(&known.registry, &command).map(|hit| (hit, ticket)).map_err(str::to_owned)
        }
        (Ok(_) | Err(_), _) => Err(words::too_late(age(at, lines.world.now()))),
    };
    let (hit, ticket) = match meant {
        Ok(meant) => meant,
        Err(why) => return settle(&lines, &command, Value::Null, Fate::Refused(why)).await,
    };
    let authorised = Entry::Advanced(command.id, CommandState::Authorised);
    if state == CommandState::Received
        && let Err(error) = keep(&lines.journal, vec![authorised]).await
    {
        let fate = Fate::Refused(error.to_string());
        return settle(&lines, &command, result_of(&hit.alias), fate).await;
    }
    carry_out(lines, Submission { storm, ticket, command, hit }, None).await;
}

/// Looks for a command that may have been sent.
async fn find(lines: &Lines, storm: &StackStorm, begun: Begun) {
    let suspense = Suspense::new(lines, &begun.command, &begun.state);
    let (fate, result) = suspense.until(fate(lines, storm, &begun), SOON, LOOKING).await;
    settle(lines, &begun.command, result, fate).await;
}

/// What became of it, with its alias's `result`.
async fn fate(lines: &Lines, storm: &StackStorm, Begun { command, at, .. }: &Begun) -> (Fate, Value) {
    let Known { registry, .. } = loaded(storm).await;
    let alias = registry.aliases().iter().find(|alias| alias.reference() == command.alias);
    let (fate, result) = match alias {
        None => (Fate::Unknown(format!("{RESTARTED}, and there is no {} any more", command.alias)), None),
        Some(alias) if meant(&registry, command).is_ok_and(|hit| hit.match_multiple) => {
            (Fate::Unknown(RESTARTED.into()), Some(alias))
        }
        Some(alias) => {
            let since = since(*at, lines.world.now(), storm.client.time());
            let lost = Lost { storm, command, action: &alias.action_ref, since };
            let found = look_up(lines, lost, st2::Fate::Unknown).await;
            let fate = match found {
                Outcome::Runs(found) => Fate::Found(found),
                Outcome::Nothing => Fate::Unknown(format!("{RESTARTED}, and StackStorm shows no trace of it")),
                Outcome::Unclear => Fate::Unknown(RESTARTED.into()),
            };
            (fate, Some(alias))
        }
    };
    (fate, result.map(|alias| result_of(alias)).unwrap_or_default())
}

/// What StackStorm knows, as soon as it can be asked.
async fn loaded(storm: &StackStorm) -> Known {
    loop {
        match storm.aliases.send(Loaded).await {
            Ok(known) if known.loaded.is_some() => return known,
            Ok(_) => {}
            Err(error) => warn!(stackstorm = %storm.name, %error, "commands are not taken up again yet"),
        }
    }
}

/// The alias that a command was to run, if it still means that one.
fn meant(registry: &Registry, command: &Command) -> Result<Hit, &'static str> {
    let is_meant = |hit: &Hit| hit.alias.reference() == command.alias;
    match registry.find(&command.text) {
        Found::One(hit) if is_meant(&hit) => Ok(*hit),
        // One of them was chosen.
        Found::Several(hits) => {
            let mut meant = hits.into_iter().filter(is_meant);
            meant.next().filter(|_| meant.next().is_none()).ok_or(words::AMBIGUOUS_NOW)
        }
        Found::None | Found::Disabled(_) | Found::Duplicate { .. } | Found::One(_) => Err(words::NOT_MEANT_NOW),
    }
}

/// How long ago something was; a clock that was set back makes it no younger than now.
fn age(at: Timestamp, now: Timestamp) -> Duration {
    now.duration_since(at).try_into().unwrap_or_default()
}

/// The time `at`, in `theirs`, which is StackStorm's time, less what the clocks may have moved meanwhile.
fn since(at: Timestamp, now: Timestamp, theirs: Option<Timestamp>) -> Timestamp {
    let ahead = theirs.map_or(SignedDuration::ZERO, |theirs| theirs.duration_since(now));
    at.checked_add(ahead).and_then(|at| at.checked_sub(MARGIN)).unwrap_or(at)
}

/// How much our clock or StackStorm's may have been corrected since: a machine that has just started does that. More costs
/// only a longer list.
const MARGIN: Duration = Duration::from_secs(600);

/// What is known of a command that may have been sent.
const RESTARTED: &str = "Fulmar was restarted while it was being sent";

/// What its author is told while it is looked for.
const LOOKING: &str = "Fulmar was restarted while this was being sent; looking whether it runs.";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_was_given_by_our_clock_is_looked_for_by_stackstorms() {
        assert_eq!(since(at(10_000), at(10_060), None), at(9_400));
        assert_eq!(since(at(10_000), at(10_060), Some(at(13_660))), at(13_000), "it is an hour ahead");
        assert_eq!(since(at(10_000), at(10_060), Some(at(6_460))), at(5_800), "it is an hour behind");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nothing_old() {
        assert_eq!(age(at(100), at(160)), Duration::from_secs(60));
        assert_eq!(age(at(100), at(40)), Duration::ZERO);
    }
}
