//! JSON that is taken into Python only where a template looks at it: an execution is long, and most of it is never read.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use minijinja::Value;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::collection::{Dict, Entries, List};
use super::compare::Key;
use super::value::from_json;

/// A part of a text of JSON that holds one value.
#[derive(Clone, Debug)]
pub(crate) struct Unread {
    whole: Arc<str>,
    part: Range<usize>,
    /// How many values it lies in.
    level: usize,
}

/// How deep a text may nest; what lies deeper is shown as it is written. The reader of [`from_json`] stops here, too.
pub(crate) const NESTED: usize = 128;

impl Unread {
    /// All of a text.
    pub(crate) fn new(whole: Arc<str>) -> Self {
        let part = 0..whole.len();
        Self { whole, part, level: 0 }
    }

    /// The value; of an object nothing is read yet.
    pub(crate) fn value(self) -> Value {
        match self.text().trim_start().as_bytes().first() {
            _ if self.level > NESTED => Value::from(self.text()),
            Some(b'{') => Value::from_object(Dict::unread(self)),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(self.text()).unwrap_or_default();
                let items = items.into_iter().filter_map(|item| self.child(item)).map(Self::value).collect();
                Value::from_object(List { items, depth: NESTED })
            }
            _ => self.scalar(),
        }
    }

    /// The members of an object, none of them read yet.
    pub(crate) fn members(&self) -> Members {
        let Pairs(pairs) = serde_json::from_str(self.text()).unwrap_or_default();
        let member = |(name, json): (Cow<'_, str>, &RawValue)| {
            Some(Member { name: name.into(), json: self.child(json)?, value: OnceLock::new() })
        };
        Members(pairs.into_iter().filter_map(member).collect())
    }

    fn text(&self) -> &str {
        self.whole.get(self.part.clone()).unwrap_or_default()
    }

    /// A value within this one.
    fn child(&self, value: &RawValue) -> Option<Self> {
        let start = value.get().as_ptr().addr().checked_sub(self.whole.as_ptr().addr())?;
        let part = start..start.checked_add(value.get().len())?;
        Some(Self { whole: Arc::clone(&self.whole), part, level: self.level + 1 })
    }

    /// What Python could read and we cannot, as half a surrogate pair, is shown as it is written.
    fn scalar(&self) -> Value {
        let read = serde_json::from_str(self.text()).ok().and_then(|json| from_json(&json).ok());
        read.unwrap_or_else(|| Value::from(self.text()))
    }
}

/// The members of an object.
#[derive(Debug)]
pub(crate) struct Members(Vec<Member>);

#[derive(Debug)]
struct Member {
    name: Box<str>,
    json: Unread,
    /// Once it was looked at.
    value: OnceLock<Value>,
}

impl Members {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The member called `name`; the last one, if there are several.
    pub(crate) fn find(&self, name: &str) -> Option<&Value> {
        self.0.iter().rfind(|member| *member.name == *name).map(Member::value)
    }

    /// All of them. A name given twice keeps its first place and its last value.
    pub(crate) fn entries(&self) -> Entries {
        let entry = |member: &Member| {
            (Key::Text(member.name.clone()), (Value::from(&*member.name), member.value().clone()))
        };
        self.0.iter().map(entry).collect()
    }
}

impl Member {
    fn value(&self) -> &Value {
        self.value.get_or_init(|| self.json.clone().value())
    }
}

/// An object's members, as they are written.
#[derive(Default)]
struct Pairs<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(name) = map.next_key::<Name<'de>>()? {
                    pairs.push((name.0, map.next_value()?));
                }
                Ok(Pairs(pairs))
            }
        }

        deserializer.deserialize_map(All)
    }
}

/// A name that is copied only where it must be.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::{Effort, Mode, python::display::repr, scope};

    fn shown(json: &str) -> String {
        scope::begin(Mode::Result, Effort::Full);
        repr(&Unread::new(json.into()).value()).unwrap()
    }

    #[test]
    fn is_the_same_value_as_one_that_is_read_at_once() {
        let json = r#" {"a": [1, -2.5, 1e3, "x\n\u00e9", null, true, {"b": {}}, []], "c": {"d": "e", "c": false},
            "big": 18446744073709551615, "a": {"twice": 1} } "#;

        scope::begin(Mode::Result, Effort::Full);
        let at_once = from_json(&serde_json::from_str(json).unwrap()).unwrap();

        assert_eq!(shown(json), repr(&at_once).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_shown_as_written() {
        assert_eq!(shown(r#"{"a": "\ud83d"}"#), r#"{'a': '"\\ud83d"'}"#);
        assert_eq!(shown(r#"{"a": 1e999}"#), "{'a': '1e999'}");
    }

    #[test]
    fn nesting_without_end_is_no_danger() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let objects = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));

        assert!(shown(&deep).len() > 100_000);
        assert!(shown(&objects).len() > 10_000);
    }
}
