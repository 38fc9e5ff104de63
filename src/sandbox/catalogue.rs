//! What there is to run: actions, runners, rules, and the aliases with their compiled formats.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::pack::{self, Action, Pack, PackError};
use super::parameters::Schema;
use super::refusal::Refusal;
use super::stamp;
use crate::alias::{Alias, BadFormat, Format, NoMatch, Params, Phrase};

/// Everything that packs brought, and the aliases made since.
pub(crate) struct Catalogue {
    actions: BTreeMap<String, Arc<Runnable>>,
    /// Sorted by pack and name.
    aliases: Vec<Arc<Entry>>,
    pub(crate) rules: Vec<Value>,
}

/// An action with its runner.
#[derive(Debug)]
pub(crate) struct Runnable {
    pub(crate) action: Action,
    pub(crate) runner: Arc<Value>,
    pub(crate) schema: Schema,
}

/// An alias with its compiled formats.
#[derive(Debug)]
pub(crate) struct Entry {
    /// As the API shows it.
    pub(crate) document: Value,
    pub(crate) alias: Alias,
    pub(crate) patterns: Vec<Pattern>,
}

/// One way to say an alias.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) display: Option<String>,
    pub(crate) representation: String,
    pub(crate) many: bool,
    format: Result<Format, BadFormat>,
}

impl Pattern {
    /// What `command` says by this pattern; none when it says something else.
    pub(crate) fn parse(&self, command: &str) -> Result<Option<Params>, Refusal> {
        match self.compiled()?.parse(command) {
            Ok(parameters) => Ok(Some(parameters)),
            Err(NoMatch::Different) => Ok(None),
            Err(NoMatch::TooHard) => Err(Refusal::internal()),
        }
    }

    /// Every time that `command` says it.
    pub(crate) fn parse_all(&self, command: &str) -> Result<Vec<Params>, Refusal> {
        self.compiled()?.parse_all(command).map_err(|_| Refusal::internal())
    }

    fn compiled(&self) -> Result<&Format, Refusal> {
        self.format.as_ref().map_err(|_| Refusal::internal())
    }

    fn new(display: Option<&str>, representation: &str, many: bool) -> Self {
        Self {
            display: display.map(str::to_owned),
            representation: representation.to_owned(),
            many,
            format: Format::compile(representation),
        }
    }
}

impl Entry {
    fn new(document: Value) -> Option<Self> {
        let alias: Alias = serde_json::from_value(document.clone()).ok()?;
        let patterns = alias.formats.iter().flat_map(patterns).collect();
        Some(Self { document, alias, patterns })
    }

    fn key(&self) -> (&str, &str) {
        (&self.alias.pack, &self.alias.name)
    }
}

/// A display without a representation becomes the empty pattern, which an empty command matches.
fn patterns(phrase: &Phrase) -> Vec<Pattern> {
    match phrase {
        Phrase::Bare(format) => vec![Pattern::new(Some(format), format, false)],
        Phrase::Shown { display, representation, match_multiple } if representation.is_empty() => {
            vec![Pattern::new(display.as_deref(), "", *match_multiple)]
        }
        Phrase::Shown { display, representation, match_multiple } => {
            let pattern = |text: &String| Pattern::new(display.as_deref(), text, *match_multiple);
            representation.iter().map(pattern).collect()
        }
    }
}

impl Catalogue {
    /// Loads `packs`; a later alias or action takes the place of an earlier one of the same name.
    pub(crate) fn new(packs: Vec<Pack>) -> Result<Self, PackError> {
        let runners = runners()?;
        let mut catalogue = Self { actions: BTreeMap::new(), aliases: Vec::new(), rules: Vec::new() };
        for pack in packs {
            for action in pack.actions {
                let runner =
                    runners.get(&action.runner).cloned().unwrap_or_else(|| unknown_runner(&action.runner));
                let schema = Schema::new(&runner, &action.parameters, &action.document);
                let runnable = Arc::new(Runnable { action, runner, schema });
                catalogue.actions.insert(runnable.action.reference.clone(), runnable);
            }
            for document in pack.aliases {
                let file = document.get("metadata_file").and_then(Value::as_str).unwrap_or_default().to_owned();
                let entry = Entry::new(document)
                    .ok_or_else(|| PackError::Invalid { file, message: "not an alias".to_owned() })?;
                catalogue.put(entry);
            }
            catalogue.rules.extend(pack.rules);
        }
        Ok(catalogue)
    }

    pub(crate) fn action(&self, reference: &str) -> Option<&Arc<Runnable>> {
        self.actions.get(reference)
    }

    pub(crate) fn actions(&self) -> impl Iterator<Item = &Arc<Runnable>> {
        self.actions.values()
    }

    pub(crate) fn aliases(&self) -> &[Arc<Entry>] {
        &self.aliases
    }

    /// The alias called `key`: a reference or an id.
    pub(crate) fn alias(&self, key: &str) -> Result<&Arc<Entry>, Refusal> {
        let found = self.aliases.iter().find(|entry| entry.alias.id == key || entry.alias.reference() == key);
        found.ok_or_else(|| Refusal::missing(format!("Resource with a reference or id \"{key}\" not found")))
    }

    /// The first alias of that bare name, whatever its pack.
    pub(crate) fn alias_named(&self, name: &str) -> Option<&Arc<Entry>> {
        self.aliases.iter().find(|entry| entry.alias.name == name)
    }

    /// The one enabled alias and pattern that `command` matches.
    ///
    /// # Errors
    /// No or several matches; and any pattern at all that is no expression.
    pub(crate) fn matching(&self, command: &str) -> Result<(Arc<Entry>, usize), Refusal> {
        let mut hits = Vec::new();
        for entry in self.aliases.iter().filter(|entry| entry.alias.enabled) {
            for (index, pattern) in entry.patterns.iter().enumerate() {
                if pattern.parse(command)?.is_some() {
                    hits.push((Arc::clone(entry), index));
                }
            }
        }
        match (hits.len(), hits.pop()) {
            (1, Some(hit)) => Ok(hit),
            (0, _) => Err(Refusal::bad(format!("Command '{command}' matched no patterns"))),
            _ => Err(Refusal::bad(format!("Command '{command}' matched more than 1 pattern"))),
        }
    }

    /// Adds the alias that a request describes.
    pub(crate) fn create(&mut self, source: Map<String, Value>) -> Result<Value, Refusal> {
        let pack = source.get("pack").and_then(Value::as_str).unwrap_or_default().to_owned();
        let document = pack::alias(&pack, "", source);
        let uid = document.get("uid").cloned();
        if self.aliases.iter().any(|entry| entry.document.get("uid") == uid.as_ref()) {
            let uid = uid.unwrap_or_default();
            let mut refusal = Refusal::new(409, format!("Tried to save duplicate unique keys (uid: {uid})"));
            if let Some(body) = refusal.body.as_object_mut() {
                body.insert("conflict-id".to_owned(), Value::Null);
            }
            return Err(refusal);
        }
        self.put(Entry::new(document.clone()).ok_or_else(|| Refusal::bad("not an alias"))?);
        Ok(document)
    }

    /// Puts what a request describes in the place of the alias called `key`.
    pub(crate) fn update(&mut self, key: &str, source: Map<String, Value>) -> Result<Value, Refusal> {
        let id = self.alias(key)?.alias.id.clone();
        let pack = source.get("pack").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut document = pack::alias(&pack, "", source);
        if let Some(body) = document.as_object_mut() {
            body.insert("id".to_owned(), id.clone().into());
        }
        let entry = Entry::new(document.clone()).ok_or_else(|| Refusal::bad("not an alias"))?;
        self.aliases.retain(|entry| entry.alias.id != id);
        self.put(entry);
        Ok(document)
    }

    /// Takes the alias called `key` away and returns what it was.
    pub(crate) fn delete(&mut self, key: &str) -> Result<Value, Refusal> {
        let entry = Arc::clone(self.alias(key)?);
        self.aliases.retain(|other| other.alias.id != entry.alias.id);
        Ok(entry.document.clone())
    }

    fn put(&mut self, entry: Entry) {
        match self.aliases.binary_search_by(|other| other.key().cmp(&entry.key())) {
            Ok(place) => {
                if let Some(old) = self.aliases.get_mut(place) {
                    *old = Arc::new(entry);
                }
            }
            Err(place) => self.aliases.insert(place, Arc::new(entry)),
        }
    }
}

/// The runners of StackStorm that the sandbox plays, by name.
fn runners() -> Result<HashMap<String, Arc<Value>>, PackError> {
    let invalid = |error: serde_json::Error| PackError::Invalid {
        file: "runners.json".to_owned(),
        message: error.to_string(),
    };
    let all: Vec<Map<String, Value>> = serde_json::from_str(include_str!("runners.json")).map_err(invalid)?;
    let named = all.into_iter().map(|mut runner| {
        runner.insert("id".to_owned(), stamp::new_id().into());
        let name = runner.get("name").and_then(Value::as_str).unwrap_or_default().to_owned();
        (name, Arc::new(Value::Object(runner)))
    });
    Ok(named.collect())
}

/// A runner that is only known by its name: it takes no parameters of its own.
fn unknown_runner(name: &str) -> Arc<Value> {
    let module = format!("{}_runner", name.replace('-', "_"));
    Arc::new(json!({
        "name": name, "description": "", "uid": format!("runner_type:{name}"), "enabled": true,
        "runner_package": module, "runner_module": module, "runner_parameters": {}, "output_schema": {},
        "id": stamp::new_id(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn catalogue(formats: &[&str]) -> Catalogue {
        let alias = |(index, format): (usize, &&str)| {
            let source = json!({"name": format!("a{index}"), "action_ref": "p.x", "formats": [format]});
            pack::alias("p", "", source.as_object().unwrap().clone())
        };
        let aliases = formats.iter().enumerate().map(alias).collect();
        Catalogue::new(vec![Pack { aliases, ..Pack::default() }]).unwrap()
    }

    #[test]
    fn one_bad_expression_spoils_every_match() {
        let good = catalogue(&["say {{ it }}"]);
        let spoilt = catalogue(&["say {{ it }}", "bad ("]);

        assert!(good.matching("say hi").is_ok());
        assert_eq!(spoilt.matching("say hi").unwrap_err(), Refusal::internal());
    }

    #[test]
    fn a_runner_that_nobody_knows_is_no_reason_to_refuse_a_pack() {
        let files = [("pack.yaml", "name: p"), ("actions/x.yaml", "{name: x, runner_type: winrm-cmd}")];

        let catalogue = Catalogue::new(vec![Pack::parse_static(&files).unwrap()]).unwrap();

        assert_eq!(catalogue.action("p.x").unwrap().runner["name"], "winrm-cmd");
    }

    #[test]
    fn an_alias_exists_once() {
        let mut catalogue = catalogue(&[]);
        let source = json!({"name": "a", "pack": "p", "action_ref": "p.x", "formats": []});
        let source = source.as_object().unwrap();

        catalogue.create(source.clone()).unwrap();

        assert_eq!(catalogue.create(source.clone()).unwrap_err().status, 409);
        assert!(catalogue.delete("p.a").is_ok());
        assert_eq!(catalogue.delete("p.a").unwrap_err().status, 404);
    }
}
