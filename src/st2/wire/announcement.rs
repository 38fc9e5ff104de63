//! Announcements: what StackStorm wants said.

use serde_json::{Value, json};

use super::{Execution, Mark};

/// What StackStorm wants said. It names no execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// The route on which it came.
    pub route: String,
    /// The room, as the alias or rule has it.
    pub channel: Option<String>,
    /// The person to name.
    pub user: Option<String>,
    /// Whether only that person is to read it.
    pub whisper: bool,
    /// The text; StackStorm's default text begins and ends with a line feed.
    pub message: String,
    /// The `source_context` of the request that it answers; null if there is none.
    pub context: Value,
    /// More, by network; null if there is none.
    pub extra: Value,
}

impl Announcement {
    /// Reads the data of an event on `route`; `None` if it is no JSON object.
    pub fn from_event(route: &str, data: &str) -> Option<Self> {
        let event: Value = serde_json::from_str(data).ok()?;
        Some(Self::read(route, event.as_object()?.get("payload").unwrap_or(&Value::Null)))
    }

    /// Reads the parameters of an execution of `chatops.post_message`, which leaves one of these on the stream.
    pub fn from_execution(execution: &Execution) -> Option<Self> {
        let parameters = execution.member("parameters")?;
        // The action's own default.
        let route = parameters.get("route").and_then(Value::as_str).unwrap_or("chatops");
        Some(Self::read(route, &parameters))
    }

    /// The command of ours that it answers.
    pub fn mark(&self) -> Option<Mark> {
        Mark::in_context(&self.context)
    }

    /// What it says, to whom and where, in short. The same for an event and for the execution that made it, whatever the
    /// order of their members, and the same in every build, as it is journalled: 64 bits of FNV-1a
    /// (draft-eastlake-fnv).
    pub fn fingerprint(&self) -> u64 {
        let mut said = json!([self.route, self.channel, self.user, self.message, self.context]);
        said.sort_all_objects();
        let mix = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME);
        said.to_string().bytes().fold(FNV_OFFSET, mix)
    }

    /// Reads what the chatops pack's action was given, wherever it stands.
    pub fn read(route: &str, payload: &Value) -> Self {
        let value = |key| payload.get(key).cloned().unwrap_or_default();
        let text = |key| match value(key) {
            Value::Null => None,
            Value::String(text) => Some(text),
            other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Some(other.to_string())
            }
        };
        Self {
            route: route.to_owned(),
            channel: text("channel").filter(|channel| !channel.is_empty()),
            user: text("user").filter(|user| !user.is_empty()),
            whisper: is_meant(&value("whisper")),
            message: text("message").unwrap_or_default(),
            context: value("context"),
            extra: value("extra"),
        }
    }
}

/// Whether a switch is on. A template makes a text of it (`"True"`), and what is for one person's eyes is better
/// withheld in doubt.
fn is_meant(switch: &Value) -> bool {
    match switch {
        Value::Null => false,
        Value::Bool(on) => *on,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(
            text.trim().to_ascii_lowercase().as_str(),
            "" | "0" | "false" | "no" | "none" | "null" | "off"
        ),
        Value::Array(_) | Value::Object(_) => true,
    }
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_may_be_absent_or_null() {
        let empty = Announcement::from_event("errbot", "{}").unwrap();
        let nulls = r#"{"payload":{"user":null,"channel":null,"whisper":null,"message":null,"context":null}}"#;

        assert_eq!(Announcement::from_event("errbot", r#"{"payload":null,"trace_context":null}"#).unwrap(), empty);
        assert_eq!(Announcement::from_event("errbot", nulls).unwrap(), empty);
        assert_eq!((empty.message.as_str(), empty.channel, empty.context), ("", None, Value::Null));
        assert_eq!(Announcement::from_event("errbot", "<html>"), None);
    }

    #[test]
    fn a_value_that_is_no_text_is_said_as_it_stands() {
        let odd = Announcement::from_event("errbot", r#"{"payload":{"message":5,"user":["a"],"whisper":true}}"#)
            .unwrap();

        assert_eq!((odd.message.as_str(), odd.user.as_deref(), odd.whisper), ("5", Some(r#"["a"]"#), true));
    }

    #[test]
    fn a_whisper_is_kept_from_the_room_in_doubt() {
        let whispers = |switch: Value| Announcement::read("errbot", &json!({ "whisper": switch })).whisper;

        assert!([json!(true), json!("True"), json!("yes"), json!(1)].into_iter().all(whispers));
        assert!(![json!(null), json!(false), json!("False"), json!(""), json!(0)].into_iter().any(whispers));
    }

    #[test]
    fn a_fingerprint_is_that_of_what_is_said_in_every_build() {
        let print = |payload: Value| Announcement::read("errbot", &payload).fingerprint();
        let hi = print(json!({"message": "hi", "context": {"a": {"b": 1, "c": 2}, "d": 3}}));

        assert_eq!(hi, print(json!({"context": {"d": 3, "a": {"c": 2, "b": 1}}, "message": "hi"})));
        assert_eq!(hi, 0x16c5_07c7_ce14_08f8);
        assert_ne!(hi, print(json!({"message": "hi", "context": {"a": 1}})));
        assert_ne!(print(json!({"user": "ada"})), print(json!({"channel": "ada"})));
    }

    #[test]
    fn the_execution_that_posted_it_says_the_same() {
        let payload = json!({"user": "joe", "channel": "#ops", "message": "hi", "extra": {}, "context": {"a": 1}});
        let mut parameters = payload.clone();
        parameters["route"] = "errbot".into();
        let execution = Execution::from_json(json!({"id": "5f", "parameters": parameters}).to_string()).unwrap();

        let event = Announcement::from_event("errbot", &json!({ "payload": payload }).to_string());

        assert_eq!(Announcement::from_execution(&execution), event);
    }
}
