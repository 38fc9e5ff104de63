//! An alias as StackStorm describes it.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// An action alias, as `GET /v1/actionalias` and a pack's `aliases/*.yaml` give it.
///
/// Tolerant: absent and null fields take StackStorm's defaults; unknown ones are ignored.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Alias {
    /// The database id; empty for one read from a file.
    #[serde(default, deserialize_with = "or_default")]
    pub id: String,
    /// The name, unique only within the pack.
    pub name: String,
    /// The pack.
    #[serde(default, deserialize_with = "or_default")]
    pub pack: String,
    /// What it is for, in a sentence.
    #[serde(default, deserialize_with = "or_default")]
    pub description: String,
    /// Whether it can be run.
    #[serde(default = "yes", deserialize_with = "yes_unless_false")]
    pub enabled: bool,
    /// The action, as `pack.name`.
    #[serde(default, deserialize_with = "or_default")]
    pub action_ref: String,
    /// The ways to say it.
    #[serde(default, deserialize_with = "or_default")]
    pub formats: Vec<Phrase>,
    /// How the start is told.
    #[serde(default, deserialize_with = "or_default")]
    pub ack: Ack,
    /// How the end is told.
    #[serde(default, deserialize_with = "or_default")]
    pub result: Outcome,
    /// What belongs to no one else, as `security`.
    #[serde(default, deserialize_with = "or_default")]
    pub extra: Map<String, Value>,
    /// Parameters that a command may not set.
    #[serde(default, deserialize_with = "or_default")]
    pub immutable_parameters: Map<String, Value>,
}

impl Alias {
    /// The reference, as `pack.name`.
    pub fn reference(&self) -> String {
        format!("{}.{}", self.pack, self.name)
    }
}

/// One entry of `formats`: a bare format, or how to show it and how to match it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Phrase {
    /// Shown and matched alike.
    Bare(String),
    /// Shown in one way, matched in others.
    Shown {
        /// What help shows; absent for one that help hides.
        #[serde(default)]
        display: Option<String>,
        /// What is matched.
        #[serde(default, deserialize_with = "one_or_many")]
        representation: Vec<String>,
        /// Whether one command may match several times.
        #[serde(default, deserialize_with = "or_default")]
        match_multiple: bool,
    },
}

impl Phrase {
    /// What help shows; none for one that help hides.
    pub fn display(&self) -> Option<&str> {
        match self {
            Self::Bare(format) => Some(format.as_str()),
            Self::Shown { display, .. } => display.as_deref(),
        }
        .filter(|display| !display.is_empty())
    }

    /// Whether one command may match several times.
    pub const fn matches_multiple(&self) -> bool {
        matches!(self, Self::Shown { match_multiple: true, .. })
    }
}

/// `ack` of an alias.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ack {
    /// Whether the start is told at all; true unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// A template that StackStorm itself renders into `message`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Templates for the networks, by network.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
    /// Whether a link to the execution follows; true unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub append_url: Option<bool>,
}

/// `result` of an alias.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Whether the end is told at all; true unless said otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// The template of the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Templates for the networks, by network.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub extra: Value,
}

const fn yes() -> bool {
    true
}

fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

fn yes_unless_false<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or(true))
}

fn one_or_many<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Many(Vec<String>),
        One(String),
    }
    Ok(match Option::deserialize(from)? {
        None => Vec::new(),
        Some(Either::Many(many)) => many,
        Some(Either::One(one)) => vec![one],
    })
}
