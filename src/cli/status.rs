//! `fulmar status`: asks a running gateway.

use std::process::ExitCode;

use awc::http::Method;
use serde_json::Value;

use super::{FAILED, fail, remote::Remote, run::within_system, say};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    remote: Remote,
    /// Answers with the JSON as it came.
    #[arg(long)]
    json: bool,
    /// Asks only whether it works, as a container's health check: the exit code says it, and no token is needed.
    #[arg(long, conflicts_with_all = ["json", "ready"])]
    live: bool,
    /// Asks only whether it can take commands and answer them; else says what is missing. No token is needed.
    #[arg(long, conflicts_with = "json")]
    ready: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    within_system(async {
        if arguments.live || arguments.ready {
            let question = if arguments.live { "/live" } else { "/ready" };
            return match arguments.remote.affirms(question).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(why) => fail(FAILED, why),
            };
        }
        match arguments.remote.ask(Method::GET, "/status").await {
            Ok(status) if arguments.json => say(status),
            Ok(status) => say(words(&status)),
            Err(why) => return fail(FAILED, why),
        }
        ExitCode::SUCCESS
    })
}

/// The status for people: a line for each child, StackStorm and chat.
fn words(status: &Value) -> String {
    let text = |value: &Value, key: &str| match value.get(key) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => "-".into(),
        Some(other) => other.to_string(),
    };
    let mut lines = vec![format!(
        "{} (fulmar {}), up {} s",
        text(status, "name"),
        text(status, "version"),
        text(status, "uptime")
    )];
    if let Some(journal) = status.get("journal") {
        let count = |key| text(journal, key);
        let mut line =
            format!("journal: {} open, {} pending, {} dead", count("open"), count("pending"), count("dead"));
        if journal.get("damaged").and_then(Value::as_u64).is_some_and(|places| places > 0) {
            line.push_str(&format!(", {} damaged", count("damaged")));
        }
        if let Some(trouble) = journal.get("trouble").and_then(Value::as_str) {
            line.push_str(&format!(", cannot be written to: {trouble}"));
        }
        lines.push(line);
    }
    if let Some(web) = status.get("web").and_then(Value::as_str) {
        lines.push(format!("web: listens on {web}"));
    }
    for (name, it) in status.get("stackstorm").and_then(Value::as_object).into_iter().flatten() {
        let stream = it.get("stream").map(|stream| text(stream, "phase")).unwrap_or_default();
        let calls = |key| it.get("calls").map(|calls| text(calls, key)).unwrap_or_default();
        lines.push(format!(
            "stackstorm {name}: login {}, {} aliases, stream {stream}, {} calls in flight, {} waiting",
            text(it, "auth"),
            text(it, "aliases"),
            calls("in_flight"),
            calls("waiting")
        ));
    }
    for (name, it) in status.get("chats").and_then(Value::as_object).into_iter().flatten() {
        lines.push(format!(
            "chat {name} ({}): {}, rooms {}",
            text(it, "kind"),
            text(it, "phase"),
            rooms(it).unwrap_or_else(|| "-".into())
        ));
    }
    for it in status.get("children").and_then(Value::as_array).into_iter().flatten() {
        let error =
            it.get("last_error").and_then(Value::as_str).map(|error| format!(" ({error})")).unwrap_or_default();
        lines.push(format!(
            "child {}: {}, restarts {}{error}",
            text(it, "name"),
            text(it, "phase"),
            text(it, "restarts")
        ));
    }
    lines.join("\n")
}

fn rooms(chat: &Value) -> Option<String> {
    let rooms: Vec<&str> = chat.get("rooms")?.as_array()?.iter().filter_map(Value::as_str).collect();
    (!rooms.is_empty()).then(|| rooms.join(" "))
}
