//! From an execution's end to what its author is told.

use std::rc::Rc;

use serde_json::{Value, json};
use tracing::warn;

use super::{
    Concluded,
    lines::{Lines, StackStorm, Utterance},
};
use crate::{
    actors::{auth, journal::End},
    journal::{Command, Entry, ExecutionState, Speech},
    render::{self, Formatted},
    st2::wire::{Execution, ExecutionId},
};

/// Says how an execution ended, where the command was given.
pub(super) async fn conclude(lines: Rc<Lines>, Concluded { command, execution, end }: Concluded) {
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
    if enabled {
        let (speech, command_id) = (Speech::Result, Some(command.id));
        let execution = Some(execution.id);
        let what = Utterance { speech, command: command_id, execution, extra, ..Utterance::notice(message) };
        lines.say(command.route, what).await;
    } else if let Err(error) = lines.note(vec![Entry::Ended(execution.id, ExecutionState::Told)]).await {
        warn!(%error, "a result that nobody wants is still owed");
    }
}

/// The text by our own engine, else by StackStorm's, else StackStorm's default text and a line on what is wrong.
async fn format(lines: &Lines, command: &Command, result: &Value, finished: &Execution) -> Formatted {
    let (_, name) = command.alias.split_once('.').unwrap_or(("", &command.alias));
    let alias = json!({"name": name, "result": result});
    let error = match render::result(finished.raw(), &alias) {
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
    let plain = render::result(finished.raw(), &json!({"name": name}));
    let message = plain.map_or_else(|_| bare(finished), |plain| plain.message);
    let complaint = format!("(The result template of {} failed: {error})", command.alias);
    Formatted { enabled, message: format!("{}\n{complaint}", message.trim_end()), extra: Value::Null }
}

async fn on_server(lines: &Lines, command: &Command, execution: &ExecutionId) -> Option<Formatted> {
    let storm: &Rc<StackStorm> = lines.stackstorms.get(&command.stackstorm)?;
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
