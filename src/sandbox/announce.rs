//! The way of the notify rule: what the chat is told at the end of a command that came with a route.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::execution::{Execution, Secrets, Status};
use super::hub::Subject;
use super::life::child_context;
use super::pack::Action;
use super::stamp;
use super::world::{Order, World};
use crate::render::{self, Effort, Formatted, Mode};

/// Announces the end of execution `id`, if a rule listens to one of its routes.
pub(crate) async fn ended(world: &Arc<World>, id: &str) {
    let Some(execution) = finished(world, id) else { return };
    for (route, rule) in rules(world, &execution) {
        sleep(world.config.notify_delay).await;
        post_result(world, &execution, &route, &rule);
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

/// The routes of an execution that have a rule, each with its rule.
fn rules(world: &World, execution: &Execution) -> Vec<(String, Value)> {
    let section = execution.notify.as_ref().and_then(|notify| notify.get("on-complete"));
    let routes = section.and_then(|section| section.get("routes")).and_then(Value::as_array);
    let state = world.state();
    let rule_of = |route: &Value| {
        let hears = |rule: &&Value| rule.pointer("/criteria/trigger.route/pattern") == Some(route);
        let rule = state.catalogue.rules.iter().find(hears)?;
        Some((route.as_str()?.to_owned(), rule.clone()))
    };
    routes.into_iter().flatten().filter_map(rule_of).collect()
}

/// Plays `chatops.post_result`: one workflow, the wording and, if wanted, the message.
fn post_result(world: &Arc<World>, execution: &Execution, route: &str, rule: &Value) {
    let notice = Notice::new(execution, route, rule);
    let Ok(workflow) = world.launch(notice.workflow(execution, rule)) else { return };
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
    fn new(execution: &Execution, route: &str, rule: &Value) -> Self {
        let data = execution.notify.as_ref().and_then(|notify| notify.pointer("/on-complete/data"));
        let part = |key: &str| data.and_then(|data| data.get(key)).cloned().unwrap_or_default();
        let handed_on = rule.pointer("/action/parameters/route").is_some();
        Self {
            channel: part("source_channel"),
            user: part("user"),
            context: part("source_context"),
            route: if handed_on { route.to_owned() } else { "chatops".to_owned() },
        }
    }

    fn workflow(&self, execution: &Execution, rule: &Value) -> Order {
        let instance = stamp::new_id();
        let short = |id: Option<&Value>, name: Option<&Value>| json!({"id": id, "name": name});
        let parameters = json!({
            "channel": self.channel, "user": self.user, "execution_id": execution.id, "route": self.route,
            "context": self.context,
        });
        let context = json!({
            "trigger_instance": {"id": instance, "name": null}, "rule": short(rule.get("id"), rule.get("name")),
            "user": "stanley",
            "trace_context": {"id_": stamp::new_id(), "trace_tag": format!("execution-{}", execution.liveaction_id)},
        });
        let cause = json!({
            "trigger": trigger(), "trigger_type": trigger_type(), "trigger_instance": self.instance(execution, &instance),
            "rule": rule,
        });
        Order {
            action: "chatops.post_result".to_owned(),
            parameters: object(parameters),
            context: object(context),
            cause: object(cause),
            ..Order::default()
        }
    }

    fn instance(&self, execution: &Execution, id: &str) -> Value {
        let result = execution.result.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string);
        json!({
            "trigger": NOTIFY_TRIGGER, "occurrence_time": stamp::text(stamp::now()), "status": "processed",
            "id": id,
            "payload": {
                "message": format!("Action {} completed.", execution.action_ref),
                "data": {
                    "user": self.user, "source_channel": self.channel, "source_context": self.context, "result": result,
                },
                "execution_id": execution.id, "status": execution.status,
                "start_timestamp": stamp::text(execution.start), "end_timestamp": execution.end.map(stamp::text),
                "action_ref": execution.action_ref, "runner_ref": execution.runner.get("name"),
                "route": self.route, "channel": self.route,
            },
        })
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

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Map::new(),
    }
}

fn trigger() -> Value {
    json!({
        "uid": format!("trigger:core:{NOTIFY}:99914b932bd37a50b983c5e7c90ae93b"), "ref": NOTIFY_TRIGGER, "name": NOTIFY,
        "pack": "core", "type": NOTIFY_TRIGGER, "parameters": {}, "id": "6b0104e95ccd6a94adda31d6",
    })
}

fn trigger_type() -> Value {
    let fields = [
        "execution_id",
        "status",
        "start_timestamp",
        "end_timestamp",
        "action_ref",
        "runner_ref",
        "channel",
        "route",
        "message",
        "data",
    ];
    let properties: Map<_, _> = fields.map(|field| (field.to_owned(), json!({}))).into_iter().collect();
    json!({
        "description": "An execution came to its end.", "tags": [], "uid": format!("trigger_type:core:{NOTIFY}"),
        "ref": NOTIFY_TRIGGER, "name": NOTIFY, "pack": "core",
        "payload_schema": {"type": "object", "properties": properties}, "parameters_schema": {},
        "id": "6b0104e95ccd6a94adda31d5",
    })
}

const NOTIFY: &str = "st2.generic.notifytrigger";
const NOTIFY_TRIGGER: &str = "core.st2.generic.notifytrigger";
