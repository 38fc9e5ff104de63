//! `/v1/executions`: list, one, its parts, and starting, cancelling or running them again.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Field, Others};
use super::page::{Attributes, Page};
use crate::sandbox::access::Caller;
use crate::sandbox::execution::{Execution, Secrets, Status};
use crate::sandbox::life;
use crate::sandbox::python;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Filter;
use crate::sandbox::world::{Order, World};

pub(crate) fn list(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let page = Page::of(call, Some(100))?;
    let view = View::of(call)?;
    let filter = filter(call)?;
    let state = world.state();
    let found = state.executions.list(&filter);
    let total = found.len();
    let shown: Vec<_> = page.cut(found).into_iter().map(|execution| view.show(execution)).collect();
    drop(state);
    Ok(page.answer(total, &shown))
}

fn filter(call: &Call) -> Result<Filter, Refusal> {
    let owned = |name: &str| call.parameter(name).map(str::to_owned);
    let status = |text: &str| serde_json::from_value(text.into()).map_err(|_| bad_status(text));
    let time = |name: &str| {
        let time = call.parameter(name).map(str::parse::<Timestamp>).transpose();
        time.map_err(|_| Refusal::bad(format!("Parameter \"{name}\" is not a timestamp")))
    };
    Ok(Filter {
        ids: call.parameter("id").map(|_| call.list("id")),
        action: owned("action"),
        status: call.parameter("status").map(status).transpose()?,
        user: owned("user"),
        parent: owned("parent").map(|parent| Some(parent).filter(|parent| parent != "null")),
        after: time("timestamp_gt")?,
        before: time("timestamp_lt")?,
    })
}

pub(crate) fn one(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let view = View::of(call)?;
    let most = call.integer("max_result_size")?.and_then(|most| usize::try_from(most).ok());
    let state = world.state();
    let execution = match id {
        "last" => state.executions.newest_first().next(),
        id => state.executions.find(id),
    };
    let execution = execution.ok_or_else(|| unknown(id))?;
    let mut document = view.show(execution);
    if let (Some(map), Some(most)) = (document.as_object_mut(), most) {
        map.retain(|name, _| name != "result" || execution.result_size.is_none_or(|size| size <= most));
    }
    Ok(Answer::json(200, &document))
}

pub(crate) fn result(world: &World, id: &str) -> Result<Answer, Refusal> {
    let state = world.state();
    let execution = state.executions.find(id).ok_or_else(|| unknown(id))?;
    let text = execution.result.as_ref().map_or_else(|| "{}".to_owned(), Value::to_string);
    Ok(Answer::text(200, "text/json", text))
}

pub(crate) fn output(world: &World, id: &str) -> Result<Answer, Refusal> {
    let state = world.state();
    let execution = state.executions.find(id).ok_or_else(|| unknown(id))?;
    let text: String = execution.output.iter().filter_map(|it| it.get("data")?.as_str()).collect();
    Ok(Answer::text(200, "text/plain; charset=UTF-8", text))
}

pub(crate) fn children(world: &World, id: &str) -> Result<Answer, Refusal> {
    let state = world.state();
    let execution = state.executions.find(id).ok_or_else(|| unknown(id))?;
    let children = execution.children.iter().filter_map(|child| state.executions.find(child));
    let documents: Vec<_> = children.map(|child| child.document(Secrets::Masked)).collect();
    Ok(Answer::json(200, &documents))
}

pub(crate) fn create(world: &Arc<World>, call: &Call, caller: &Caller) -> Result<Answer, Refusal> {
    let body = call.object(&[Field::required("action", &["string"])], Others::Allowed)?;
    let mut context = object(body.get("context"));
    context.insert("user".to_owned(), caller.user.clone().into());
    if let Some(Ok(Value::Object(given))) = call.context.as_deref().map(serde_json::from_str) {
        context.extend(given);
    }
    let order = Order {
        action: body.get("action").and_then(Value::as_str).unwrap_or_default().to_owned(),
        parameters: object(body.get("parameters")),
        context,
        notify: body.get("notify").filter(|notify| notify.is_object()).cloned(),
        ..Order::default()
    };
    start(world, order, &View::of(call)?)
}

pub(crate) fn rerun(world: &Arc<World>, call: &Call, caller: &Caller, id: &str) -> Result<Answer, Refusal> {
    let body = call.object(&[], Others::Allowed)?;
    let order = {
        let state = world.state();
        let old = state.executions.find(id).ok_or_else(|| unknown(id))?;
        let mut parameters = old.parameters.clone();
        parameters.extend(object(body.get("parameters")));
        let context = json!({
            "re-run": {"ref": id}, "trace_context": {"id_": old.liveaction_id}, "user": caller.user,
        });
        Order { action: old.action_ref.clone(), parameters, context: object(Some(&context)), ..Order::default() }
    };
    start(world, order, &View::of(call)?)
}

fn start(world: &Arc<World>, order: Order, view: &View) -> Result<Answer, Refusal> {
    let id = world.launch(order)?;
    let shown = world.state().executions.find(&id).map(|execution| view.show(execution));
    life::begin(world, id);
    Ok(Answer::json(201, &shown))
}

pub(crate) fn cancel(world: &World, caller: &Caller, id: &str) -> Result<Answer, Refusal> {
    let mut state = world.state();
    let status = state.executions.find(id).ok_or_else(|| unknown(id))?.status;
    if status.is_terminal() || status == Status::Canceling {
        let status = serde_json::to_value(status).unwrap_or_default();
        let status = status.as_str().unwrap_or_default();
        let what = format!("Action cannot be canceled. State = {status}.");
        return Ok(Answer::json(200, &Refusal::bad(what).body));
    }
    state.cancel(id, &caller.user);
    let execution = state.executions.find(id).ok_or_else(|| unknown(id))?;
    Ok(Answer::json(200, &execution.document(Secrets::Masked)))
}

/// `PUT /v1/executions/ID`: puts an execution into a status by hand.
pub(crate) fn put(world: &World, call: &Call, id: &str) -> Result<Answer, Refusal> {
    let body = call.object(&[], Others::Allowed)?;
    let wanted = body.get("status").cloned().unwrap_or_default();
    let status: Status =
        serde_json::from_value(wanted.clone()).map_err(|_| bad_status(wanted.as_str().unwrap_or_default()))?;
    let mut state = world.state();
    state.executions.find(id).ok_or_else(|| unknown(id))?;
    state.step(id, status, body.get("result").cloned());
    let execution = state.executions.find(id).ok_or_else(|| unknown(id))?;
    if status.is_terminal() {
        execution.cancel.notify_one();
    }
    Ok(Answer::json(200, &execution.document(Secrets::Masked)))
}

/// What is shown of an execution.
struct View {
    secrets: Secrets,
    attributes: Attributes,
}

impl View {
    fn of(call: &Call) -> Result<Self, Refusal> {
        let secrets = if call.flag("show_secrets")? { Secrets::Shown } else { Secrets::Masked };
        Ok(Self { secrets, attributes: Attributes::of(call, &["id"]) })
    }

    fn show(&self, execution: &Execution) -> Value {
        self.attributes.choose(serde_json::to_value(execution.document(self.secrets)).unwrap_or_default())
    }
}

fn object(value: Option<&Value>) -> Map<String, Value> {
    value.and_then(Value::as_object).cloned().unwrap_or_default()
}

pub(super) fn unknown(id: &str) -> Refusal {
    Refusal::missing(format!("Unable to identify resource with id \"{id}\"."))
}

fn bad_status(status: &str) -> Refusal {
    let known = STATUSES.map(Value::from);
    Refusal::bad(format!(
        "{} is not one of {}",
        python::repr(&status.into()),
        python::repr(&known.as_slice().into())
    ))
}

/// In StackStorm's order, which its faults show.
const STATUSES: [&str; 14] = [
    "requested",
    "scheduled",
    "delayed",
    "running",
    "succeeded",
    "failed",
    "timeout",
    "abandoned",
    "canceling",
    "canceled",
    "pending",
    "pausing",
    "paused",
    "resuming",
];
