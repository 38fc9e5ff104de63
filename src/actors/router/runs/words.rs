//! What is said about executions. Pure.

use std::collections::HashMap;

use super::{
    list::Stand,
    tail::{Ending, IN_ROOM, LONGEST, MOST, Taken},
};
use crate::{
    actors::{elapsed, journal::Listed, router::words::shortened},
    journal::{Route, Run, RunId},
    st2::wire::Status,
};

/// Executions, a line each, as `stackstorm` was asked for them in `here`.
pub(super) fn listed(
    Listed { running, over, more }: &Listed,
    stands: &HashMap<RunId, Stand>,
    here: &Route,
    stackstorm: &str,
) -> String {
    let line = |run: &Run| format!("- {}{}", line(run, stands.get(&run.id()), here), elsewhere(run, stackstorm));
    let mut lines = Vec::new();
    match running.len() + more {
        0 => lines.push("Nothing runs here.".to_owned()),
        1 => lines.push("1 runs:".to_owned()),
        count => lines.push(format!("{count} run:")),
    }
    lines.extend(running.iter().map(line));
    if *more > 0 {
        lines.push(format!("- … and {more} older"));
    }
    if !over.is_empty() {
        lines.push("Over:".to_owned());
        lines.extend(over.iter().map(line));
    }
    lines.join("\n")
}

fn line(run: &Run, stand: Option<&Stand>, here: &Route) -> String {
    let Run { command, execution, .. } = run;
    let (route, who) = (&command.route, &command.author.name);
    let is_here = route.chat == here.chat && route.room == here.room;
    // What was said elsewhere is perhaps not for everybody here.
    let what = if is_here { shortened(&command.text) } else { format!("{} in {}", command.alias, route.chat) };
    let state = match stand {
        Some(stand) => state(stand),
        None if execution.is_running() => "not over, as far as is known".into(),
        None => "over".into(),
    };
    format!("{}  {what}  ({who})  {state}", execution.short())
}

/// Whose an execution is, if not that StackStorm's.
fn elsewhere(run: &Run, stackstorm: &str) -> String {
    let its = &run.command.stackstorm;
    if its == stackstorm { String::new() } else { format!("  on {its}") }
}

fn state(Stand { status, began, ended, now }: &Stand) -> String {
    let Some(began) = began else { return status.to_string() };
    let (until, word) = ended.map_or((*now, "for"), |ended| (ended, "after"));
    format!("{status} {word} {}", elapsed::words(elapsed::between(*began, until)))
}

/// Executions to choose from, each with the words that choose it, as `stackstorm` was asked for them.
pub(super) fn choice(runs: &[Run], command: impl Fn(&Run) -> String, stackstorm: &str) -> String {
    let line = |run: &Run| {
        let (id, words) = (run.execution.short(), shortened(&run.command.text));
        format!("- {}{id}  {words}{}", command(run), elsewhere(run, stackstorm))
    };
    let lines: Vec<String> = runs.iter().map(line).collect();
    lines.join("\n")
}

/// No execution that somebody may know of has such an id.
pub(super) fn none(ending: &str, prefix: &str) -> String {
    format!("No execution that I know of here ends with {ending}. Try {prefix}executions.")
}

/// Somebody else's execution.
pub(super) fn not_yours(run: &Run) -> String {
    let (short, who) = (run.execution.short(), &run.command.author.name);
    format!("Only {who}, who gave the command, or an administrator may cancel {short}.")
}

/// StackStorm takes a cancellation on.
pub(super) fn cancelling(run: &Run, status: &Status) -> String {
    format!(
        "Cancelling {} ({}): StackStorm has it as {status}.",
        run.execution.short(),
        shortened(&run.command.text)
    )
}

/// Somebody is shown what an execution prints from here on.
pub(super) fn tail_begins(run: &Run, prefix: &str) -> String {
    let words = shortened(&run.command.text);
    format!("What {} ({words}) prints comes here; {prefix}tail stop ends it.", run.execution.short())
}

/// Somebody is not shown what an execution prints.
pub(super) fn no_tail(taken: Taken, prefix: &str) -> String {
    match taken {
        Taken::Person => format!("You are shown one already; {prefix}tail stop ends it."),
        Taken::Room => format!("{IN_ROOM} are shown in this room already, which is enough."),
    }
}

/// No more is shown of an execution; nothing is said where that needs no words. `is_fresh`: nothing was shown at all.
pub(super) fn tail_ends(id: &str, ending: &Ending, is_fresh: bool) -> Option<String> {
    let all = format!("all of it shows: st2 execution tail {id}");
    Some(match ending {
        Ending::Absent => format!("StackStorm does not know the execution {id} any more."),
        Ending::End if is_fresh => format!("{id} has printed nothing."),
        Ending::End => return None,
        Ending::Late => format!("… {} are over; {all}", elapsed::words(LONGEST)),
        Ending::Spent => format!("… {MOST} lines are shown; {all}"),
        Ending::Stopped => "No more of it is shown.".into(),
        Ending::Unreadable(why) => format!("What {id} prints cannot be read: {why}."),
    })
}
