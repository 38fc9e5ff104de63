//! The state of a sandbox, behind one lock that is never held over an await.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::access::{Access, Credential};
use super::catalogue::{Catalogue, Runnable};
use super::config::SandboxConfig;
use super::execution::{Execution, Secrets, Status};
use super::fault::{Fault, Mishap, Stranding, Switches};
use super::hub::{Hub, Subject};
use super::refusal::Refusal;
use super::stamp;
use super::store::Store;

/// What all threads of a sandbox share.
pub(crate) struct World {
    pub(crate) config: SandboxConfig,
    state: Mutex<State>,
}

/// What changes.
pub(crate) struct State {
    pub(crate) access: Access,
    pub(crate) catalogue: Catalogue,
    pub(crate) executions: Store,
    pub(crate) hub: Hub,
    pub(crate) switches: Switches,
    seen: VecDeque<Seen>,
}

/// A request that was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The method.
    pub method: String,
    /// The path as `/v1/...`, without the prefix of nginx and without the query.
    pub path: String,
    /// The status answered; 0 when the connection was closed instead.
    pub status: u16,
    /// What it carried to prove itself.
    pub credential: Credential,
}

/// An execution to be made.
#[derive(Debug, Default)]
pub(crate) struct Order {
    pub(crate) action: String,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) context: Map<String, Value>,
    pub(crate) notify: Option<Value>,
    pub(crate) parent: Option<String>,
    pub(crate) workflow_execution: Option<String>,
    pub(crate) cause: Map<String, Value>,
}

impl World {
    pub(crate) fn new(config: SandboxConfig, catalogue: Catalogue) -> Self {
        let state = State {
            access: Access::new(&config),
            catalogue,
            executions: Store::new(config.remembered),
            hub: Hub::new(config.stream_buffer),
            switches: Switches::default(),
            seen: VecDeque::new(),
        };
        Self { config, state: Mutex::new(state) }
    }

    /// The state. A panic elsewhere leaves it usable: every change is whole.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an execution; somebody must then live its life.
    pub(crate) fn launch(&self, order: Order) -> Result<String, Refusal> {
        let mut state = self.state();
        let runnable = state.catalogue.action(&order.action).cloned().ok_or_else(|| no_action(&order.action))?;
        runnable.schema.check(&order.parameters)?;
        let mut execution = self.execution(&runnable, order);
        if let Some(how) = state.switches.strands() {
            execution.strand(how);
        }
        let id = execution.id.clone();
        state.executions.insert(execution);
        state.tell(&id, "create");
        Ok(id)
    }

    fn execution(&self, runnable: &Runnable, order: Order) -> Execution {
        let id = stamp::new_id();
        let now = stamp::now();
        let mut context = order.context;
        context.insert("pack".to_owned(), runnable.action.pack.clone().into());
        // What the action has of its own goes before what it was asked for with (`create_request`, in `st2common`'s
        // `services/action.py`).
        let own = runnable.action.document.get("notify");
        let own = own.filter(|it| it.as_object().is_some_and(|it| !it.is_empty())).cloned();
        Execution {
            liveaction_id: stamp::new_id(),
            action_ref: runnable.action.reference.clone(),
            action: Arc::clone(&runnable.action.document),
            runner: Arc::clone(&runnable.runner),
            status: Status::Requested,
            start: now,
            end: None,
            masked: runnable.schema.masked(&order.parameters),
            parameters: order.parameters,
            context,
            notify: own.or(order.notify),
            task_execution: order.workflow_execution.is_some().then(stamp::new_id),
            workflow_execution: order.workflow_execution,
            parent: order.parent,
            cause: order.cause,
            children: Vec::new(),
            log: vec![(now, Status::Requested)],
            output: Vec::new(),
            result: None,
            result_size: None,
            web_url: format!("{}/#/history/{id}/general", self.config.web_url),
            cancel: Arc::new(Notify::new()),
            stranded: Duration::ZERO,
            id,
        }
    }

    /// Lets a fault happen or pend.
    pub(crate) fn inject(&self, fault: Fault) {
        let mut state = self.state();
        match fault {
            Fault::Answer { path, times, when, status, retry_after } => {
                state.switches.arm(path, times, when, Mishap::Answer { status, retry_after });
            }
            Fault::CutStreams => state.hub.cut(),
            Fault::DelayRules { millis } => {
                state.switches.notify_delay = Some(Duration::from_millis(millis));
            }
            Fault::SkipRules { times } => state.switches.skip_rules(times),
            Fault::DelayResults { millis } => state.switches.delay = Duration::from_millis(millis),
            Fault::Emit { event, data } => state.hub.publish(&event, Subject::default(), || data.to_string()),
            Fault::ExpireTokens => state.access.expire_tokens(),
            Fault::Hang { path, times, when, millis } => {
                state.switches.arm(path, times, when, Mishap::Hang(Duration::from_millis(millis)));
            }
            Fault::LoseEvents { events, times } => state.hub.lose(events, times),
            Fault::Raw { text } => state.hub.raw(text.as_bytes()),
            Fault::RefuseStreams { status, millis } => {
                state.switches.refuse_streams(status, Duration::from_millis(millis));
            }
            Fault::Strand { ago, lasts, times } => {
                let (ago, lasts) = (Duration::from_millis(ago), Duration::from_millis(lasts));
                state.switches.strand(times, Stranding { ago, lasts });
            }
            Fault::Reset { path, times, when } => state.switches.arm(path, times, when, Mishap::Reset),
        }
    }
}

impl State {
    /// Takes an execution a step further and tells the stream.
    pub(crate) fn step(&mut self, id: &str, status: Status, result: Option<Value>) {
        let Some(execution) = self.executions.find_mut(id) else { return };
        if let Some(result) = result {
            execution.report(result);
        }
        execution.enter(status);
        self.tell(id, "update");
    }

    /// Cancels an execution and its children: at once when it does not run yet, else by way of `canceling`.
    pub(crate) fn cancel(&mut self, id: &str, by: &str) {
        let Some(execution) = self.executions.find_mut(id) else { return };
        execution.result = Some(json!({"message": "Action canceled by user.", "user": by}));
        execution.context.insert("cancelled_by".to_owned(), by.into());
        let running = execution.status == Status::Running;
        execution.enter(if running { Status::Canceling } else { Status::Canceled });
        execution.cancel.notify_one();
        let children = execution.children.clone();
        self.tell(id, "update");
        let runs =
            |state: &Self, id: &str| state.executions.find(id).is_some_and(|child| !child.status.is_terminal());
        for child in children {
            if runs(self, &child) {
                self.cancel(&child, by);
            }
        }
    }

    /// Tells the stream where an execution stands.
    pub(crate) fn tell(&mut self, id: &str, verb: &str) {
        let Some(execution) = self.executions.find(id) else { return };
        let about =
            |id| Subject { id: Some(id), action_ref: Some(&execution.action_ref), status: Some(execution.status) };
        let live = || execution.live_document().to_string();
        let whole = || serde_json::to_string(&execution.document(Secrets::Masked)).unwrap_or_default();
        self.hub.publish(&format!("st2.liveaction__{verb}"), about(&execution.liveaction_id), live);
        self.hub.publish(&format!("st2.execution__{verb}"), about(&execution.id), whole);
    }

    /// Keeps the record of a request.
    pub(crate) fn saw(&mut self, seen: Seen) {
        if self.seen.len() >= MOST_SEEN {
            self.seen.pop_front();
        }
        self.seen.push_back(seen);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.iter().cloned().collect()
    }
}

fn no_action(reference: &str) -> Refusal {
    Refusal::missing(format!("Action with ref \"{reference}\" not found "))
}

const MOST_SEEN: usize = 10_000;
