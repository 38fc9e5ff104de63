//! StackStorm's rules on the end of an execution that is to be notified of (`st2.generic.notifytrigger`).

use serde_json::{Map, Value, json};

use super::announce::object;
use super::execution::Execution;
use super::stamp;
use super::world::{Order, World};
use crate::render::{self, Mode};

/// A rule that fires: what it has done.
#[derive(Debug)]
pub(crate) struct Firing {
    pub(crate) action: String,
    pub(crate) parameters: Map<String, Value>,
    context: Map<String, Value>,
    cause: Map<String, Value>,
}

impl Firing {
    /// The order for an execution that the rule starts, less its parameters.
    pub(crate) fn order(&self) -> Order {
        Order {
            action: self.action.clone(),
            context: self.context.clone(),
            cause: self.cause.clone(),
            ..Order::default()
        }
    }
}

/// The rules that fire at the end of `execution`: each of its routes, null too, is a trigger of its own.
pub(crate) fn firings(world: &World, execution: &Execution) -> Vec<Firing> {
    let section = execution.notify.as_ref().and_then(|notify| notify.get("on-complete"));
    let routes = section.and_then(|section| section.get("routes")).and_then(Value::as_array);
    let state = world.state();
    let fires = |route: &Value| -> Vec<Firing> {
        let payload = payload(execution, route);
        let rules = state.catalogue.rules.iter().filter(|rule| is_met(rule, &payload));
        rules.map(|rule| firing(execution, rule, &payload)).collect()
    };
    routes.into_iter().flatten().flat_map(fires).collect()
}

fn payload(execution: &Execution, route: &Value) -> Value {
    let data = execution.notify.as_ref().and_then(|notify| notify.pointer("/on-complete/data"));
    let part = |key: &str| data.and_then(|data| data.get(key)).cloned().unwrap_or_default();
    let result = execution.result.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string);
    json!({
        "message": format!("Action {} completed.", execution.action_ref),
        "data": {
            "user": part("user"), "source_channel": part("source_channel"),
            "source_context": part("source_context"), "result": result,
        },
        "execution_id": execution.id, "status": execution.status,
        "start_timestamp": stamp::text(execution.start), "end_timestamp": execution.end.map(stamp::text),
        "action_ref": execution.action_ref, "runner_ref": execution.runner.get("name"),
        "route": route, "channel": route,
    })
}

/// Whether a rule is for this trigger. Of criteria only `equals` is played, in which all rules of the pack are.
fn is_met(rule: &Value, payload: &Value) -> bool {
    let is_on = rule.get("enabled") != Some(&Value::Bool(false))
        && rule.pointer("/trigger/type").is_some_and(|trigger| trigger == NOTIFY_TRIGGER);
    let criteria = rule.get("criteria").and_then(Value::as_object);
    let equals = |(key, criterion): (&String, &Value)| {
        criterion.get("type").is_some_and(|kind| kind == "equals" || kind == "eq")
            && criterion.get("pattern") == key.strip_prefix("trigger.").and_then(|path| field(payload, path))
    };
    is_on && criteria.into_iter().flatten().all(equals)
}

fn firing(execution: &Execution, rule: &Value, payload: &Value) -> Firing {
    let id = stamp::new_id();
    let short = json!({"id": rule.get("id"), "name": rule.get("name")});
    let context = json!({
        "trigger_instance": {"id": id, "name": null}, "rule": short, "user": "stanley",
        "trace_context": {"id_": stamp::new_id(), "trace_tag": format!("execution-{}", execution.liveaction_id)},
    });
    let instance = json!({
        "trigger": NOTIFY_TRIGGER, "occurrence_time": stamp::text(stamp::now()), "status": "processed", "id": id,
        "payload": payload,
    });
    let cause = json!({
        "trigger": trigger(), "trigger_type": trigger_type(), "trigger_instance": instance, "rule": rule,
    });
    let given = rule.pointer("/action/parameters").and_then(Value::as_object);
    let filled = given.into_iter().flatten().map(|(name, value)| (name.clone(), filled(value, payload)));
    Firing {
        action: rule.pointer("/action/ref").and_then(Value::as_str).unwrap_or_default().to_owned(),
        parameters: filled.collect(),
        context: object(context),
        cause: object(cause),
    }
}

/// A parameter with what the trigger says filled in; one that is nothing but a part of it keeps that part's type.
fn filled(value: &Value, payload: &Value) -> Value {
    let Value::String(text) = value else { return value.clone() };
    let name = text.trim().strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).map(str::trim);
    let part = name.and_then(|name| name.strip_prefix("trigger.")).and_then(|path| field(payload, path));
    part.cloned().unwrap_or_else(|| {
        let rendered = render::template(text, &json!({"trigger": payload}), Mode::Ack);
        rendered.unwrap_or_else(|error| error.to_string()).into()
    })
}

fn field<'a>(payload: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(payload, |value, name| value.get(name))
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
