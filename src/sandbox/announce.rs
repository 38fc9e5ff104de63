//! What the chat is told at the end of a command: the rules that fire, and the chatops pack's workflow.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::execution::{Execution, Secrets, Status};
use super::hub::Subject;
use super::life::{self, child_context};
use super::pack::Action;
use super::rule::{self, Firing};
use super::stamp;
use super::world::{Order, World};
use crate::render::{self, Effort, Formatted, Mode};

/// Announces the end of execution `id`, if rules have it so.
pub(crate) async fn ended(world: &Arc<World>, id: &str) {
    let Some(execution) = finished(world, id) else { return };
    for firing in rule::firings(world, &execution) {
        let delay = world.state().switches.notify_delay.unwrap_or(world.config.notify_delay);
        sleep(delay).await;
        if world.state().switches.skips_rule() {
            continue;
        }
        if firing.action == POST_RESULT {
            post_result(world, &execution, &firing);
        } else if let Ok(id) = world.launch(Order { parameters: firing.parameters.clone(), ..firing.order() }) {
            life::begin(world, id);
        }
    }
}

/// What `chatops.format_execution_result` reports when it is asked for with `parameters`.
pub(crate) fn wording(world: &World, parameters: &Map<String, Value>) -> (Status, Value) {
    let id = parameters.get("execution_id").and_then(Value::as_str).unwrap_or_default();
    let execution = world.state().executions.find(id).cloned();
    let unknown = || format!("no execution has the id {id}");
    report(&execution.ok_or_else(unknown).and_then(|execution| formatted(world, &execution)))
}

/// The event of `chatops.post_message` with `parameters`, and its data.
pub(crate) fn announcement(action: &Action, parameters: &Map<String, Value>) -> (String, Value) {
    let route = parameters.get("route").and_then(Value::as_str).unwrap_or("general");
    let mut payload = parameters.clone();
    for name in action.parameters.keys() {
        payload.entry(name.clone()).or_insert(Value::Null);
    }
    payload.retain(|name, _| name != "experimental" && name != "route");
    (format!("st2.announcement__{route}"), json!({"payload": payload, "trace_context": null}))
}

/// What the announcement runner reports.
pub(crate) fn outcome(data: &Value) -> Value {
    let payload = data.get("payload").cloned().unwrap_or_default();
    let mut result = Map::from_iter([("output".to_owned(), payload.clone())]);
    result.extend(payload.as_object().cloned().unwrap_or_default());
    Value::Object(result)
}

fn finished(world: &World, id: &str) -> Option<Execution> {
    let state = world.state();
    let execution = state.executions.find(id)?;
    let done = execution.status.is_terminal() && execution.parent.is_none() && execution.notify.is_some();
    done.then(|| execution.clone())
}

/// Plays `chatops.post_result`: one workflow, the wording and, if wanted, the message.
fn post_result(world: &Arc<World>, execution: &Execution, firing: &Firing) {
    let notice = Notice::new(firing);
    let Ok(workflow) = world.launch(notice.workflow(execution, firing)) else { return };
    pass(world, &workflow, &[Status::Scheduled, Status::Running]);
    let inner = stamp::new_id();
    let worded = formatted(world, execution);
    let wording = Map::from_iter([("execution_id".to_owned(), execution.id.clone().into())]);
    if let Some(child) = notice.child(world, &workflow, &inner, "format_execution_result", wording) {
        let (status, result) = report(&worded);
        finish(world, &child, status, result);
    }
    let told = worded.ok().and_then(|formatted| post_message(world, &notice, &workflow, &inner, &formatted));
    let (status, result) = match told {
        Some(()) => (Status::Succeeded, json!({"output": {"note": "Execution result has been posted."}})),
        None => (Status::Failed, json!({"errors": [], "output": null})),
    };
    finish(world, &workflow, status, result);
}

/// Says `formatted`, unless the alias wants no result told; none when its text cannot be passed on.
fn post_message(
    world: &Arc<World>,
    notice: &Notice,
    workflow: &str,
    inner: &str,
    formatted: &Formatted,
) -> Option<()> {
    if !formatted.enabled {
        return Some(());
    }
    let parameters = notice.message(formatted)?;
    let child = notice.child(world, workflow, inner, "post_message", parameters)?;
    let mut state = world.state();
    let action = Arc::clone(state.catalogue.action("chatops.post_message")?);
    let given = state.executions.find(&child)?.parameters.clone();
    let (event, data) = announcement(&action.action, &given);
    state.hub.publish(&event, Subject::default(), || data.to_string());
    drop(state);
    finish(world, &child, Status::Succeeded, outcome(&data));
    Some(())
}

/// What the rule hands on of a finished execution.
struct Notice {
    channel: Value,
    user: Value,
    context: Value,
    /// Where the announcement goes; not where it came from when the rule does not hand it on.
    route: String,
}

impl Notice {
    fn new(firing: &Firing) -> Self {
        let part = |key: &str| firing.parameters.get(key).cloned().unwrap_or_default();
        Self {
            channel: part("channel"),
            user: part("user"),
            context: part("context"),
            route: part("route").as_str().unwrap_or("chatops").to_owned(),
        }
    }

    fn workflow(&self, execution: &Execution, firing: &Firing) -> Order {
        let parameters = json!({
            "channel": self.channel, "user": self.user, "execution_id": execution.id, "route": self.route,
            "context": self.context,
        });
        Order { action: POST_RESULT.to_owned(), parameters: object(parameters), ..firing.order() }
    }

    /// The message as the workflow hands it on: what looks like a template in it is rendered once more.
    fn message(&self, formatted: &Formatted) -> Option<Map<String, Value>> {
        let text = if formatted.message.contains("{{") {
            render::template(&formatted.message, &json!({}), Mode::Ack).ok()?
        } else {
            formatted.message.clone()
        };
        let extra = if formatted.extra.is_null() { json!({}) } else { formatted.extra.clone() };
        Some(object(json!({
            "user": self.user, "channel": self.channel, "whisper": false, "message": text,
            "route": self.route, "context": self.context, "extra": extra,
        })))
    }

    /// Starts a child of the workflow.
    fn child(
        &self,
        world: &World,
        workflow: &str,
        inner: &str,
        name: &str,
        parameters: Map<String, Value>,
    ) -> Option<String> {
        let context = {
            let mut state = world.state();
            let parent = state.executions.find_mut(workflow)?;
            parent.context.insert("workflow_execution".to_owned(), inner.into());
            child_context(&parent.context, workflow, name, inner)
        };
        let order = Order {
            action: format!("chatops.{name}"),
            parameters,
            context,
            parent: Some(workflow.to_owned()),
            workflow_execution: Some(inner.to_owned()),
            ..Order::default()
        };
        let child = world.launch(order).ok()?;
        world.state().executions.find_mut(workflow)?.children.push(child.clone());
        pass(world, &child, &[Status::Scheduled, Status::Running]);
        Some(child)
    }
}

/// What `chatops.format_execution_result` says of an execution.
fn formatted(world: &World, execution: &Execution) -> Result<Formatted, String> {
    let document = serde_json::to_value(execution.document(Secrets::Masked)).map_err(|error| error.to_string())?;
    let alias =
        execution.context.get("action_alias_ref").and_then(|alias| alias.get("id")).and_then(Value::as_str);
    let alias = alias.and_then(|id| world.state().catalogue.alias(id).ok().map(|entry| entry.document.clone()));
    let document = document.to_string().into();
    render::result(&document, &alias.unwrap_or(Value::Null), Effort::Full).map_err(|error| error.to_string())
}

/// What a wording reports as the Python action that it is.
fn report(worded: &Result<Formatted, String>) -> (Status, Value) {
    let formatted = match worded {
        Ok(formatted) => formatted,
        Err(why) => {
            let result = json!({"stdout": "", "stderr": why, "exit_code": 1, "result": "None"});
            return (Status::Failed, result);
        }
    };
    let mut result = json!({"enabled": formatted.enabled, "message": formatted.message});
    if let (Some(map), false) = (result.as_object_mut(), formatted.extra.is_null()) {
        map.insert("extra".to_owned(), formatted.extra.clone());
    }
    (Status::Succeeded, json!({"stdout": "", "stderr": "", "exit_code": 0, "result": result}))
}

fn pass(world: &World, id: &str, statuses: &[Status]) {
    let mut state = world.state();
    statuses.iter().for_each(|status| state.step(id, *status, None));
}

fn finish(world: &World, id: &str, status: Status, result: Value) {
    world.state().step(id, status, Some(result));
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

const POST_RESULT: &str = "chatops.post_result";
