//! What StackStorm says, made from what a real one said: the recordings of `tests/st2` with holes for what differs.

use serde_json::{Value, json};

use crate::{Outcome, words};

/// What differs from one execution to the next. Each is a JSON value, ready to be written.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) id: String,
    pub(super) host: String,
    pub(super) ack: String,
    pub(super) room: String,
    pub(super) user: String,
    pub(super) context: String,
}

/// Everything that is said of one execution.
pub(super) struct Bodies {
    /// The answer to the POST.
    pub(super) answer: Template,
    /// The updates, from `scheduled` to the end.
    pub(super) updates: Vec<Template>,
}

/// A text with holes.
pub(super) struct Template(Vec<Part>);

enum Part {
    Text(String),
    Hole(Hole),
}

#[derive(Clone, Copy)]
enum Hole {
    Ack,
    Context,
    Host,
    Id,
    Room,
    User,
}

impl Bodies {
    pub(super) fn recorded() -> Outcome<Self> {
        let created = executions("create").next().ok_or("no execution in the recording")?;
        let updates: Vec<Template> = executions("update").take(3).map(|it| Template::new(&hollow(it))).collect();
        let mut created = hollow(created);
        let web_url = json!("https://st2.example.test/#/history/6b0105d6b815bea18190dedd/general");
        created.as_object_mut().ok_or("no object in the recording")?.insert("web_url".into(), web_url);
        let mut answer: Value = serde_json::from_str(ANSWER)?;
        let mut answer = answer.pointer_mut("/response/body_json").map(Value::take).unwrap_or_default();
        set(&mut answer, "/execution", created);
        set(&mut answer, "/actionalias", alias(0));
        answer.as_object_mut().ok_or("no answer in the recording")?.insert("message".into(), json!("<<ack>>"));
        Ok(Self { answer: Template::new(&answer), updates })
    }
}

/// An alias of service number `service`.
pub(super) fn alias(service: u64) -> Value {
    json!({
        "uid": format!("action_alias:load:restart_{service:05}"),
        "metadata_file": format!("aliases/restart_{service:05}.yaml"),
        "name": format!("restart_{service:05}"),
        "ref": format!("load.restart_{service:05}"),
        "description": "Restarts one of many services",
        "pack": "load",
        "enabled": true,
        "action_ref": "load.restart",
        "formats": [words::format(service)],
        "ack": {"enabled": true, "append_url": false, "format": words::ack_format(service)},
        "result": {"enabled": true, "format": words::result_format(service)},
        "extra": {},
        "immutable_parameters": {},
        "id": format!("6b0104f25ccd6a94{service:08x}"),
    })
}

/// The data of an announcement's event.
pub(super) fn announcement(room: &str, text: &str) -> String {
    let payload =
        json!({"user": null, "channel": room, "whisper": false, "message": text, "context": null, "extra": {}});
    json!({"payload": payload, "trace_context": null}).to_string()
}

impl Template {
    fn new(value: &Value) -> Self {
        let text = value.to_string();
        let mut parts = Vec::new();
        for part in text.split("\"<<") {
            let (hole, text) = part.split_once(">>\"").unwrap_or(("", part));
            parts.extend(Hole::named(hole).map(Part::Hole));
            parts.push(Part::Text(text.to_owned()));
        }
        Self(parts)
    }

    /// Appends the text, its holes filled.
    pub(super) fn fill(&self, out: &mut Vec<u8>, fields: &Fields) {
        for part in &self.0 {
            let text = match part {
                Part::Text(text) => text,
                Part::Hole(Hole::Ack) => &fields.ack,
                Part::Hole(Hole::Context) => &fields.context,
                Part::Hole(Hole::Host) => &fields.host,
                Part::Hole(Hole::Id) => &fields.id,
                Part::Hole(Hole::Room) => &fields.room,
                Part::Hole(Hole::User) => &fields.user,
            };
            out.extend_from_slice(text.as_bytes());
        }
    }
}

impl Hole {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ack" => Self::Ack,
            "context" => Self::Context,
            "host" => Self::Host,
            "id" => Self::Id,
            "room" => Self::Room,
            "user" => Self::User,
            _ => return None,
        })
    }
}

/// The executions in the recorded events of this kind, in order.
fn executions(kind: &str) -> impl Iterator<Item = Value> {
    let event = format!("event: st2.execution__{kind}");
    let of_kind = STREAM.lines().zip(STREAM.lines().skip(1)).filter(move |(line, _)| line.trim_end() == event);
    of_kind.filter_map(|(_, data)| serde_json::from_str(data.strip_prefix("data: ")?).ok())
}

/// Puts holes where one execution differs from the next, and our own alias in place of the recorded one.
fn hollow(mut execution: Value) -> Value {
    for (pointer, value) in [
        ("/id", json!("<<id>>")),
        ("/liveaction/parameters", json!({"host": "<<host>>"})),
        ("/parameters", json!({"host": "<<host>>"})),
        ("/liveaction/notify/on-complete/data/user", json!("<<user>>")),
        ("/liveaction/notify/on-complete/data/source_channel", json!("<<room>>")),
        ("/liveaction/notify/on-complete/data/source_context", json!("<<context>>")),
        ("/context/source_channel", json!("<<room>>")),
        ("/context/api_user", json!("<<user>>")),
        ("/result/result/message", json!("done")),
    ] {
        set(&mut execution, pointer, value);
    }
    execution
}

fn set(target: &mut Value, pointer: &str, value: Value) {
    if let Some(place) = target.pointer_mut(pointer) {
        *place = value;
    }
}

const STREAM: &str = include_str!("../../../st2/stream/stream_default_direct.raw");
const ANSWER: &str = include_str!("../../../st2/http/aliasexecution_ok_source_context.json");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_execution_is_as_long_as_a_real_one_and_carries_what_it_was_given() {
        let bodies = Bodies::recorded().unwrap();
        let fields = Fields {
            id: "\"6b\"".into(),
            host: "\"h7\"".into(),
            ack: "\"Restarting x on h7.\"".into(),
            room: "\"#ops\"".into(),
            user: "\"joe\"".into(),
            context: r#"{"fulmar":{"gateway":"g","command":"c"}}"#.into(),
        };
        let filled = |template: &Template| {
            let mut out = Vec::new();
            template.fill(&mut out, &fields);
            assert!(out.len() > 2_500, "{}", out.len());
            serde_json::from_slice::<Value>(&out).unwrap()
        };

        let answer = filled(&bodies.answer);
        let updates: Vec<Value> = bodies.updates.iter().map(filled).collect();

        assert_eq!(answer["message"], "Restarting x on h7.");
        assert_eq!(
            updates.iter().map(|it| &it["status"]).collect::<Vec<_>>(),
            ["scheduled", "running", "succeeded"]
        );
        let end = &updates[2];
        assert_eq!((&end["id"], &end["parameters"]["host"]), (&json!("6b"), &json!("h7")));
        assert_eq!(end["liveaction"]["notify"]["on-complete"]["data"]["source_context"]["fulmar"]["command"], "c");
        assert_eq!(end["result"]["result"]["message"], "done");
    }
}
