//! Executions.

use std::{borrow::Cow, fmt, sync::Arc};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

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

impl<'de> Deserialize<'de> for ExecutionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).ok_or_else(|| serde::de::Error::custom(Malformed))
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

/// An execution. What decides is read at once; all of it, which templates may use, stays a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    id: ExecutionId,
    status: Status,
    is_child: bool,
    mark: Option<Mark>,
    web_url: Option<String>,
    json: Arc<str>,
}

/// The members that decide. A value of an unexpected type counts as none.
#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    status: Option<&'a RawValue>,
    #[serde(borrow, default)]
    parent: Option<&'a RawValue>,
    #[serde(borrow, default)]
    context: Option<&'a RawValue>,
    #[serde(borrow, default)]
    liveaction: Option<&'a RawValue>,
    #[serde(borrow, default)]
    web_url: Option<&'a RawValue>,
}

impl Execution {
    /// Reads a text of JSON.
    ///
    /// # Errors
    /// When it is none, or is no object with an id.
    pub fn from_json(json: impl Into<Arc<str>>) -> Result<Self, Malformed> {
        let json = json.into();
        let members: Members<'_> = serde_json::from_str(&json).map_err(|_| Malformed)?;
        let id = members.id.and_then(text).and_then(ExecutionId::new).ok_or(Malformed)?;
        let status = Status::from(&*members.status.and_then(text).unwrap_or_default());
        let parent = members.context.and_then(|context| member(context.get(), "parent"));
        let is_child = members.parent.and_then(text).is_some() || parent.is_some();
        let source = ["notify", "on-complete", "data", "source_context"];
        let liveaction = members.liveaction.map(RawValue::get);
        let source = source.iter().try_fold(liveaction, |json, name| Some(member(json?, name).map(RawValue::get)));
        let mark = source.flatten().and_then(|source| Mark::in_context(&serde_json::from_str(source).ok()?));
        let web_url = members.web_url.and_then(text).filter(|url| !url.is_empty()).map(Cow::into_owned);
        Ok(Self { id, status, is_child, mark, web_url, json })
    }

    /// The id.
    pub const fn id(&self) -> &ExecutionId {
        &self.id
    }

    /// All of it, as StackStorm gave it.
    pub const fn json(&self) -> &Arc<str> {
        &self.json
    }

    /// How it stands.
    pub const fn status(&self) -> &Status {
        &self.status
    }

    /// Whether it is a step of another execution: it carries that one's notify data, too.
    pub const fn is_child(&self) -> bool {
        self.is_child
    }

    /// The command of ours that it belongs to. An action with a `notify` of its own loses it.
    pub const fn mark(&self) -> Option<&Mark> {
        self.mark.as_ref()
    }

    /// On whose behalf an alias began it (`context.api_user`, in `st2api`'s `controllers/v1/aliasexecution.py`).
    pub fn asker(&self) -> Option<String> {
        self.member("context")?.get("api_user")?.as_str().map(str::to_owned)
    }

    /// Where people can look at it; StackStorm has it only if it knows its own address.
    pub fn web_url(&self) -> Option<&str> {
        self.web_url.as_deref()
    }

    /// What it gave. May be there before the end and be absent after it.
    pub fn result(&self) -> Option<Value> {
        self.member("result")
    }

    /// When it began, by StackStorm's clock.
    pub fn started(&self) -> Option<Timestamp> {
        self.member("start_timestamp")?.as_str()?.parse().ok()
    }

    /// When it ended, by StackStorm's clock.
    pub fn ended(&self) -> Option<Timestamp> {
        self.member("end_timestamp")?.as_str()?.parse().ok()
    }

    /// How many executions it has started: the tasks of a workflow, sub-workflows counted as one.
    pub fn started_tasks(&self) -> usize {
        self.member("children").and_then(|children| children.as_array().map(Vec::len)).unwrap_or_default()
    }

    /// Which task of its workflow it is; by its action, if it has no name (`context.orquesta`, in `st2common`'s
    /// `services/workflows.py`).
    pub fn task(&self) -> Option<String> {
        let context = self.member("context").unwrap_or_default();
        let name = context.pointer("/orquesta/task_name").and_then(Value::as_str).map(str::to_owned);
        name.or_else(|| self.member("action")?.get("ref")?.as_str().map(str::to_owned))
    }

    /// One of its members, if it is not null.
    pub fn member(&self, name: &str) -> Option<Value> {
        serde_json::from_str(member(&self.json, name)?.get()).ok()
    }
}

impl<'de> Deserialize<'de> for Execution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        Self::from_json(json.get()).map_err(serde::de::Error::custom)
    }
}

fn text(json: &RawValue) -> Option<Cow<'_, str>> {
    serde_json::from_str::<Text<'_>>(json.get()).ok().map(|text| text.0)
}

/// A text that is copied only where it must be.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// One member of an object, if it is there and not null. The others are passed over.
fn member<'a>(json: &'a str, name: &str) -> Option<&'a RawValue> {
    struct Wanted<'n>(&'n str);

    impl<'de> Visitor<'de> for Wanted<'_> {
        type Value = Option<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = None;
            while let Some(Text(name)) = map.next_key()? {
                if name == self.0 {
                    found = Some(map.next_value()?);
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
            Ok(found)
        }
    }

    let mut reader = serde_json::Deserializer::from_str(json);
    let found = Deserializer::deserialize_map(&mut reader, Wanted(name)).ok()?;
    found.filter(|value| value.get() != "null")
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

    fn execution(raw: &Value) -> Execution {
        Execution::from_json(raw.to_string()).unwrap()
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
        let bare = execution(&json!({"id": "5f"}));
        let null =
            execution(&json!({"id": "5f", "parent": null, "result": null, "liveaction": null, "context": null,
            "status": null, "elapsed_seconds": null, "start_timestamp": null}));

        for it in [bare, null] {
            assert_eq!(*it.status(), Status::Other(String::new()));
            assert!(!it.is_child() && it.mark().is_none() && it.web_url().is_none());
            assert!(it.result().is_none() && it.started().is_none() && it.member("elapsed_seconds").is_none());
        }
        for bad in [json!(null), json!([]), json!({}), json!({"id": 5}), json!({"id": "../x"})] {
            assert_eq!(Execution::from_json(bad.to_string()), Err(Malformed));
        }
    }

    #[test]
    fn our_command_is_found_in_the_notify_data() {
        let mark = Mark { gateway: "g".into(), command: "c".into() };
        let it = execution(&json!({
            "id": "5f",
            "liveaction": {"action": "core.local", "notify": {"on-complete": {"data": {
                "source_context": mark.to_context()}}}},
            "start_timestamp": "2026-11-21T03:41:35.290301Z",
        }));

        assert_eq!(it.mark(), Some(&mark));
        assert_eq!(it.started().unwrap().as_microsecond(), 1_795_232_495_290_301);
    }

    #[test]
    fn a_step_of_a_workflow_is_a_child() {
        assert!(execution(&json!({"id": "5f", "parent": "60"})).is_child());
        assert!(execution(&json!({"id": "5f", "context": {"parent": {"execution_id": "60"}}})).is_child());
    }
}
