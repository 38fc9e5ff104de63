//! `fulmar queue`: what a running gateway could not say.

use std::process::ExitCode;

use awc::http::Method;
use clap::Subcommand;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{FAILED, fail, remote::Remote, run::within_system, say};
use crate::time;

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Lists the dead letters: messages that the gateway has given up saying. The oldest comes first.
    List {
        #[command(flatten)]
        remote: Remote,
        /// Lists what still waits to be said, too.
        #[arg(long)]
        all: bool,
        /// Answers with the JSON as it came.
        #[arg(long)]
        json: bool,
    },
    /// Shows one message: its text, where it was to go, why it did not, and what happened to it.
    Show {
        /// The message: what the list shows, or any end of its whole id that no other one has.
        id: String,
        #[command(flatten)]
        remote: Remote,
        /// Answers with the JSON as it came.
        #[arg(long)]
        json: bool,
    },
    /// Has dead letters tried again. Each is said, from its beginning, after what waits in its room.
    Retry(Meant),
    /// Has messages dropped: they will not be said.
    Drop(Meant),
}

/// Which messages are meant.
#[derive(Debug, clap::Args)]
pub(super) struct Meant {
    /// The messages: what the list shows, or any end of a whole id that no other one has.
    #[arg(required_unless_present = "all", conflicts_with = "all", value_name = "ID")]
    ids: Vec<String>,
    /// All dead letters.
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    remote: Remote,
}

/// A message, as far as it is shown.
#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    chat: String,
    room: String,
    thread: Option<String>,
    speech: String,
    queued: Timestamp,
    state: String,
    why: Option<String>,
    text: String,
}

/// What [`Row`] lacks.
#[derive(Debug, Deserialize)]
struct More {
    execution: Option<String>,
    mention: Option<String>,
    author: Option<String>,
    words: Option<String>,
    alias: Option<String>,
    history: Vec<Event>,
}

#[derive(Debug, Deserialize)]
struct Event {
    at: Timestamp,
    what: String,
}

pub(super) fn run(verb: &Verb) -> ExitCode {
    within_system(async {
        let done = match verb {
            Verb::List { remote, all, json } => list(remote, *all, *json).await,
            Verb::Show { id, remote, json } => show(id, remote, *json).await,
            Verb::Retry(meant) => handle(meant, "retry", "to be tried again").await,
            Verb::Drop(meant) => handle(meant, "drop", "dropped").await,
        };
        done.map_or_else(|why| fail(FAILED, why), |()| ExitCode::SUCCESS)
    })
}

async fn list(remote: &Remote, all: bool, json: bool) -> Result<(), String> {
    let answer = remote.ask(Method::GET, if all { "/queue?all" } else { "/queue" }).await?;
    if json {
        say(answer);
        return Ok(());
    }
    let rows: Vec<Row> = read(answer)?;
    if !rows.is_empty() {
        say(table(&rows, Timestamp::now()));
        say("");
    }
    say(summary(&rows, all));
    Ok(())
}

async fn show(id: &str, remote: &Remote, json: bool) -> Result<(), String> {
    let answer = remote.ask(Method::GET, &format!("/queue/{}", in_path(id))).await?;
    if json {
        say(answer);
    } else {
        say(account(&read(answer.clone())?, &read(answer)?, Timestamp::now()));
    }
    Ok(())
}

async fn handle(Meant { ids, all, remote }: &Meant, verb: &str, became: &str) -> Result<(), String> {
    if *all {
        let answer = remote.ask(Method::POST, &format!("/queue/{verb}")).await?;
        let count = answer.get("handled").and_then(Value::as_u64).unwrap_or_default();
        say(format_args!("{} {became}", messages(count)));
        return Ok(());
    }
    let (mut done, mut failed) = (0, Vec::new());
    for id in ids {
        match remote.ask(Method::POST, &format!("/queue/{}/{verb}", in_path(id))).await {
            Ok(_) => done += 1,
            Err(why) => failed.push(why),
        }
    }
    say(format_args!("{} {became}", messages(done)));
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\nfulmar: ")) }
}

fn read<T: for<'de> Deserialize<'de>>(answer: Value) -> Result<T, String> {
    serde_json::from_value(answer).map_err(|error| format!("an unexpected answer: {error}"))
}

/// What of an id can stand in a path; nothing else is part of one.
fn in_path(id: &str) -> String {
    id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
}

/// A line for each message, in columns.
fn table(rows: &[Row], now: Timestamp) -> String {
    let head = ["ID", "AGE", "WHERE", "WHAT", "WHY"].map(str::to_owned);
    let cells = |row: &Row| {
        let why = row.why.as_deref().unwrap_or(&row.state);
        [short(&row.id), age(row, now), place(row), row.speech.clone(), line(why)]
    };
    let cells: Vec<_> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let width = |column: usize| {
        let cells = cells.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths = [0, 1, 2, 3].map(width);
    let line = |row: &[String; 5]| {
        let [id, age, place, what, why] = row;
        let [a, b, c, d] = widths;
        format!("{id:a$}  {age:>b$}  {place:c$}  {what:d$}  {why}").trim_end().to_owned()
    };
    cells.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn summary(rows: &[Row], all: bool) -> String {
    let dead = rows.iter().filter(|row| row.why.is_some()).count();
    let waiting = if all { format!(", {} waiting", rows.len() - dead) } else { String::new() };
    let hint = if dead > 0 { ": see `fulmar queue show ID`, then `retry` or `drop`" } else { "" };
    let plural = if dead == 1 { "" } else { "s" };
    format!("{dead} dead letter{plural}{waiting}{hint}")
}

/// All that is known of a message.
fn account(row: &Row, more: &More, now: Timestamp) -> String {
    let mut lines = vec![
        format!("message    {}", row.id),
        format!("where      {}", place(row)),
        format!("what       {}", row.speech),
        format!("state      {}, {} old", row.state, since(row, now)),
    ];
    let mut add = |name: &str, value: Option<&String>| {
        lines.extend(value.map(|value| format!("{name:9}  {}", plain(value))));
    };
    add("thread", row.thread.as_ref());
    add("why", row.why.as_ref());
    add("command", more.words.as_ref());
    add("alias", more.alias.as_ref());
    add("by", more.author.as_ref());
    add("execution", more.execution.as_ref());
    add("for", more.mention.as_ref());
    if !more.history.is_empty() {
        lines.push(String::new());
    }
    lines.extend(more.history.iter().map(|Event { at, what }| {
        format!("{}  {}", at.strftime("%Y-%m-%d %H:%M:%S UTC"), plain(what).replace('\n', " "))
    }));
    lines.extend([String::new(), plain(&row.text)]);
    lines.join("\n")
}

/// The last digits of an id: its first ones only tell the time.
fn short(id: &str) -> String {
    id.chars().skip(id.chars().count().saturating_sub(SHORT)).collect()
}

fn place(row: &Row) -> String {
    // What has no place to go has no chat.
    plain(format!("{}/{}", row.chat, row.room).trim_start_matches('/'))
}

fn age(row: &Row, now: Timestamp) -> String {
    let span = since(row, now);
    let (count, unit) = span.split_once(' ').unwrap_or((&span, ""));
    format!("{count}{}", unit.get(..1).unwrap_or_default())
}

fn since(row: &Row, now: Timestamp) -> String {
    time::span(now.duration_since(row.queued).try_into().unwrap_or_default())
}

/// The beginning of a text, in one line.
fn line(text: &str) -> String {
    let line: String = plain(text).chars().map(|c| if c == '\n' { ' ' } else { c }).take(WIDEST).collect();
    if text.chars().count() > WIDEST { format!("{line}…") } else { line }
}

/// A text that does nothing to a terminal.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".into() } else { format!("{count} messages") }
}

/// How much of an id is shown in a list.
const SHORT: usize = 6;

/// How much of a reason is shown in a list.
const WIDEST: usize = 80;

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, room: &str, why: Option<&str>) -> Row {
        Row {
            id: id.into(),
            chat: "ops-irc".into(),
            room: room.into(),
            thread: None,
            speech: "result".into(),
            queued: Timestamp::UNIX_EPOCH,
            state: if why.is_some() { "dead" } else { "queued" }.into(),
            why: why.map(str::to_owned),
            text: "done".into(),
        }
    }

    fn later() -> Timestamp {
        Timestamp::from_second(725).unwrap()
    }

    #[test]
    fn a_list_has_aligned_columns_and_nothing_acts() {
        let rows =
            [row("0190-0a0b0c", "#ops", Some("no such room\u{1b}[2J")), row("0190-ffffff", "#deployments", None)];

        let table = table(&rows, later());

        let expected = "\
ID      AGE  WHERE                 WHAT    WHY
0a0b0c  12m  ops-irc/#ops          result  no such room[2J
ffffff  12m  ops-irc/#deployments  result  queued";
        assert_eq!(table, expected);
        assert_eq!(
            summary(&rows, true),
            "1 dead letter, 1 waiting: see `fulmar queue show ID`, then `retry` or `drop`"
        );
        assert_eq!(summary(&[], false), "0 dead letters");
    }

    #[test]
    fn an_account_tells_the_history_and_the_text() {
        let event = Event { at: Timestamp::UNIX_EPOCH, what: "message queued".into() };
        let more = More {
            execution: None,
            mention: None,
            author: Some("ada".into()),
            words: Some("deploy web".into()),
            alias: None,
            history: vec![event],
        };

        let account = account(&row("0190-0a0b0c", "#ops", Some("no such room")), &more, later());

        let expected = "\
message    0190-0a0b0c
where      ops-irc/#ops
what       result
state      dead, 12 minutes old
why        no such room
command    deploy web
by         ada

1970-01-01 00:00:00 UTC  message queued

done";
        assert_eq!(account, expected);
    }

    #[test]
    fn what_is_no_id_leads_to_no_other_path() {
        assert_eq!(in_path("../retry?x"), "___retry_x");
    }
}
