//! From a matched command to StackStorm's answer.

use std::{iter, rc::Rc, time::Duration};

use fulmar_contract::Heard;
use jiff::Timestamp;
use serde_json::Value;
use tracing::{debug, info, warn};

use super::{
    gate::{Ticket, Turn},
    lines::{Lines, StackStorm, Utterance, answered},
    look_up::{Lost, Outcome, SOON, look_up, mark},
    manner::Mood,
    suspense::Suspense,
    words,
};
use crate::{
    actors::{
        auth::{self, CallError},
        journal::{NotKept, keep},
        listener::ask,
    },
    alias::{Alias, Hit},
    journal::{Command, CommandState, Entry, Execution, ExecutionState, Results, Speech},
    markup::Format,
    st2::{
        self, ApiError, Fate as Doubt,
        wire::{AliasAnswer, AliasExecution, ExecutionId, MatchAndExecute},
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
pub(super) enum Fate {
    /// It ran.
    Answered(Vec<AliasAnswer>),
    /// It ran, as was found out later.
    Found(Vec<st2::wire::Execution>),
    /// It did not run.
    Refused(String),
    /// Nobody knows.
    Unknown(String),
}

/// Takes a command all the way to its ack; every way out has told its author or is an ack. What was `heard` is let go of once
/// the command is in the Journal.
pub(super) async fn submit(lines: Rc<Lines>, submission: Submission, heard: Heard) {
    let command = &submission.command;
    // Whose turn it is waits for the journal only once.
    let turn = submission.ticket.turn_at_once();
    let states = [CommandState::Authorised].into_iter().chain(turn.as_ref().map(|_| CommandState::Submitting));
    let advanced = states.map(|state| Entry::Advanced(command.id, state));
    let entries = iter::once(Entry::Received(command.clone())).chain(advanced).collect();
    if let Err(why) = keep(&lines.journal, entries).await {
        if matches!(why, NotKept::Misfit(_)) {
            debug!(message = %command.message, "a message that the network says once more");
            return lines.metrics.refusal(words::REPEATED);
        }
        lines.metrics.refusal("journal");
        // A network that says it again after a restart is to be told nothing else. It may be known as a command by now.
        keep(&lines.journal, vec![answered(&command.route.chat, &heard)]).await.unwrap_or_default();
        // It is not journalled, so nothing may refer to it.
        let text = Utterance { command: None, ..Utterance::answer(command, format!("Not run: {why}.")) };
        return lines.answer(command, text).await;
    }
    drop(heard);
    lines.react(&submission.command, Mood::Taken);
    carry_out(lines, submission, turn).await;
}

/// Takes an authorised command all the way to its ack; with a turn, the Journal knows that it is being submitted.
pub(super) async fn carry_out(lines: Rc<Lines>, submission: Submission, turn: Option<Turn>) {
    let submission = Rc::new(submission);
    let posting = actix::spawn(post(Rc::clone(&lines), Rc::clone(&submission), turn));
    let fate = posting.await.unwrap_or_else(|_| Fate::Unknown("the gateway failed over it".into()));
    settle(&lines, &submission.command, result_of(&submission.hit.alias), fate).await;
}

/// Tells what became of a command, and has the Journal know. `result` is the alias's, as we know it.
pub(super) async fn settle(lines: &Lines, command: &Command, result: Value, fate: Fate) {
    match fate {
        Fate::Answered(answers) => {
            let result = |answer: &AliasAnswer| answer.actionalias.result.clone();
            let executions = answers.iter().map(|it| execution(command, &it.execution.id, result(it))).collect();
            ran(lines, command, executions, ack(lines, command, &answers)).await;
        }
        Fate::Found(found) => {
            let executions = found.iter().map(|it| execution(command, it.id(), result.clone())).collect();
            let text = "StackStorm has it; its own answer was lost on the way.";
            ran(lines, command, executions, Some(Utterance::answer(command, text))).await;
            ask_for_ends(lines, command, &found).await;
        }
        Fate::Refused(why) => {
            lines.metrics.command("refused");
            lines.react(command, Mood::Bad);
            let text = format!("Not run: {why}");
            did_not_run(lines, command, CommandState::Refused { why }, text).await;
        }
        Fate::Unknown(why) => {
            lines.metrics.command("unknown");
            lines.react(command, Mood::Unclear);
            warn!(command = %command.id, error = %why, "whether the command runs is unknown");
            let text =
                format!("It may or may not run: {why}. It will not be sent again; look before you repeat it.");
            did_not_run(lines, command, CommandState::Unknown { why, result }, text).await;
        }
    }
}

/// The ack is in its queue before the Journal can conclude anything, so it always goes before the result.
async fn ran(lines: &Lines, command: &Command, executions: Vec<Execution>, ack: Option<Utterance>) {
    lines.metrics.command("submitted");
    conclude(lines, command, Entry::Submitted(command.id, executions), ack).await;
}

async fn did_not_run(lines: &Lines, command: &Command, state: CommandState, text: String) {
    let text = Utterance::answer(command, text);
    conclude(lines, command, Entry::Advanced(command.id, state), Some(text)).await;
}

/// Journals what became of a command together with what is said of it, so that it is not said again after a restart.
async fn conclude(lines: &Lines, command: &Command, entry: Entry, what: Option<Utterance>) {
    if let Some(what) = what {
        let (route, what) = lines.placed(command, what);
        if lines.queue(route, what, vec![entry.clone()]).await.is_ok() {
            return;
        }
    }
    if let Err(error) = keep(&lines.journal, vec![entry]).await {
        warn!(%error, command = %command.id, "fate of a command not journalled");
    }
}

/// Those that were over when they were found: the stream told of it while they were not known.
async fn ask_for_ends(lines: &Lines, command: &Command, found: &[st2::wire::Execution]) {
    let Some(storm) = lines.stackstorms.get(&command.stackstorm) else { return };
    for over in found.iter().filter(|it| it.status().is_terminal()) {
        ask(&storm.client, &storm.auth, &lines.journal, command.run_id(over.id().as_str())).await;
    }
}

fn ack(lines: &Lines, command: &Command, answers: &[AliasAnswer]) -> Option<Utterance> {
    let text = words::ack_of_several(answers)?;
    let extra = answers.first().map(|answer| words::ack_extra(&answer.extra)).unwrap_or_default();
    let asks = |answer: &AliasAnswer| lines.is_whisper(command, answer.actionalias.ack.get("extra"));
    let whisper = answers.iter().any(asks);
    let format = Format::of(&extra);
    Some(Utterance { speech: Speech::Ack, whisper, format, extra, ..Utterance::answer(command, text) })
}

fn execution(command: &Command, id: &ExecutionId, result: Value) -> Execution {
    Execution { id: id.as_str().to_owned(), command: command.id, result, state: ExecutionState::Running }
}

/// The alias's `result` as we know it.
pub(super) fn result_of(alias: &Alias) -> Value {
    serde_json::to_value(&alias.result).unwrap_or_default()
}

async fn post(lines: Rc<Lines>, submission: Rc<Submission>, turn: Option<Turn>) -> Fate {
    let Submission { storm, command, hit, .. } = &*submission;
    let turn = match turn {
        Some(turn) => turn,
        None => match wait(&lines, &submission).await {
            Ok(turn) => turn,
            Err(why) => return Fate::Refused(why),
        },
    };
    // By StackStorm's clock, less a minute: what began before cannot be ours.
    let now = storm.client.time().unwrap_or_else(|| lines.world.now());
    let since = now.checked_sub(Duration::from_secs(60)).unwrap_or(now);
    let suspense = Suspense::new(&lines, command, &CommandState::Submitting);
    let sent = suspense.until(send(&lines, &submission), PATIENCE, UNANSWERED).await;
    drop(turn);
    match sent {
        Ok(answers) if answers.is_empty() => Fate::Refused("StackStorm found nothing to run in it".into()),
        Ok(answers) => {
            info!(command = %command.id, alias = %command.alias, executions = answers.len(), "submitted");
            Fate::Answered(answers)
        }
        Err(CallError::Auth(error)) => Fate::Refused(error.to_string()),
        Err(CallError::Api(error)) if hit.match_multiple => fate_without_mark(&error),
        Err(CallError::Api(error)) => {
            suspense.until(fate(&lines, &submission, since, &error), SOON, OUTSTANDING).await
        }
    }
}

/// Waits for the turn of a command that is submitted then; says why not, if not.
async fn wait(lines: &Lines, Submission { ticket, command, .. }: &Submission) -> Result<Turn, String> {
    let turn = ticket.turn().await.map_err(|late| {
        lines.metrics.refusal("late");
        late.to_string()
    })?;
    let submitting = vec![Entry::Advanced(command.id, CommandState::Submitting)];
    keep(&lines.journal, submitting).await.map_err(|why| why.to_string())?;
    Ok(turn)
}

/// What became of a POST without a 201. Nobody is told "not run" on a guess.
async fn fate(lines: &Lines, submission: &Submission, since: Timestamp, error: &ApiError) -> Fate {
    let Submission { storm, command, hit, .. } = submission;
    let doubt = error.fate();
    if doubt == Doubt::NotRun {
        return Fate::Refused(error.to_string());
    }
    let lost = Lost { storm, command, action: &hit.alias.action_ref, since };
    match look_up(lines, lost, doubt).await {
        Outcome::Runs(found) => Fate::Found(found),
        Outcome::Nothing if doubt == Doubt::Doubtful => Fate::Refused(error.to_string()),
        Outcome::Nothing | Outcome::Unclear => Fate::Unknown(error.to_string()),
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

/// How long the author of a command waits for StackStorm's answer without a word. When its message bus is away, it takes 12 s.
const PATIENCE: Duration = Duration::from_secs(15);

/// What they are told then.
const UNANSWERED: &str = "StackStorm has not answered yet; you will be told whether it runs.";

/// What they are told while the command is looked for.
const OUTSTANDING: &str = "StackStorm's answer is outstanding; looking whether it runs.";
