//! `/v1/aliasexecution`: commands from the chat.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Field, Others};
use crate::alias::Params;
use crate::render::{self, Mode, TemplateError};
use crate::sandbox::access::Caller;
use crate::sandbox::catalogue::Entry;
use crate::sandbox::execution::Secrets;
use crate::sandbox::life;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::{Order, World};

/// `POST /v1/aliasexecution`: one command, in a format that the caller knows.
pub(crate) fn execute(world: &Arc<World>, call: &Call, caller: &Caller) -> Result<Answer, Refusal> {
    let body = call.object(&NAMED, Others::Refused)?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let (name, format, command) = (text("name"), text("format"), text("command"));
    let entry = world.state().catalogue.alias_named(name).cloned();
    let unknown = || format!("Unable to find the ActionAliasDB instance. {{'name': '{name}'}}");
    let entry = entry.ok_or_else(|| Refusal::missing(unknown()))?;
    let pattern = entry.patterns.iter().find(|pattern| pattern.representation == format);
    let unavailable = || format!("Format string \"{format}\" is not available on the alias \"{name}\"");
    let pattern = pattern.ok_or_else(|| Refusal::bad(unavailable()))?;
    let different = || format!("Command \"{command}\" doesn't match format string \"{format}\"");
    let parameters = pattern.parse(command)?.ok_or_else(|| Refusal::bad(different()))?;
    let said = Said { world, caller, entry: &entry, body: &body, secrets: secrets(call)? };
    Ok(Answer::json(201, &said.run(parameters)?))
}

/// `POST /v1/aliasexecution/match_and_execute`: whatever alias the command matches, as often as it does.
pub(crate) fn match_and_execute(world: &Arc<World>, call: &Call, caller: &Caller) -> Result<Answer, Refusal> {
    let body = call.object(&MATCHED, Others::Refused)?;
    let command = body.get("command").and_then(Value::as_str).unwrap_or_default();
    let (entry, index) = world.state().catalogue.matching(command)?;
    let pattern = entry.patterns.get(index).filter(|pattern| !pattern.representation.is_empty());
    let pattern = pattern.ok_or_else(Refusal::internal)?;
    let parameters =
        if pattern.many { pattern.parse_all(command)? } else { pattern.parse(command)?.into_iter().collect() };
    let said = Said { world, caller, entry: &entry, body: &body, secrets: secrets(call)? };
    let results = parameters.into_iter().map(|parameters| said.run(parameters)).collect::<Result<Vec<_>, _>>()?;
    Ok(Answer::json(201, &json!({ "results": results })))
}

/// A command that found its alias.
struct Said<'a> {
    world: &'a Arc<World>,
    caller: &'a Caller,
    entry: &'a Entry,
    body: &'a Map<String, Value>,
    secrets: Secrets,
}

impl Said<'_> {
    /// Starts the action, then renders the ack: an ack that fails does not mean that nothing runs.
    fn run(&self, parameters: Params) -> Result<Value, Refusal> {
        let context = self.context();
        let parameters = self.cast(self.with_immutables(parameters, &context)?)?;
        let order = Order {
            action: self.entry.alias.action_ref.clone(),
            parameters,
            context,
            notify: Some(self.notify()),
            ..Order::default()
        };
        let id = self.world.launch(order)?;
        let shown =
            self.world.state().executions.find(&id).map(|it| serde_json::to_value(it.document(self.secrets)));
        life::begin(self.world, id);
        let execution = shown.and_then(Result::ok).unwrap_or_default();
        self.acknowledged(json!({"execution": execution, "actionalias": self.entry.document}))
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.body.get(key).and_then(Value::as_str)
    }

    /// Who said it; without a name it is the word that StackStorm falls back to.
    fn user(&self) -> &str {
        self.text("user").unwrap_or("channel")
    }

    fn context(&self) -> Map<String, Value> {
        Map::from_iter([
            ("action_alias_ref".to_owned(), json!({"id": self.entry.alias.id, "name": self.entry.alias.name})),
            ("api_user".to_owned(), self.user().into()),
            ("user".to_owned(), self.caller.user.clone().into()),
            ("source_channel".to_owned(), self.text("source_channel").into()),
        ])
    }

    fn notify(&self) -> Value {
        let route = self.text("notification_route").or_else(|| self.text("notification_channel"));
        let data = json!({
            "user": self.user(), "source_channel": self.text("source_channel"),
            "source_context": self.body.get("source_context"),
        });
        json!({"on-complete": {"data": data, "routes": [route]}})
    }

    fn with_immutables(&self, mut said: Params, context: &Map<String, Value>) -> Result<Params, Refusal> {
        let fixed = &self.entry.alias.immutable_parameters;
        let overridden: Vec<_> =
            fixed.keys().filter(|name| said.contains_key(*name)).map(String::as_str).collect();
        if !overridden.is_empty() {
            let names = overridden.join(", ");
            return Err(Refusal::bad(format!("Immutable arguments cannot be overriden: {names}")));
        }
        if fixed.is_empty() {
            return Ok(said);
        }
        let rendered = render::extra(&fixed.clone().into(), &context.clone().into(), Mode::Ack);
        if let Value::Object(rendered) = rendered.map_err(|error| Refusal::bad(error.to_string()))? {
            said.extend(rendered);
        }
        Ok(said)
    }

    fn cast(&self, mut parameters: Params) -> Result<Params, Refusal> {
        let runnable = self.world.state().catalogue.action(&self.entry.alias.action_ref).cloned();
        if let Some(runnable) = runnable {
            runnable.schema.cast(&mut parameters)?;
        }
        Ok(parameters)
    }

    /// Adds `message` and `extra` where the alias has templates for them.
    fn acknowledged(&self, mut answer: Value) -> Result<Value, Refusal> {
        let ack = &self.entry.alias.ack;
        let message = ack.format.as_deref().map(|format| render::template(format, &answer, Mode::Ack));
        let message = message.map(|it| it.map(Value::String).or_else(|error| unrendered("format", &error)));
        let extra = Some(&ack.extra).filter(|extra| !extra.is_null());
        let extra = extra.map(|extra| render::extra(extra, &answer, Mode::Ack));
        let extra = extra.map(|it| it.or_else(|error| unrendered("extra", &error)));
        let (message, extra) = (message.transpose()?, extra.transpose()?);
        if let Value::Object(map) = &mut answer {
            map.extend(message.map(|message| ("message".to_owned(), message)));
            map.extend(extra.map(|extra| ("extra".to_owned(), extra)));
        }
        Ok(answer)
    }
}

/// An undefined name becomes a text in the ack; broken JSON is a bad request, anything else an accident.
fn unrendered(field: &str, error: &TemplateError) -> Result<Value, Refusal> {
    match error.kind.as_str() {
        "UndefinedError" => {
            Ok(format!("Cannot render \"{field}\" in field \"ack\" for alias. {}", error.message).into())
        }
        "JSONDecodeError" | "ValueError" => Err(Refusal::bad(error.message.clone())),
        _ => Err(Refusal::internal()),
    }
}

fn secrets(call: &Call) -> Result<Secrets, Refusal> {
    Ok(if call.flag("show_secrets")? { Secrets::Shown } else { Secrets::Masked })
}

const TEXT: &[&str] = &["string"];
const TEXT_OR_NULL: &[&str] = &["string", "null"];

const NAMED: [Field; 8] = [
    Field::required("name", TEXT),
    Field::required("format", TEXT),
    Field::required("command", TEXT),
    Field::required("source_channel", TEXT),
    Field::optional("user", TEXT_OR_NULL),
    Field::optional("source_context", &["object", "null"]),
    Field::optional("notification_channel", TEXT_OR_NULL),
    Field::optional("notification_route", TEXT_OR_NULL),
];

const MATCHED: [Field; 5] = [
    Field::required("command", TEXT),
    Field::required("user", TEXT),
    Field::required("source_channel", TEXT),
    Field::optional("notification_channel", TEXT_OR_NULL),
    Field::optional("notification_route", TEXT_OR_NULL),
];
