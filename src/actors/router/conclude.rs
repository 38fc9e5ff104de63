//! From an execution's end to what its author is told.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use fulmar_contract::Tone;
use serde_json::{Value, json};
use tokio::time::timeout;
use tracing::warn;

use super::{
    Concluded,
    gate::Caller,
    lines::{Lines, StackStorm, Utterance},
    manner::Mood,
};
use crate::{
    actors::{
        auth,
        journal::{End, keep},
        progress::Over,
    },
    journal::{Command, Entry, ExecutionState, Speech},
    markup::Format,
    render::{self, Effort, Formatted, TemplateError},
    st2::wire::{Execution, ExecutionId, Status},
};

/// Says how an execution ended, where the command was given.
pub(super) async fn conclude(lines: Rc<Lines>, Concluded { command, execution, end }: Concluded) {
    let whisper = lines.is_whisper(&command, execution.result.get("extra"));
    let (tone, link, status) = match &end {
        End::Finished(finished) => {
            let status = finished.status();
            (tone(status), finished.web_url().map(str::to_owned), Some(status.clone()))
        }
        End::Missing => (Tone::Neutral, None, None),
    };
    let formatted = match end {
        End::Finished(finished) => format(&lines, &command, &execution.result, &finished).await,
        End::Missing => Formatted {
            enabled: true,
            message: format!(
                "StackStorm does not know the execution {} of {} any more; how it ended cannot be found out.",
                execution.id, command.alias
            ),
            extra: Value::Null,
        },
    };
    let Formatted { enabled, message, extra } = formatted;
    let run = command.run_id(&execution.id);
    lines.react(&command, status.as_ref().map_or(Mood::Unclear, Mood::after));
    if let Some(status) = status {
        end_line(&lines, &command, status).await;
    }
    if enabled {
        // What it printed last goes before it, if it comes at once.
        drop(timeout(LAST_WORDS, lines.tails.over(&run)).await);
        let (speech, execution) = (Speech::Result, Some(run));
        let format = Format::of(&extra);
        let answer = Utterance::answer(&command, message);
        let what = Utterance { speech, execution, whisper, format, tone, link, extra, ..answer };
        lines.answer(&command, what).await;
    } else if let Err(error) = keep(&lines.journal, vec![Entry::Ended(run, ExecutionState::Told)]).await {
        warn!(%error, "a result that nobody wants is still owed");
    }
}

/// Has the live line of a command end, if it has one. Should that fail, the next look at it ends it.
async fn end_line(lines: &Lines, command: &Command, status: Status) {
    let Some(storm) = lines.stackstorms.get(&command.stackstorm) else { return };
    storm.progress.send_now(Over { command: command.id, status }).await.unwrap_or_default();
}

/// How good the news of such an end is.
fn tone(status: &Status) -> Tone {
    match status {
        Status::Succeeded => Tone::Good,
        Status::Abandoned | Status::Failed | Status::Timeout => Tone::Bad,
        Status::Canceled => Tone::Warning,
        _ => Tone::Neutral,
    }
}

/// The text by our own engine, else by StackStorm's, else StackStorm's default text and a line on what is wrong.
async fn format(lines: &Lines, command: &Command, result: &Value, finished: &Execution) -> Formatted {
    let (_, name) = command.alias.split_once('.').unwrap_or(("", &command.alias));
    let error = match rendered(finished, json!({"name": name, "result": result})).await {
        Ok(formatted) => return formatted,
        Err(error) => error,
    };
    let enabled = result.get("enabled") != Some(&Value::Bool(false));
    if !enabled {
        return Formatted { enabled, message: String::new(), extra: Value::Null };
    }
    warn!(alias = %command.alias, %error, "result template not rendered here, asking StackStorm");
    if let Some(formatted) = on_server(lines, command, finished.id()).await {
        return formatted;
    }
    let plain = rendered(finished, json!({"name": name})).await;
    let message = plain.map_or_else(|_| bare(finished), |plain| plain.message);
    let complaint = format!("(The result template of {} failed: {error})", command.alias);
    Formatted { enabled, message: format!("{}\n{complaint}", message.trim_end()), extra: Value::Null }
}

/// Renders at once what is little work, and what is more away from the actors' thread, which it would hold up.
async fn rendered(finished: &Execution, alias: Value) -> Result<Formatted, String> {
    let execution = Arc::clone(finished.json());
    if execution.len() <= SHORT {
        match attempt(&execution, &alias, Effort::Brief) {
            Ok(Err(error)) if error.is_out_of_fuel() => {}
            other => return other?.map_err(|error| error.to_string()),
        }
    }
    let rendered = tokio::task::spawn_blocking(move || attempt(&execution, &alias, Effort::Full)).await;
    rendered.map_err(|_| NEVER.to_owned())??.map_err(|error| error.to_string())
}

/// A panic over it is one more error.
fn attempt(
    execution: &Arc<str>,
    alias: &Value,
    effort: Effort,
) -> Result<Result<Formatted, TemplateError>, String> {
    catch_unwind(AssertUnwindSafe(|| render::result(execution, alias, effort))).map_err(|_| NEVER.to_owned())
}

const NEVER: &str = "it cannot be rendered";

/// The longest execution that may be rendered at once, in bytes.
const SHORT: usize = 64 * 1024;

async fn on_server(lines: &Lines, command: &Command, execution: &ExecutionId) -> Option<Formatted> {
    let storm: &Rc<StackStorm> = lines.stackstorms.get(&command.stackstorm)?;
    let ticket = storm.gate.join(Caller::Gateway)?;
    let _turn = ticket.turn().await.ok()?;
    let formatted =
        auth::call(&storm.auth, async |access| storm.client.format_on_server(access, execution).await).await;
    match formatted {
        Ok(formatted) => Some(formatted),
        Err(error) => {
            warn!(%error, alias = %command.alias, "StackStorm did not render the result either");
            None
        }
    }
}

fn bare(finished: &Execution) -> String {
    format!("Execution {} is over: {}.", finished.id(), finished.status())
}

/// How long a result waits for what is shown of its execution while it runs.
const LAST_WORDS: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tone_is_that_of_the_end() {
        let tones =
            ["succeeded", "failed", "timeout", "abandoned", "canceled", "running"].map(|word| tone(&word.into()));

        assert_eq!(tones, [Tone::Good, Tone::Bad, Tone::Bad, Tone::Bad, Tone::Warning, Tone::Neutral]);
    }
}
