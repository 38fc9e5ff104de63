//! One execution, as StackStorm keeps and shows it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::{fault::Stranding, stamp};

/// Where an execution stands, in StackStorm's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
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
}

impl Status {
    pub(crate) fn is_terminal(self) -> bool {
        matches!(self, Self::Abandoned | Self::Canceled | Self::Failed | Self::Succeeded | Self::Timeout)
    }

    /// Whether the stream of its output ends with it (`st2stream/controllers/v1/executions.py`).
    pub(crate) fn ends_output(self) -> bool {
        self.is_terminal() || matches!(self, Self::Pausing | Self::Resuming)
    }
}

/// Whether secret parameters are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    Masked,
    Shown,
}

/// An execution and its live action.
#[derive(Clone, Debug)]
pub(crate) struct Execution {
    pub(crate) id: String,
    pub(crate) liveaction_id: String,
    pub(crate) action_ref: String,
    pub(crate) action: Arc<Value>,
    pub(crate) runner: Arc<Value>,
    pub(crate) status: Status,
    pub(crate) start: Timestamp,
    pub(crate) end: Option<Timestamp>,
    pub(crate) parameters: Map<String, Value>,
    /// The same with secrets masked; none when there are none.
    pub(crate) masked: Option<Map<String, Value>>,
    pub(crate) context: Map<String, Value>,
    pub(crate) notify: Option<Value>,
    pub(crate) parent: Option<String>,
    pub(crate) task_execution: Option<String>,
    pub(crate) workflow_execution: Option<String>,
    /// `trigger`, `trigger_type`, `trigger_instance` and `rule` of one that a rule started.
    pub(crate) cause: Map<String, Value>,
    pub(crate) children: Vec<String>,
    pub(crate) log: Vec<(Timestamp, Status)>,
    /// What it has printed, as the stream tells it.
    pub(crate) output: Vec<Value>,
    pub(crate) result: Option<Value>,
    /// How large `result` is as JSON; known once a runner has reported.
    pub(crate) result_size: Option<usize>,
    pub(crate) web_url: String,
    /// Wakes whoever lives this execution's life, when it is to be cancelled.
    pub(crate) cancel: Arc<Notify>,
    /// How long nobody begins it.
    pub(crate) stranded: Duration,
}

impl Execution {
    /// Is not begun for a while, or ever, and seems to have been asked for long ago.
    pub(crate) fn strand(&mut self, how: Stranding) {
        self.stranded = how.lasts;
        self.start = self.start.checked_sub(how.ago).unwrap_or(self.start);
    }

    /// Takes the next step.
    pub(crate) fn enter(&mut self, status: Status) {
        let now = stamp::now();
        self.status = status;
        self.log.push((now, status));
        if status.is_terminal() {
            self.end.get_or_insert(now);
        }
    }

    /// Keeps what a runner reported.
    pub(crate) fn report(&mut self, result: Value) {
        self.result_size = serde_json::to_vec(&result).ok().map(|bytes| bytes.len());
        self.result = Some(result);
    }

    pub(crate) fn parameters(&self, secrets: Secrets) -> &Map<String, Value> {
        match (secrets, &self.masked) {
            (Secrets::Masked, Some(masked)) => masked,
            (Secrets::Masked, None) | (Secrets::Shown, _) => &self.parameters,
        }
    }

    /// The body of the API and of `st2.execution__*`.
    pub(crate) fn document(&self, secrets: Secrets) -> Document<'_> {
        let parameters = self.parameters(secrets);
        let ran = self.log.iter().any(|(_, status)| *status == Status::Running);
        Document {
            trigger: self.cause.get("trigger"),
            trigger_type: self.cause.get("trigger_type"),
            trigger_instance: self.cause.get("trigger_instance"),
            rule: self.cause.get("rule"),
            action: &self.action,
            runner: &self.runner,
            liveaction: LiveAction {
                action: &self.action_ref,
                action_is_workflow: self.is_workflow(),
                parameters,
                callback: Map::new(),
                runner_info: runner_info(ran),
                notify: self.notify.as_ref(),
                id: &self.liveaction_id,
            },
            workflow_execution: self.workflow_execution.as_deref(),
            task_execution: self.task_execution.as_deref(),
            status: self.status,
            start_timestamp: self.start,
            end_timestamp: self.end,
            parameters: Some(parameters).filter(|parameters| !parameters.is_empty()),
            result_size: self.result_size,
            context: &self.context,
            parent: self.parent.as_deref(),
            children: &self.children,
            log: self
                .log
                .iter()
                .map(|(timestamp, status)| Step { timestamp: *timestamp, status: *status })
                .collect(),
            web_url: &self.web_url,
            id: &self.id,
            result: self.result.as_ref(),
            elapsed_seconds: self.end.map(|end| end.duration_since(self.start).as_secs_f64()),
        }
    }

    /// The body of `st2.liveaction__*`.
    pub(crate) fn live_document(&self) -> Value {
        let ran = self.log.iter().any(|(_, status)| *status == Status::Running);
        let result = self.result.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string);
        let mut body = json!({
            "workflow_execution": self.workflow_execution, "task_execution": self.task_execution, "status": self.status,
            "start_timestamp": stamp::text(self.start), "end_timestamp": self.end.map(stamp::text),
            "action": self.action_ref, "action_is_workflow": self.is_workflow(),
            "parameters": self.parameters(Secrets::Masked), "context": self.context, "callback": {},
            "runner_info": runner_info(ran), "notify": self.notify, "id": self.liveaction_id, "result": result,
        });
        if let Some(map) = body.as_object_mut() {
            map.retain(|_, value| !value.is_null());
        }
        body
    }

    fn is_workflow(&self) -> bool {
        self.runner.get("name").is_some_and(|name| name == "orquesta")
    }
}

/// An execution as it is shown.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_type: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trigger_instance: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'a Value>,
    action: &'a Value,
    runner: &'a Value,
    liveaction: LiveAction<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    workflow_execution: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_execution: Option<&'a str>,
    status: Status,
    #[serde(serialize_with = "stamped")]
    start_timestamp: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "maybe_stamped")]
    end_timestamp: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameters: Option<&'a Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result_size: Option<usize>,
    context: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent: Option<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    children: &'a [String],
    log: Vec<Step>,
    web_url: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    elapsed_seconds: Option<f64>,
}

#[derive(Serialize)]
struct LiveAction<'a> {
    action: &'a str,
    action_is_workflow: bool,
    parameters: &'a Map<String, Value>,
    callback: Map<String, Value>,
    runner_info: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify: Option<&'a Value>,
    id: &'a str,
}

#[derive(Serialize)]
struct Step {
    #[serde(serialize_with = "stamped")]
    timestamp: Timestamp,
    status: Status,
}

fn runner_info(ran: bool) -> Value {
    if ran { json!({"hostname": "sandbox", "pid": std::process::id()}) } else { json!({}) }
}

fn stamped<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&stamp::text(*at))
}

#[expect(clippy::ref_option, reason = "serde asks for this signature")]
fn maybe_stamped<S: Serializer>(at: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    at.map(stamp::text).serialize(serializer)
}
