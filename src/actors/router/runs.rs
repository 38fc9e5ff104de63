//! Our own commands about executions: which there are, how one is cancelled, and how a command is given again.

mod list;
mod tail;
mod words;

use std::rc::Rc;

use tracing::{info, warn};

use super::{
    administrator::Standing,
    command::{self, Asked, Offer, reply},
    gate::Caller,
    lines::{Lines, StackStorm},
    person::Person,
};
use crate::{
    actors::{
        auth::{self, CallError},
        journal::{Executions, Listed},
    },
    journal::{Command, Run, Scope},
    st2::wire::{Cancelled, ExecutionId},
};

pub use self::tail::Tails;
pub(super) use self::{
    list::{Extent, list},
    tail::{stop, tail},
};

/// Has an execution cancelled, which its author and administrators may. How it ends is told as any end is.
pub(super) async fn cancel(lines: Rc<Lines>, asked: Asked, id: Option<String>) -> Option<Offer> {
    let text = match which(&lines, &asked, id.as_deref(), "cancel").await {
        Ok(run) if may_cancel(&asked, &run) => cancelled(&lines, &asked, &run).await,
        Ok(run) => words::not_yours(&run),
        Err(why) => why,
    };
    reply(&lines, &asked, text).await
}

/// Gives the command of an execution again, as the asker's and by the ordinary way. StackStorm's own `re_run` is not used:
/// the execution that it makes carries no mark (`st2api/controllers/v1/actionexecutions.py`), so its result would be nobody's.
pub(super) async fn rerun(lines: Rc<Lines>, asked: Asked, id: String) -> Option<Offer> {
    let run = match find(&lines, &asked, &id).await {
        Ok(run) => run,
        Err(why) => return reply(&lines, &asked, why).await,
    };
    let Command { route, stackstorm, text, .. } = &run.command;
    if route.chat != asked.chat {
        let text = format!("That command was given in {}: give it again there.", route.chat);
        return reply(&lines, &asked, text).await;
    }
    let Some(storm) = storm_of(&lines, &run) else {
        return reply(&lines, &asked, format!("Not run: there is no StackStorm {stackstorm} any more.")).await;
    };
    match storm.gate.join(Caller::Person(Person::of(&asked.chat, &asked.heard))) {
        Some(ticket) => {
            let asked = Asked { storm: Rc::clone(storm), ticket, ..asked };
            command::run(Rc::clone(&lines), asked, text.clone(), text.clone()).await
        }
        None => reply(&lines, &asked, format!("Not run: too much waits at {stackstorm}.")).await,
    }
}

/// The execution that is meant: the one whose id ends so; without an id, the asker's only one here. Where several StackStorms
/// have such an id, that of the one which is asked.
pub(super) async fn which(lines: &Lines, asked: &Asked, id: Option<&str>, verb: &str) -> Result<Run, String> {
    match id {
        Some(id) => find(lines, asked, id).await,
        None => own(lines, asked, verb).await,
    }
}

async fn find(lines: &Lines, asked: &Asked, id: &str) -> Result<Run, String> {
    let scope = match asked.standing {
        Standing::Administrator => Scope::Everywhere,
        Standing::Claimant | Standing::Other => {
            let who = asked.heard.sender.identity.clone();
            Scope::Around(asked.chat.clone(), asked.heard.room.clone(), who)
        }
    };
    let ending = id.to_ascii_lowercase();
    let Listed { running, over, .. } = listed(lines, asked, scope, ending.clone()).await?;
    let mut found: Vec<Run> = running.into_iter().chain(over).collect();
    let is_its = |run: &Run| run.command.stackstorm == asked.storm.name;
    if found.iter().any(is_its) {
        found.retain(is_its);
    }
    if let Some(exact) = found.iter().position(|run| run.execution.id == ending) {
        return Ok(found.swap_remove(exact));
    }
    match found.pop() {
        None => Err(words::none(&ending, asked.prefix(lines))),
        Some(only) if found.is_empty() => Ok(only),
        Some(last) => {
            found.push(last);
            Err(format!("Several executions end with {ending}:\n{}", choice(lines, asked, &found, "")))
        }
    }
}

async fn own(lines: &Lines, asked: &Asked, verb: &str) -> Result<Run, String> {
    let scope = Scope::Of(asked.chat.clone(), asked.heard.sender.identity.clone());
    let Listed { mut running, more, .. } = listed(lines, asked, scope, String::new()).await?;
    running.retain(|run| asked.heard.direct || run.command.route.room == asked.heard.room);
    match running.pop() {
        None => Err("Nothing of yours runs here.".into()),
        Some(only) if running.is_empty() && more == 0 => Ok(only),
        Some(last) => {
            running.push(last);
            Err(format!("Several of yours run here, say which:\n{}", choice(lines, asked, &running, verb)))
        }
    }
}

/// Executions to choose from, with the words of `verb` that choose each, if there is one.
fn choice(lines: &Lines, asked: &Asked, runs: &[Run], verb: &str) -> String {
    let command = |run: &Run| match storm_of(lines, run) {
        Some(storm) if !verb.is_empty() => {
            format!("{}{verb} ", lines.prefix(storm, &asked.route(), asked.heard.direct))
        }
        Some(_) | None => String::new(),
    };
    words::choice(runs, command, &asked.storm.name)
}

/// Who calls a StackStorm by its own prefix asks about nothing else.
async fn listed(lines: &Lines, asked: &Asked, scope: Scope, ending: String) -> Result<Listed, String> {
    let stackstorm = (!lines.is_home(&asked.storm, &asked.route())).then(|| asked.storm.name.clone());
    let listed = lines.journal.send(Executions { scope, stackstorm, ending }).await;
    listed.map_err(|down| format!("The journal is {down}."))
}

fn may_cancel(asked: &Asked, run: &Run) -> bool {
    let is_author = Scope::Of(asked.chat.clone(), asked.heard.sender.identity.clone()).covers(&run.command);
    is_author || asked.standing == Standing::Administrator
}

async fn cancelled(lines: &Lines, asked: &Asked, run: &Run) -> String {
    let by = asked.heard.sender.identity.as_str();
    info!(execution = %run.execution.id, chat = %asked.chat, %by, "told to cancel");
    let (Some(storm), Some(id)) = (storm_of(lines, run), ExecutionId::new(run.execution.id.clone())) else {
        return format!("Not cancelled: there is no StackStorm {} any more.", run.command.stackstorm);
    };
    // Whoever waits for their own calls can still have one cancelled.
    let Some(ticket) = storm.gate.join(Caller::Gateway) else { return "Not cancelled: too much waits.".into() };
    let turn = match ticket.turn().await {
        Ok(turn) => turn,
        Err(late) => return format!("Not cancelled: {late}."),
    };
    let answer = auth::call(&storm.auth, async |access| storm.client.cancel(access, &id).await).await;
    drop(turn);
    match answer {
        Ok(Cancelled::Begun(status)) => words::cancelling(run, &status),
        Ok(Cancelled::Refused(fault)) => format!("Not cancelled. StackStorm says: {fault}"),
        Err(CallError::Api(error)) if error.is_absent() => {
            format!("StackStorm does not know the execution {id} any more.")
        }
        Err(error) => {
            warn!(%error, execution = %id, "not cancelled");
            format!("Perhaps not cancelled: {error}.")
        }
    }
}

fn storm_of<'a>(lines: &'a Lines, run: &Run) -> Option<&'a Rc<StackStorm>> {
    lines.stackstorms.get(&run.command.stackstorm)
}
