//! `fulmar status`: asks a running gateway.

use std::{process::ExitCode, time::Duration};

use awc::http::StatusCode;
use serde_json::Value;

use super::{FAILED, fail, run::within_system, say};
use crate::tls::{self, Pool, Trust};

/// Arguments of `status`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the gateway's admin routes are.
    #[arg(long, env = "FULMAR_ADMIN", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    admin: String,
    /// The admin token, if the gateway has one.
    #[arg(long, env = "FULMAR_ADMIN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Answers with the JSON as it came.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    within_system(async {
        match ask(arguments).await {
            Ok(status) if arguments.json => say(status),
            Ok(status) => say(words(&status)),
            Err(why) => return fail(FAILED, format_args!("{}: {why}", arguments.admin)),
        }
        ExitCode::SUCCESS
    })
}

async fn ask(arguments: &Arguments) -> Result<Value, String> {
    let url = format!("{}/status", arguments.admin.trim_end_matches('/'));
    let trust = Trust { verify: true, authorities: None, identity: None };
    let client = tls::http_client(url.starts_with("https:").then_some(&trust), POOL).map_err(|e| e.to_string())?;
    let mut request = client.get(url).timeout(ANSWER);
    if let Some(token) = &arguments.token {
        request = request.bearer_auth(token);
    }
    let mut response = request.send().await.map_err(|error| format!("no gateway answers ({error})"))?;
    if response.status() == StatusCode::UNAUTHORIZED {
        return Err("it wants its admin token: give it with --token or FULMAR_ADMIN_TOKEN".into());
    }
    if !response.status().is_success() {
        return Err(format!("answered {}", response.status()));
    }
    response.json().await.map_err(|error| error.to_string())
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

/// How long the gateway may take.
const ANSWER: Duration = Duration::from_secs(10);

const POOL: Pool = Pool { connect: Duration::from_secs(5), keep_alive: Duration::from_secs(1), limit: 1 };
