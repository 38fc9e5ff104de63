//! Answers that only the person who asked may read. Pure.

use serde_json::Value;

use super::lines::Utterance;
use crate::{
    journal::{Command, Route},
    markup::Format,
};

/// Whether `extra` asks for a whisper on a network of `kind`: by its own `whisper: true` or by that network's.
pub(super) fn is_asked_for(extra: &Value, kind: &str) -> bool {
    let asks = |extra: &Value| match extra.get("whisper") {
        // A template renders to a text.
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        whisper => whisper == Some(&Value::Bool(true)),
    };
    asks(extra) || extra.get(kind).is_some_and(asks)
}

/// Where `what`, an answer to `command`, is said, and what is said there. What is to be whispered is not said in a room:
/// where nobody knows a private one, the answer is that there is none.
pub(super) fn placed(command: &Command, kind: &str, what: Utterance) -> (Route, Utterance) {
    let route = command.route.clone();
    let whispers = what.whisper || is_asked_for(&what.extra, kind);
    if !whispers || command.direct.as_ref() == Some(&route.room) {
        return (route, what);
    }
    match &command.direct {
        Some(room) => (Route { room: room.clone(), thread: None, ..route }, Utterance { mention: None, ..what }),
        None => {
            let text = "The answer is for you alone, and there is no private room with you here to say it in.";
            (route, Utterance { text: text.into(), format: Format::Plain, extra: Value::Null, ..what })
        }
    }
}

#[cfg(test)]
mod tests {
    use fulmar_contract::{Identity, Mention, MessageId, RoomId, ThreadId};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;
    use crate::journal::{CommandId, Results};

    fn command(direct: Option<&str>) -> Command {
        Command {
            id: CommandId(Uuid::from_u128(1)),
            message: MessageId::new("1"),
            stackstorm: "default".into(),
            route: Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: Some(ThreadId::new("7")) },
            direct: direct.map(RoomId::new),
            author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
            text: "secret".into(),
            alias: "demo.secret".into(),
            results: Results::Direct,
        }
    }

    fn placed_with(extra: Value, direct: Option<&str>) -> (Route, Utterance) {
        let command = command(direct);
        let what = Utterance { extra, ..Utterance::answer(&command, "psst") };
        placed(&command, "x", what)
    }

    #[test]
    fn an_answer_is_said_where_it_was_asked_for() {
        for extra in [Value::Null, json!({"whisper": false}), json!({"whisper": "yes", "y": {"whisper": true}})] {
            let (route, what) = placed_with(extra, Some("joe"));

            assert_eq!((route, what.text.as_str()), (command(None).route, "psst"));
            assert!(what.mention.is_some());
        }
    }

    #[test]
    fn a_whisper_is_said_in_private_to_nobody_by_name() {
        for extra in [json!({"whisper": true}), json!({"whisper": "True"}), json!({"x": {"whisper": true}})] {
            let (route, what) = placed_with(extra, Some("joe"));

            assert_eq!((route.room.as_str(), route.thread, what.text.as_str()), ("joe", None, "psst"));
            assert!(what.mention.is_none());
        }
    }

    #[test]
    fn a_whisper_that_nobody_could_hear_alone_is_not_said() {
        let (route, what) = placed_with(json!({"whisper": true, "x": {"secret": 1}}), None);

        assert_eq!(route, command(None).route);
        assert!(what.text.contains("no private room") && what.extra.is_null(), "{what:?}");
    }
}
