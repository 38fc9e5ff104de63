//! From a matched command to StackStorm's answer.

use std::{rc::Rc, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use tokio::time::sleep;
use tracing::{info, warn};

use super::{
    gate::Ticket,
    lines::{Lines, StackStorm, Utterance},
    words,
};
use crate::{
    actors::{
        auth::{self, CallError},
        journal::{NotKept, keep},
    },
    alias::Hit,
    journal::{Command, CommandState, Entry, Execution, ExecutionState, Results, Speech},
    st2::{
        self, ApiError, Fate as Doubt,
        wire::{AliasAnswer, AliasExecution, ExecutionId, Mark, MatchAndExecute},
    },
};

/// A command on its way to StackStorm.
pub(super) struct Submission {
    pub(super) storm: Rc<StackStorm>,
    pub(super) ticket: Ticket,
    pub(super) command: Command,
    pub(super) hit: Hit,
}

/// What became of a POST.
enum Fate {
    /// It ran.
    Answered(Vec<AliasAnswer>),
    /// It ran, as was found out later.
    Found(Vec<st2::wire::Execution>),
    /// It did not run.
    Refused(String),
    /// Nobody knows.
    Unknown(String),
}

/// Takes a command all the way to its ack; every way out has told its author or is an ack.
pub(super) async fn submit(lines: Rc<Lines>, submission: Submission) {
    let submission = Rc::new(submission);
    let Submission { command, hit, .. } = &*submission;
    if let Err(why) = begin(&lines, command).await {
        // It is not journalled, so nothing may refer to it.
        let text = Utterance { command: None, ..Utterance::answer(command, format!("Not run: {why}.")) };
        return lines.answer(command, text).await;
    }
    let posting = actix::spawn(post(Rc::clone(&lines), Rc::clone(&submission)));
    let fate = posting.await.unwrap_or_else(|_| Fate::Unknown("the gateway failed over it".into()));
    settle(&lines, command, hit, fate).await;
}

async fn begin(lines: &Lines, command: &Command) -> Result<(), NotKept> {
    let id = command.id;
    keep(&lines.journal, vec![Entry::Received(command.clone()), Entry::Advanced(id, CommandState::Authorised)])
        .await
}

async fn settle(lines: &Lines, command: &Command, hit: &Hit, fate: Fate) {
    let id = command.id;
    let (entry, ack) = match fate {
        Fate::Answered(answers) => {
            lines.metrics.command("submitted");
            let result = |answer: &AliasAnswer| answer.actionalias.result.clone();
            let executions = answers.iter().map(|it| execution(command, &it.execution.id, result(it))).collect();
            (Entry::Submitted(id, executions), ack(lines, command, &answers))
        }
        Fate::Found(found) => {
            lines.metrics.command("submitted");
            let executions = found.iter().map(|it| execution(command, it.id(), result_of(hit))).collect();
            let text = "It runs; StackStorm's own answer was lost on the way.";
            (Entry::Submitted(id, executions), Some(Utterance::answer(command, text)))
        }
        Fate::Refused(why) => {
            lines.metrics.command("refused");
            let text = Utterance::answer(command, format!("Not run: {why}"));
            (Entry::Advanced(id, CommandState::Refused { why }), Some(text))
        }
        Fate::Unknown(why) => {
            lines.metrics.command("unknown");
            warn!(command = %id, error = %why, "whether the command runs is unknown");
            let text =
                format!("It may or may not run: {why}. It will not be sent again; look before you repeat it.");
            (
                Entry::Advanced(id, CommandState::Unknown { why, result: result_of(hit) }),
                Some(Utterance::answer(command, text)),
            )
        }
    };
    // The ack is queued before the Journal can conclude anything, so it always goes before the result.
    if let Some(ack) = ack {
        lines.answer(command, ack).await;
    }
    if let Err(error) = keep(&lines.journal, vec![entry]).await {
        warn!(%error, command = %id, "fate of a command not journalled");
    }
}

fn ack(lines: &Lines, command: &Command, answers: &[AliasAnswer]) -> Option<Utterance> {
    let text = words::ack_of_several(answers)?;
    let extra = answers.first().map(|answer| words::ack_extra(&answer.extra)).unwrap_or_default();
    let asks = |answer: &AliasAnswer| lines.is_whisper(command, answer.actionalias.ack.get("extra"));
    let whisper = answers.iter().any(asks);
    Some(Utterance { speech: Speech::Ack, whisper, extra, ..Utterance::answer(command, text) })
}

fn execution(command: &Command, id: &ExecutionId, result: Value) -> Execution {
    Execution { id: id.as_str().to_owned(), command: command.id, result, state: ExecutionState::Running }
}

/// The alias's `result` as we know it.
fn result_of(hit: &Hit) -> Value {
    serde_json::to_value(&hit.alias.result).unwrap_or_default()
}

fn mark(lines: &Lines, command: &Command) -> Mark {
    Mark { gateway: lines.gateway.name.clone(), command: command.id.to_string() }
}

async fn post(lines: Rc<Lines>, submission: Rc<Submission>) -> Fate {
    let Submission { storm, ticket, command, hit } = &*submission;
    let turn = match ticket.turn().await {
        Ok(turn) => turn,
        Err(late) => {
            lines.metrics.refusal("late");
            return Fate::Refused(late.to_string());
        }
    };
    if let Err(why) = keep(&lines.journal, vec![Entry::Advanced(command.id, CommandState::Submitting)]).await {
        return Fate::Refused(why.to_string());
    }
    // By StackStorm's clock, less a minute: what began before cannot be ours.
    let now = storm.client.time().unwrap_or_else(|| lines.world.now());
    let since = now.checked_sub(Duration::from_secs(60)).unwrap_or(now);
    let sent = send(&lines, &submission).await;
    drop(turn);
    match sent {
        Ok(answers) if answers.is_empty() => Fate::Refused("StackStorm found nothing to run in it".into()),
        Ok(answers) => {
            info!(command = %command.id, alias = %command.alias, executions = answers.len(), "submitted");
            Fate::Answered(answers)
        }
        Err(CallError::Auth(error)) => Fate::Refused(error.to_string()),
        Err(CallError::Api(error)) if hit.match_multiple => fate_without_mark(&error),
        Err(CallError::Api(error)) => look_up(&lines, &submission, since, &error).await,
    }
}

/// The one POST. A credential that is refused before anything ran is replaced once.
async fn send(
    lines: &Lines,
    Submission { storm, command, hit, .. }: &Submission,
) -> Result<Vec<AliasAnswer>, CallError> {
    let default_chat = storm.settings.default_chat.as_deref();
    let user = command.author.identity.as_str().to_owned();
    let room = words::source_channel(&command.route.chat, command.route.room.as_str(), default_chat);
    let text = command.text.clone();
    if hit.match_multiple {
        let request = MatchAndExecute { command: text, user, source_channel: room };
        return auth::call(&storm.auth, async |access| storm.client.match_and_execute(access, &request).await)
            .await;
    }
    let request = AliasExecution {
        name: hit.alias.name.clone(),
        format: hit.representation.clone(),
        command: text,
        user,
        source_channel: room,
        source_context: mark(lines, command).to_context(),
        notification_route: match command.results {
            Results::Announcement => Some(storm.settings.route_key.clone()),
            Results::Direct => None,
        },
    };
    let answer = auth::call(&storm.auth, async |access| storm.client.execute(access, &request).await).await;
    answer.map(|answer| vec![answer])
}

/// What becomes of a `match_multiple` command, whose executions cannot be looked up: they carry no mark.
fn fate_without_mark(error: &ApiError) -> Fate {
    let is_clear = match error {
        ApiError::Refused { fault, .. } => fault.is_no_match() || fault.is_ambiguous(),
        other => other.fate() == Doubt::NotRun,
    };
    if is_clear { Fate::Refused(error.to_string()) } else { Fate::Unknown(error.to_string()) }
}

/// A POST without a 201 may have run: asks StackStorm for an execution that carries the command's id, until it is
/// found or, after a plain refusal, is said not to be there. Nobody is told "not run" on a guess.
async fn look_up(
    lines: &Lines,
    Submission { storm, command, hit, .. }: &Submission,
    since: Timestamp,
    error: &ApiError,
) -> Fate {
    let doubt = error.fate();
    if doubt == Doubt::NotRun {
        return Fate::Refused(error.to_string());
    }
    let (action, mark) = (&hit.alias.action_ref, mark(lines, command));
    for wait in LOOK_UPS {
        sleep(wait).await;
        let found = auth::call(&storm.auth, async |access| {
            storm.client.find_submission(access, action, since, &mark).await
        });
        match found.await {
            Ok(found) if !found.is_empty() => return Fate::Found(found),
            Ok(_) if doubt == Doubt::Doubtful => return Fate::Refused(error.to_string()),
            Ok(_) => {}
            Err(error) => warn!(%error, command = %command.id, "submission not looked up"),
        }
    }
    Fate::Unknown(error.to_string())
}

/// The waits before each look: 0, 2, 10, 30 and 60 s after the POST.
const LOOK_UPS: [Duration; 5] = [
    Duration::ZERO,
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(20),
    Duration::from_secs(30),
];
