//! JSON that is taken into Python only where a template looks at it: an execution is long, and most of it is never read.

use std::ops::Range;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::Value;
use serde_json::value::RawValue;

use super::collection::{Dict, List};
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

    /// The members of an object. A name given twice keeps its first place and its last value.
    pub(crate) fn members(&self) -> IndexMap<Key, (Value, Value)> {
        let members: IndexMap<String, &RawValue> = serde_json::from_str(self.text()).unwrap_or_default();
        let taken_in = |(name, value): (String, &RawValue)| {
            let value = self.child(value)?.value();
            Some((Key::Text(name.as_str().into()), (Value::from(name), value)))
        };
        members.into_iter().filter_map(taken_in).collect()
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
