//! What the gateway says in its own words. Pure.

use std::time::Duration;

use fulmar_contract::{Heard, Identity};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::administrator::Standing;
use crate::{
    actors::journal::Condition,
    alias::Hit,
    config::{self, Administrator},
    st2::wire::AliasAnswer,
    time,
};

/// StackStorm's first answer to a command, as its author is told it; `None` when the alias wants no ack.
///
/// StackStorm renders `ack.format` itself and leaves `enabled` and `append_url` to us; both are true by
/// default, as hubot-stackstorm has them.
pub(super) fn ack(answer: &AliasAnswer) -> Option<String> {
    let alias = &answer.actionalias;
    let switch = |name| alias.ack.get(name) != Some(&Value::Bool(false));
    if !switch("enabled") {
        return None;
    }
    let message = answer.message().map(str::trim_end).filter(|message| !message.is_empty());
    let message = message.map_or_else(
        || {
            let name = alias.reference.as_deref().unwrap_or("it");
            format!("Running {name}, execution {}.", answer.execution.id)
        },
        str::to_owned,
    );
    let url = answer.execution.web_url.as_ref().filter(|url| !url.is_empty() && switch("append_url"));
    Some(url.map_or_else(|| message.clone(), |url| format!("{message} {url}")))
}

/// The ack of a command that matched several times.
pub(super) fn ack_of_several(answers: &[AliasAnswer]) -> Option<String> {
    let lines: Vec<String> = answers.iter().filter_map(ack).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A command that nothing matches. No line of it begins with a prefix: another bot would obey it.
pub(super) fn no_match(words: &str, suggestions: &[String], prefix: &str) -> String {
    let words = shortened(words);
    if suggestions.is_empty() {
        return format!("There is no command like \"{words}\". Try {prefix}help.");
    }
    let lines: Vec<String> = suggestions.iter().map(|display| format!("- {prefix}{display}")).collect();
    format!("There is no command like \"{words}\". Did you mean:\n{}", lines.join("\n"))
}

/// A command that several aliases match.
pub(super) fn choice(words: &str, hits: &[Hit], prefix: &str) -> String {
    let lines: Vec<String> = hits
        .iter()
        .zip(1..)
        .map(|(hit, number)| {
            let display = hit.display.as_deref().unwrap_or(&hit.representation);
            format!("- {prefix}{number}  {display} ({})", hit.alias.reference())
        })
        .collect();
    format!(
        "\"{}\" could mean several things. Choose one with its number:\n{}",
        shortened(words),
        lines.join("\n")
    )
}

/// An alias whose name stands in several packs.
pub(super) fn duplicate(name: &str, packs: &[String]) -> String {
    format!(
        "The alias {name} exists in the packs {}, and StackStorm tells aliases apart by name only. \
         Rename one of them; until then neither can be run from chat.",
        packs.join(" and ")
    )
}

/// An alias that an operator has switched off.
pub(super) fn disabled(hit: &Hit) -> String {
    format!("{} is disabled in StackStorm.", hit.alias.reference())
}

/// Why a command that was given before a restart is not run, if nothing else is against it.
pub(super) fn too_late(age: Duration) -> String {
    format!("Fulmar was restarted before it could be sent, {} ago; give it again.", time::span(age))
}

/// Why one is not run that matches no alias any more, or another one.
pub(super) const NOT_MEANT_NOW: &str =
    "Fulmar was restarted before it could be sent, and it does not mean the same any more.";

/// Why one is not run that several aliases match now.
pub(super) const AMBIGUOUS_NOW: &str =
    "Fulmar was restarted before it could be sent, and it could mean several things now; give it again.";

/// What somebody is told whose execution does not begin.
pub(super) fn overdue(alias: &str, execution: &str, since: Duration) -> String {
    format!(
        "StackStorm took {alias} {} ago and has not begun it yet (execution {execution}). Its result is still waited for.",
        time::span(since)
    )
}

/// Why something is not taken that the network says once more, as metrics have it. Nobody is told.
pub(super) const REPEATED: &str = "repeated";

/// Why something that was said to us was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Too much is under way already.
    Busy,
    /// It was written too long ago.
    Old {
        /// When, by the network's clock.
        written: Timestamp,
        /// What time it is, by ours.
        now: Timestamp,
    },
    /// Its author said too much at once.
    TooFast,
}

impl Refusal {
    /// The reason as metrics have it.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Old { .. } => "old",
            Self::TooFast => "rate",
        }
    }
}

/// Something that was not taken, as its author is told it: once for all that follows in a while.
pub(super) fn refusal(why: Refusal, gateway: &config::Gateway) -> String {
    let why = match why {
        Refusal::Old { written, now } => return old(written, now),
        Refusal::Busy => "StackStorm is busy and too many commands are waiting already".into(),
        Refusal::TooFast => {
            format!(
                "that was too fast, you may give {} commands at once and {} a second",
                gateway.burst, gateway.rate
            )
        }
    };
    format!("Not taken: {why}. Please try again in a while. (This is not said for each command.)")
}

/// Something that was written too long ago. It names both clocks: one of them may be wrong.
fn old(written: Timestamp, now: Timestamp) -> String {
    format!(
        "Not run: it was written {} ago (at {} by this network's clock; by mine it is {}, both UTC). \
         Give it again if you still want it. (This is not said for each command.)",
        time::span(now.duration_since(written).try_into().unwrap_or_default()),
        written.strftime("%H:%M:%S"),
        now.strftime("%H:%M:%S")
    )
}

/// Messages that could not be delivered, as administrators are told it.
pub(super) fn undelivered(count: usize, since: Timestamp, last: &str) -> String {
    let since = since.strftime("%H:%M");
    let what = match count {
        1 => format!("A message could not be delivered at {since} UTC: it was for {last}"),
        _ => format!("{count} messages could not be delivered since {since} UTC; the last was for {last}"),
    };
    format!("{what}. See `fulmar queue list`.")
}

/// Something that only administrators may do, as somebody else is told it.
pub(super) fn administrators_only(admins: &[Administrator], chat: &str, standing: Standing) -> String {
    if standing == Standing::Claimant {
        return "Only administrators may do that. You are called like one, but the network does not vouch for you: \
                log in to it first."
            .into();
    }
    let here: Vec<&str> = admins.iter().filter(|it| it.chat == chat).map(|it| it.identity.as_str()).collect();
    if here.is_empty() {
        return format!("Only administrators may do that, and {chat} has none (gateway.admins).");
    }
    format!("Only administrators may do that: here, {}.", here.join(" and "))
}

/// How we see somebody.
pub(super) fn whoami(heard: &Heard, chat: &str, standing: Standing) -> String {
    let who = match &heard.sender.identity {
        Identity::Vouched(id) => format!("{id}, vouched for by the network"),
        Identity::Claimed(name) => format!("{name}, a name that the network does not vouch for"),
    };
    let place = if heard.direct { "in private".into() } else { format!("in {}", heard.room) };
    let also = if standing == Standing::Administrator { " You are an administrator." } else { "" };
    format!("You are {who}, on {chat}, {place}.{also}")
}

/// The other StackStorms, with what a command to them begins with, as a last line of help.
pub(super) fn others(others: &[(&str, &str)]) -> String {
    if others.is_empty() {
        return String::new();
    }
    let ways: Vec<String> = others.iter().map(|(name, prefix)| format!("{name} ({prefix}help)")).collect();
    format!("\nOther StackStorms: {}", ways.join(", "))
}

/// How the gateway is, in a line a StackStorm.
pub(super) fn status(storms: &[(String, String)], journal: &Condition) -> String {
    let mut lines: Vec<String> =
        storms.iter().map(|(name, state)| format!("StackStorm {name}: {state}")).collect();
    lines.extend(journal.trouble.as_ref().map(|trouble| format!("Journal: {trouble}")));
    let counts = journal.counts;
    format!(
        "Fulmar {}: {} open, {} to be said, {} given up.\n{}",
        env!("CARGO_PKG_VERSION"),
        counts.open,
        counts.pending,
        counts.dead,
        lines.join("\n")
    )
}

/// Announcements that were missed and are too old to be said.
pub(super) fn missed(count: usize, from: Timestamp, to: Timestamp) -> String {
    let is_long = to.duration_since(from) >= SignedDuration::from_hours(24);
    let time = |at: Timestamp| at.strftime(if is_long { "%Y-%m-%d %H:%M" } else { "%H:%M" });
    let (from, to) = (time(from), time(to));
    match count {
        1 => format!("1 announcement of {from} UTC was missed."),
        _ => format!("{count} announcements from {from} to {to} UTC were missed."),
    }
}

/// The name that StackStorm is given for a room: the bare one for its default chat.
pub(super) fn source_channel(chat: &str, room: &str, default_chat: Option<&str>) -> String {
    if default_chat == Some(chat) { room.to_owned() } else { format!("{chat}/{room}") }
}

/// The `extra` of an ack; a text in its place is StackStorm's report of a template's error.
pub(super) fn ack_extra(extra: &Value) -> Value {
    if extra.is_object() { extra.clone() } else { Value::Null }
}

/// The beginning of a command, on one line.
pub(super) fn shortened(words: &str) -> String {
    let line = words.lines().next().unwrap_or_default();
    let short: String = line.chars().take(80).collect();
    if short.len() < words.len() { format!("{short}…") } else { short }
}
