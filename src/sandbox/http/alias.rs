//! `/v1/actionalias`: list, one, help, match, and changing them.

use std::sync::Arc;

use fancy_regex::RegexBuilder;
use serde_json::{Map, Value, json};

use super::call::{Answer, Call, Field, Others};
use super::page::{Attributes, Page};
use crate::sandbox::catalogue::{Entry, Pattern};
use crate::sandbox::hub::Subject;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::World;

pub(crate) fn list(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let page = Page::of(call, Some(100))?;
    let attributes = Attributes::of(call, &["id", "name", "ref"]);
    let state = world.state();
    let asked = |entry: &&Arc<Entry>| {
        call.parameter("pack").is_none_or(|pack| entry.alias.pack == pack)
            && call.parameter("name").is_none_or(|name| entry.alias.name == name)
    };
    let mut entries: Vec<_> = state.catalogue.aliases().iter().filter(asked).collect();
    if call.parameter("sort") == Some("-name") {
        entries.sort_by(|a, b| b.alias.name.cmp(&a.alias.name));
    }
    let shown: Vec<_> = page.cut(&entries).iter().map(|entry| attributes.choose(entry.document.clone())).collect();
    Ok(page.answer(entries.len(), &shown))
}

pub(crate) fn one(world: &World, key: &str) -> Result<Answer, Refusal> {
    Ok(Answer::json(200, &world.state().catalogue.alias(key)?.document))
}

pub(crate) fn help(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let page = Page::of(call, Some(100))?;
    let filter = call.parameter("filter").unwrap_or_default();
    let filter = RegexBuilder::new(filter).case_insensitive(true).build().map_err(|_| Refusal::internal())?;
    let pack = call.parameter("pack").filter(|pack| !pack.is_empty());
    let state = world.state();
    let mut lines = Vec::new();
    for entry in state.catalogue.aliases() {
        if !entry.alias.enabled || pack.is_some_and(|pack| entry.alias.pack != pack) {
            continue;
        }
        for display in displays(entry) {
            if filter.is_match(display).unwrap_or(false) {
                lines.push(json!({
                    "pack": entry.alias.pack, "display": display, "description": entry.alias.description,
                }));
            }
        }
    }
    let available = lines.len();
    Ok(Answer::json(200, &json!({"available": available, "helpstrings": page.cut(lines)})))
}

/// What help shows of an alias: each display once, however many representations it has.
fn displays(entry: &Entry) -> Vec<&str> {
    let mut displays: Vec<_> = entry.patterns.iter().filter_map(|pattern| pattern.display.as_deref()).collect();
    displays.dedup();
    displays
}

pub(crate) fn matching(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let body = call.object(&[Field::required("command", &["string"])], Others::Allowed)?;
    let command = body.get("command").and_then(Value::as_str).unwrap_or_default();
    let (entry, index) = world.state().catalogue.matching(command)?;
    let pattern = entry.patterns.get(index);
    Ok(Answer::json(
        200,
        &json!({
            "actionalias": entry.document, "display": pattern.and_then(|pattern| pattern.display.as_ref()),
            "representation": pattern.map_or("", |pattern: &Pattern| &pattern.representation),
        }),
    ))
}

pub(crate) fn create(world: &World, call: &Call) -> Result<Answer, Refusal> {
    let body = described(call)?;
    let document = world.state().catalogue.create(body)?;
    tell(world, "create", &document);
    Ok(Answer::json(201, &document))
}

pub(crate) fn update(world: &World, call: &Call, key: &str) -> Result<Answer, Refusal> {
    let body = described(call)?;
    let document = world.state().catalogue.update(key, body)?;
    tell(world, "update", &document);
    Ok(Answer::json(200, &document))
}

pub(crate) fn delete(world: &World, key: &str) -> Result<Answer, Refusal> {
    let document = world.state().catalogue.delete(key)?;
    tell(world, "delete", &document);
    Ok(Answer::text(204, "application/json", ""))
}

fn described(call: &Call) -> Result<Map<String, Value>, Refusal> {
    let fields = [
        Field::required("name", &["string"]),
        Field::required("pack", &["string"]),
        Field::required("action_ref", &["string"]),
        Field::optional("formats", &["array"]),
        Field::optional("enabled", &["boolean"]),
    ];
    call.object(&fields, Others::Allowed)
}

fn tell(world: &World, verb: &str, document: &Value) {
    let subject = Subject { id: document.get("id").and_then(Value::as_str), ..Subject::default() };
    world.state().hub.publish(&format!("st2.actionalias__{verb}"), subject, || document.to_string());
}
