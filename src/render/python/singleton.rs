//! Objects that are not data: bound methods, namespaces, cyclers, joiners, modules.

use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;
use minijinja::Value;
use minijinja::value::{Object, ObjectRepr};

use super::collection::object;

/// A method of a value, not yet called.
#[derive(Debug)]
pub(crate) struct Bound {
    pub(crate) object: Value,
    pub(crate) name: String,
}
object!(Bound, _this => true);

/// The object that `{% set ns.x = ... %}` assigns to.
#[derive(Debug, Default)]
pub(crate) struct Namespace(Mutex<IndexMap<String, Value>>);
object!(Namespace, _this => true);

impl Namespace {
    pub(crate) fn get(&self, name: &str) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    pub(crate) fn set(&self, name: String, value: Value) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name, value);
    }
}

/// Goes round its items.
#[derive(Debug)]
pub(crate) struct Cycler {
    items: Vec<Value>,
    at: Mutex<usize>,
}
object!(Cycler, _this => true);

impl Cycler {
    pub(crate) fn new(items: Vec<Value>) -> Self {
        Self { items, at: Mutex::new(0) }
    }

    pub(crate) fn current(&self) -> Value {
        let at = *self.at.lock().unwrap_or_else(PoisonError::into_inner);
        self.items.get(at).cloned().unwrap_or_default()
    }

    pub(crate) fn next(&self) -> Value {
        let now = self.current();
        let mut at = self.at.lock().unwrap_or_else(PoisonError::into_inner);
        *at = (*at + 1).checked_rem(self.items.len()).unwrap_or(0);
        now
    }

    pub(crate) fn reset(&self) {
        *self.at.lock().unwrap_or_else(PoisonError::into_inner) = 0;
    }
}

/// Empty when first called, then its separator.
#[derive(Debug)]
pub(crate) struct Joiner {
    separator: Value,
    used: Mutex<bool>,
}
object!(Joiner, _this => true);

impl Joiner {
    pub(crate) fn new(separator: Value) -> Self {
        Self { separator, used: Mutex::new(false) }
    }

    pub(crate) fn next(&self) -> Value {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *used, true) { self.separator.clone() } else { Value::from("") }
    }
}

/// The module `six`, which the chatops pack gives to its templates.
#[derive(Debug)]
pub(crate) struct Six;
object!(Six, _this => true);
