//! Lists: their pages, their headers and the attributes shown.

use serde::Serialize;
use serde_json::{Map, Value};

use super::call::{Answer, Call};
use crate::sandbox::refusal::Refusal;

/// The part of a list that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    /// None: all.
    limit: Option<usize>,
    offset: usize,
}

impl Page {
    /// Reads `limit` and `offset`; -1 is no limit.
    pub(crate) fn of(call: &Call, default: Option<usize>) -> Result<Self, Refusal> {
        let offset = call.integer("offset")?.unwrap_or(0);
        let offset = usize::try_from(offset).unwrap_or(0);
        let limit = match call.integer("limit")? {
            None => default,
            Some(-1) => None,
            Some(limit @ 1..) => usize::try_from(limit).ok(),
            Some(limit) => {
                return Err(Refusal::bad(format!("Limit, \"{limit}\" specified, must be a positive number.")));
            }
        };
        Ok(Self { limit, offset })
    }

    pub(crate) fn cut<T>(self, items: impl IntoIterator<Item = T>) -> Vec<T> {
        items.into_iter().skip(self.offset).take(self.limit.unwrap_or(usize::MAX)).collect()
    }

    /// The answer to a list of which `items` are shown.
    pub(crate) fn answer(self, total: usize, items: &[impl Serialize]) -> Answer {
        let answer = Answer::json(200, &items).with("X-Total-Count", total);
        match self.limit {
            Some(limit) => answer.with("X-Limit", limit),
            None => answer,
        }
    }
}

/// Which attributes are shown: `include_attributes` or `exclude_attributes`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    include: Vec<String>,
    exclude: Vec<String>,
}

impl Attributes {
    /// Reads the query; `always` is shown whenever anything is chosen.
    pub(crate) fn of(call: &Call, always: &[&str]) -> Self {
        let mut include = call.list("include_attributes");
        if !include.is_empty() {
            include.extend(always.iter().map(|name| (*name).to_owned()));
        }
        Self { include, exclude: call.list("exclude_attributes") }
    }

    pub(crate) fn choose(&self, document: Value) -> Value {
        let Value::Object(mut map) = document else { return document };
        if !self.include.is_empty() {
            return chosen(&map, &self.include.iter().map(String::as_str).collect::<Vec<_>>());
        }
        map.retain(|name, _| !self.exclude.contains(name));
        Value::Object(map)
    }
}

/// The attributes of `map` that `paths` name, as `status` or `liveaction.notify`.
fn chosen(map: &Map<String, Value>, paths: &[&str]) -> Value {
    let part = |(name, value): (&String, &Value)| {
        if paths.contains(&name.as_str()) {
            return Some((name.clone(), value.clone()));
        }
        let inner = |path: &&str| path.strip_prefix(name.as_str())?.strip_prefix('.').map(|_| ());
        let below: Vec<_> = paths.iter().filter(|path| inner(path).is_some()).collect();
        let below: Vec<_> = below.iter().filter_map(|path| path.get(name.len() + 1..)).collect();
        let value = value.as_object().filter(|_| !below.is_empty())?;
        Some((name.clone(), chosen(value, &below)))
    };
    map.iter().filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn attributes_reach_into_objects() {
        let include = vec!["status".to_owned(), "liveaction.notify".to_owned()];
        let attributes = Attributes { include, ..Attributes::default() };

        let chosen = attributes.choose(json!({"status": 1, "result": 2, "liveaction": {"notify": 3, "id": 4}}));

        assert_eq!(chosen, json!({"status": 1, "liveaction": {"notify": 3}}));
    }
}
