//! Executions.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::Mark;

/// The id of an execution: letters, digits and `-` only, so it can stand in a path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExecutionId(String);

impl ExecutionId {
    /// Takes `id` if it can be one.
    pub fn new(id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        let fits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        fits.then_some(Self(id))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something that is no execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an execution without an id")]
pub struct Malformed;

/// An execution, whole: templates may use all of it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Value")]
pub struct Execution {
    id: ExecutionId,
    raw: Value,
}

impl TryFrom<Value> for Execution {
    type Error = Malformed;

    fn try_from(raw: Value) -> Result<Self, Malformed> {
        let id = raw.get("id").and_then(Value::as_str).and_then(ExecutionId::new).ok_or(Malformed)?;
        Ok(Self { id, raw })
    }
}

impl Execution {
    /// The id.
    pub const fn id(&self) -> &ExecutionId {
        &self.id
    }

    /// All of it, as StackStorm gave it.
    pub const fn raw(&self) -> &Value {
        &self.raw
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        Status::from(self.text("/status").unwrap_or_default())
    }

    /// Whether it is a step of another execution: it carries that one's notify data, too.
    pub fn is_child(&self) -> bool {
        self.text("/parent").is_some()
            || self.raw.pointer("/context/parent").is_some_and(|parent| !parent.is_null())
    }

    /// The command of ours that it belongs to. An action with a `notify` of its own loses it.
    pub fn mark(&self) -> Option<Mark> {
        Mark::in_context(self.raw.pointer("/liveaction/notify/on-complete/data/source_context")?)
    }

    /// The action, as `pack.name`.
    pub fn action(&self) -> Option<&str> {
        self.text("/action/ref").or_else(|| self.text("/liveaction/action"))
    }

    /// Where people can look at it; StackStorm has it only if it knows its own address.
    pub fn web_url(&self) -> Option<&str> {
        self.text("/web_url").filter(|url| !url.is_empty())
    }

    /// What it was given.
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.raw.get("parameters")?.get(name).filter(|value| !value.is_null())
    }

    /// What it gave. May be there before the end and be absent after it.
    pub fn result(&self) -> Option<&Value> {
        self.raw.get("result").filter(|result| !result.is_null())
    }

    /// When it began, by StackStorm's clock.
    pub fn started(&self) -> Option<Timestamp> {
        self.text("/start_timestamp")?.parse().ok()
    }

    /// When it ended, by StackStorm's clock.
    pub fn ended(&self) -> Option<Timestamp> {
        self.text("/end_timestamp")?.parse().ok()
    }

    /// How long it took.
    pub fn elapsed(&self) -> Option<Duration> {
        Duration::try_from_secs_f64(self.raw.get("elapsed_seconds")?.as_f64()?).ok()
    }

    fn text(&self, pointer: &str) -> Option<&str> {
        self.raw.pointer(pointer)?.as_str()
    }
}

/// How an execution stands (`st2common/constants/action.py`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words are StackStorm's")]
pub enum Status {
    Abandoned,
    Canceled,
    Canceling,
    Delayed,
    Failed,
    Paused,
    Pausing,
    Pending,
    Requested,
    Resuming,
    Running,
    Scheduled,
    Succeeded,
    Timeout,
    /// A word that we do not know; not taken for an end.
    Other(String),
}

impl Status {
    /// Whether nothing more will come. Only these five end an execution.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Abandoned | Self::Canceled | Self::Failed | Self::Succeeded | Self::Timeout)
    }
}

impl From<&str> for Status {
    fn from(word: &str) -> Self {
        match word {
            "abandoned" => Self::Abandoned,
            "canceled" => Self::Canceled,
            "canceling" => Self::Canceling,
            "delayed" => Self::Delayed,
            "failed" => Self::Failed,
            "paused" => Self::Paused,
            "pausing" => Self::Pausing,
            "pending" => Self::Pending,
            "requested" => Self::Requested,
            "resuming" => Self::Resuming,
            "running" => Self::Running,
            "scheduled" => Self::Scheduled,
            "succeeded" => Self::Succeeded,
            "timeout" => Self::Timeout,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Abandoned => "abandoned",
            Self::Canceled => "canceled",
            Self::Canceling => "canceling",
            Self::Delayed => "delayed",
            Self::Failed => "failed",
            Self::Paused => "paused",
            Self::Pausing => "pausing",
            Self::Pending => "pending",
            Self::Requested => "requested",
            Self::Resuming => "resuming",
            Self::Running => "running",
            Self::Scheduled => "scheduled",
            Self::Succeeded => "succeeded",
            Self::Timeout => "timeout",
            Self::Other(word) => word,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn execution(raw: Value) -> Execution {
        Execution::try_from(raw).unwrap()
    }

    #[test]
    fn only_five_words_end_an_execution() {
        let ends = ["succeeded", "failed", "timeout", "canceled", "abandoned"];
        let goes_on = ["requested", "scheduled", "delayed", "pausing", "paused", "resuming", "pending", "running"];

        assert!(ends.iter().all(|word| Status::from(*word).is_terminal()));
        assert!(!goes_on.iter().chain(&["canceling", "", "new"]).any(|word| Status::from(*word).is_terminal()));
        assert!(ends.iter().chain(&goes_on).all(|word| Status::from(*word).to_string() == *word));
    }

    #[test]
    fn everything_but_the_id_may_be_absent_or_null() {
        let bare = execution(json!({"id": "5f"}));
        let null =
            execution(json!({"id": "5f", "parent": null, "result": null, "liveaction": null, "context": null,
            "status": null, "elapsed_seconds": null, "start_timestamp": null}));

        for it in [bare, null] {
            assert_eq!(it.status(), Status::Other(String::new()));
            assert!(!it.is_child() && it.mark().is_none() && it.action().is_none() && it.web_url().is_none());
            assert!(it.result().is_none() && it.started().is_none() && it.elapsed().is_none());
        }
        for bad in [json!(null), json!([]), json!({}), json!({"id": 5}), json!({"id": "../x"})] {
            assert_eq!(Execution::try_from(bad), Err(Malformed));
        }
    }

    #[test]
    fn our_command_is_found_in_the_notify_data() {
        let mark = Mark { gateway: "g".into(), command: "c".into() };
        let it = execution(json!({
            "id": "5f",
            "liveaction": {"action": "core.local", "notify": {"on-complete": {"data": {
                "source_context": mark.to_context()}}}},
            "elapsed_seconds": 0.5,
            "start_timestamp": "2026-11-21T03:41:35.290301Z",
        }));

        assert_eq!(it.mark(), Some(mark));
        assert_eq!(it.action(), Some("core.local"));
        assert_eq!(it.elapsed(), Some(Duration::from_millis(500)));
        assert_eq!(it.started().unwrap().as_microsecond(), 1_795_232_495_290_301);
    }

    #[test]
    fn a_step_of_a_workflow_is_a_child() {
        assert!(execution(json!({"id": "5f", "parent": "60"})).is_child());
        assert!(execution(json!({"id": "5f", "context": {"parent": {"execution_id": "60"}}})).is_child());
    }
}
