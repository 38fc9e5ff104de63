//! Lists, tuples, dicts and the other objects that hold values.
//!
//! They never change once made, so that no template can tie a knot or nest without end.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use indexmap::IndexMap;
use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};

use super::compare::Key;
use super::unread::{Members, NESTED, Unread};

/// Declares an engine object that the engine itself never looks into.
macro_rules! object {
    ($type:ty, $this:ident => $truth:expr) => {
        impl Object for $type {
            fn repr(self: &Arc<Self>) -> ObjectRepr {
                ObjectRepr::Plain
            }

            fn is_true(self: &Arc<Self>) -> bool {
                let $this = self;
                $truth
            }
        }
    };
}
pub(crate) use object;

/// A `list`.
#[derive(Debug)]
pub(crate) struct List {
    pub(crate) items: Vec<Value>,
    pub(crate) depth: usize,
}
object!(List, this => !this.items.is_empty());

/// A `tuple`; a group of `groupby` has names for its two items.
#[derive(Debug)]
pub(crate) struct Tuple {
    pub(crate) items: Vec<Value>,
    pub(crate) depth: usize,
    pub(crate) names: &'static [&'static str],
}
object!(Tuple, this => !this.items.is_empty());

/// Keys and values in order.
pub(crate) type Entries = IndexMap<Key, (Value, Value)>;

/// A `dict`.
#[derive(Debug)]
pub(crate) struct Dict {
    entries: OnceLock<Entries>,
    /// What it is read from.
    json: Option<Unread>,
    members: OnceLock<Members>,
    pub(crate) depth: usize,
}
object!(Dict, this => this.members().map_or_else(|| !this.entries().is_empty(), |members| !members.is_empty()));

impl Dict {
    /// A dict of `entries` that nest as deep as `depth`.
    pub(crate) fn new(entries: Entries, depth: usize) -> Self {
        Self { entries: entries.into(), json: None, members: OnceLock::new(), depth }
    }

    /// An object of JSON that is read when it is first looked at.
    pub(crate) const fn unread(json: Unread) -> Self {
        Self { entries: OnceLock::new(), json: Some(json), members: OnceLock::new(), depth: NESTED }
    }

    /// What it holds.
    pub(crate) fn entries(&self) -> &Entries {
        self.entries.get_or_init(|| self.members().map(Members::entries).unwrap_or_default())
    }

    /// The value of a key.
    pub(crate) fn at(&self, key: &Key) -> Option<&Value> {
        match (key, self.members()) {
            (Key::Text(name), Some(members)) if self.entries.get().is_none() => members.find(name),
            _ => self.entries().get(key).map(|(_, value)| value),
        }
    }

    /// The value of a text key.
    pub(crate) fn find(&self, key: &str) -> Option<&Value> {
        self.at(&Key::Text(key.into()))
    }

    /// The members of the JSON that it is read from.
    fn members(&self) -> Option<&Members> {
        self.json.as_ref().map(|json| self.members.get_or_init(|| json.members()))
    }

    /// Keys and values in order.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Value, &Value)> {
        self.entries().values().map(|(key, value)| (key, value))
    }
}

/// Which side of a dict a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// `dict.items()`
    Items,
    /// `dict.keys()`
    Keys,
    /// `dict.values()`
    Values,
}

/// A view of a dict: `dict_keys`, `dict_values` or `dict_items`.
#[derive(Debug)]
pub(crate) struct DictSide {
    pub(crate) side: Side,
    pub(crate) items: Vec<Value>,
    pub(crate) depth: usize,
}
object!(DictSide, this => !this.items.is_empty());

/// A `range`.
#[derive(Debug)]
pub(crate) struct Range {
    pub(crate) start: i64,
    pub(crate) stop: i64,
    pub(crate) step: i64,
}
object!(Range, this => this.length() > 0);

impl Range {
    /// How many numbers it holds.
    pub(crate) fn length(&self) -> usize {
        let (start, stop, step) = (i128::from(self.start), i128::from(self.stop), i128::from(self.step));
        let length = if step > 0 { (stop - start + step - 1) / step } else { (start - stop - step - 1) / -step };
        usize::try_from(length).unwrap_or(0)
    }

    /// Its numbers.
    pub(crate) fn items(&self) -> Vec<Value> {
        let numbers = (0..self.length()).scan(self.start, |at, _| {
            let now = *at;
            *at = at.saturating_add(self.step);
            Some(now)
        });
        numbers.map(Value::from).collect()
    }
}

/// An iterator, which gives each item once.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Python's name of its type.
    pub(crate) name: &'static str,
    rest: Mutex<std::vec::IntoIter<Value>>,
    pub(crate) depth: usize,
}
object!(Stream, _this => true);

impl Stream {
    pub(crate) fn new(name: &'static str, items: Vec<Value>, depth: usize) -> Self {
        Self { name, rest: Mutex::new(items.into_iter()), depth }
    }

    /// Takes the next item.
    pub(crate) fn next(&self) -> Option<Value> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).next()
    }

    /// Takes all that is left.
    pub(crate) fn drain(&self) -> Vec<Value> {
        self.rest.lock().unwrap_or_else(PoisonError::into_inner).by_ref().collect()
    }
}
