//! Asking for an alias to be matched or run, and the answers.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ExecutionId;
use crate::alias::Alias;

/// The body of `POST /aliasexecution`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AliasExecution {
    /// The alias, by its bare name.
    pub name: String,
    /// The format that matched, exactly as the alias has it.
    pub format: String,
    /// The whole command.
    pub command: String,
    /// Who asks, to be shown only.
    pub user: String,
    /// The room.
    pub source_channel: String,
    /// What comes back; see [`super::Mark::to_context`].
    pub source_context: Value,
    /// Where StackStorm announces the result; absent when we format it ourselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_route: Option<String>,
}

/// The body of `POST /aliasexecution/match_and_execute`, which takes no context. No route either: what is announced without
/// a context cannot be told from anything else.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MatchAndExecute {
    /// The whole command.
    pub command: String,
    /// Who asks, to be shown only.
    pub user: String,
    /// The room.
    pub source_channel: String,
}

/// What StackStorm says of a command that it has scheduled.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct AliasAnswer {
    /// The execution.
    pub execution: Started,
    /// The alias.
    #[serde(default)]
    pub actionalias: RunAlias,
    /// The rendered `ack.format`; absent if the alias has none.
    #[serde(default)]
    message: Value,
    /// The rendered `ack.extra`: an object, or a text that says why it could not be rendered; null if there is none.
    #[serde(default)]
    pub extra: Value,
}

/// What an answer says of the execution that it started.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Started {
    /// Its id.
    pub id: ExecutionId,
    /// Where people can look at it; StackStorm has it only if it knows its own address.
    #[serde(default)]
    pub web_url: Option<String>,
}

/// What an answer says of the alias that was run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct RunAlias {
    /// Its name with its pack's.
    #[serde(default, rename = "ref")]
    pub reference: Option<String>,
    /// Its `ack`; null if it has none.
    #[serde(default)]
    pub ack: Value,
    /// Its `result`; null if it has none.
    #[serde(default)]
    pub result: Value,
}

impl AliasAnswer {
    /// The rendered `ack.format`; `None` if the alias has none.
    pub fn message(&self) -> Option<&str> {
        self.message.as_str()
    }
}

/// What `POST /actionalias/match` answers.
#[derive(Clone, Debug)]
pub enum MatchAnswer {
    /// More than one alias, or more than one format, matches.
    Ambiguous,
    /// No enabled alias matches.
    None,
    /// One does.
    One(Box<Matched>),
}

/// The alias that matches.
#[derive(Clone, Debug, Deserialize)]
pub struct Matched {
    /// The alias.
    pub actionalias: Alias,
    /// How the format is shown.
    #[serde(default)]
    pub display: Option<String>,
    /// The format that matched.
    pub representation: String,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn message_and_extra_may_be_absent_and_extra_may_be_a_text() {
        let bare: AliasAnswer = serde_json::from_value(json!({"execution": {"id": "5f"}})).unwrap();
        let full: AliasAnswer =
            serde_json::from_value(json!({"execution": {"id": "5f"}, "message": "hi", "extra": "cannot render"}))
                .unwrap();

        assert_eq!((bare.message(), &bare.extra), (None, &Value::Null));
        assert_eq!((full.message(), &full.extra), (Some("hi"), &json!("cannot render")));
        assert!(serde_json::from_value::<AliasAnswer>(json!({"message": "no execution"})).is_err());
    }

    #[test]
    fn no_route_is_asked_for_unless_there_is_one() {
        let mut body = AliasExecution {
            name: "n".into(),
            format: "f".into(),
            command: "c".into(),
            user: "u".into(),
            source_channel: "s".into(),
            source_context: Value::Null,
            notification_route: None,
        };
        assert_eq!(json!(body).get("notification_route"), None);

        body.notification_route = Some("errbot".into());
        assert_eq!(json!(body)["notification_route"], "errbot");
    }
}
