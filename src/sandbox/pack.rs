//! Packs in StackStorm's own layout, read from a folder or compiled in.
//!
//! `NAME/{pack.yaml,actions/*.yaml,aliases/*.yaml,rules/*.yaml}`. Nothing of an action's code is ever run: the optional
//! key `sandbox` of its YAML says what it pretends to do (see [`Script`]).

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::execution::Status;
use super::stamp;

/// Everything a pack brings.
#[derive(Debug, Default)]
pub(crate) struct Pack {
    pub(crate) actions: Vec<Action>,
    /// As the API shows them.
    pub(crate) aliases: Vec<Value>,
    /// As the API shows them.
    pub(crate) rules: Vec<Value>,
}

/// An action, and what it pretends to do.
#[derive(Debug)]
pub(crate) struct Action {
    pub(crate) reference: String,
    pub(crate) pack: String,
    pub(crate) runner: String,
    pub(crate) entry_point: String,
    pub(crate) parameters: Map<String, Value>,
    pub(crate) script: Script,
    /// Whether its workflow stops at a question.
    pub(crate) asks: bool,
    /// As the API shows it.
    pub(crate) document: Arc<Value>,
}

/// The key `sandbox` of an action: what a run pretends. Texts are templates over the parameters.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Script {
    /// How long it runs; a number or a template.
    pub(crate) seconds: Value,
    /// How it ends; succeeded unless said otherwise.
    pub(crate) status: Option<Status>,
    pub(crate) stdout: Option<String>,
    pub(crate) stderr: Option<String>,
    pub(crate) exit_code: Option<i64>,
    /// The value returned, or the output of a workflow.
    pub(crate) result: Option<Value>,
    /// The children of a workflow, one after the other.
    pub(crate) tasks: Vec<Task>,
}

/// One child of a workflow.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) action: String,
    #[serde(default)]
    pub(crate) parameters: Map<String, Value>,
}

/// A pack that cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    /// A file or folder that cannot be read.
    #[error("read {}", .0.display())]
    Unreadable(PathBuf, #[source] io::Error),
    /// A file that is no YAML, or not the YAML expected.
    #[error("{file}: {message}")]
    Invalid { file: String, message: String },
}

/// The texts of a pack by path, as `actions/echo.yaml`.
type Files = BTreeMap<String, String>;

impl Pack {
    /// The packs in `folder`: itself if it is one, else its sub-folders that are.
    pub(crate) fn read_all(folder: &Path) -> Result<Vec<Self>, PackError> {
        if folder.join("pack.yaml").is_file() {
            return Ok(vec![Self::parse(&read(folder)?)?]);
        }
        let mut packs = Vec::new();
        for path in entries(folder)? {
            if path.join("pack.yaml").is_file() {
                packs.push(Self::parse(&read(&path)?)?);
            }
        }
        Ok(packs)
    }

    /// A pack compiled in.
    pub(crate) fn parse_static(files: &[(&str, &str)]) -> Result<Self, PackError> {
        Self::parse(&files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect())
    }

    fn parse(files: &Files) -> Result<Self, PackError> {
        let mut pack = Self::default();
        let about: About = yaml("pack.yaml", files.get("pack.yaml").map_or("", String::as_str))?;
        let name = about.name.clone();
        let name = about.reference.unwrap_or(name);
        for (path, text) in files {
            match path.split_once('/') {
                Some(("actions", file)) if !file.contains('/') => {
                    pack.actions.push(action(&name, path, text, files)?);
                }
                Some(("aliases", _)) => pack.aliases.push(alias(&name, path, yaml(path, text)?)),
                Some(("rules", _)) => pack.rules.push(rule(&name, path, yaml(path, text)?)),
                _ => {}
            }
        }
        Ok(pack)
    }
}

#[derive(Deserialize)]
struct About {
    name: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

fn action(pack: &str, path: &str, text: &str, files: &Files) -> Result<Action, PackError> {
    #[derive(Deserialize)]
    struct Source {
        name: String,
        runner_type: String,
        #[serde(default)]
        entry_point: Option<String>,
        #[serde(default)]
        description: Option<String>,
        #[serde(default)]
        enabled: Option<bool>,
        #[serde(default)]
        parameters: Option<Map<String, Value>>,
        #[serde(default)]
        output_schema: Option<Value>,
        #[serde(default)]
        notify: Map<String, Value>,
        #[serde(default)]
        sandbox: Script,
    }
    let source: Source = yaml(path, text)?;
    let entry_point = source.entry_point.unwrap_or_default();
    let parameters = source.parameters.unwrap_or_default();
    let reference = format!("{pack}.{}", source.name);
    let mut document = json!({
        "tags": [], "uid": format!("action:{pack}:{}", source.name), "metadata_file": path, "name": source.name,
        "ref": reference, "description": source.description, "enabled": source.enabled.unwrap_or(true),
        "entry_point": entry_point, "pack": pack, "runner_type": source.runner_type, "parameters": parameters,
        "output_schema": source.output_schema.unwrap_or_else(|| json!({})), "notify": source.notify, "id": stamp::new_id(),
    });
    drop_null(&mut document, "description");
    let asks = files.get(&format!("actions/{entry_point}")).is_some_and(|workflow| workflow.contains("core.ask"));
    Ok(Action {
        reference,
        pack: pack.to_owned(),
        runner: source.runner_type,
        entry_point,
        parameters,
        script: source.sandbox,
        asks,
        document: Arc::new(document),
    })
}

/// An alias as the API shows it, made from what a file or a request says.
pub(crate) fn alias(pack: &str, path: &str, mut source: Map<String, Value>) -> Value {
    let mut take = |key: &str| source.remove(key).filter(|value| !value.is_null());
    let name = take("name").unwrap_or_default();
    let bare = name.as_str().unwrap_or_default().to_owned();
    let mut document = json!({
        "uid": format!("action_alias:{pack}:{bare}"), "metadata_file": path, "name": name,
        "ref": format!("{pack}.{bare}"), "description": take("description"), "pack": pack,
        "enabled": take("enabled").unwrap_or(Value::Bool(true)), "action_ref": take("action_ref"),
        "formats": take("formats").unwrap_or_else(|| json!([])), "ack": take("ack").unwrap_or_else(|| json!({})),
        "result": take("result").unwrap_or_else(|| json!({})), "extra": take("extra").unwrap_or_else(|| json!({})),
        "immutable_parameters": take("immutable_parameters").unwrap_or_else(|| json!({})), "id": stamp::new_id(),
    });
    drop_null(&mut document, "description");
    document
}

/// A rule as the API shows it, made from what a file says.
pub(crate) fn rule(pack: &str, path: &str, mut source: Map<String, Value>) -> Value {
    let mut take = |key: &str| source.remove(key).unwrap_or_default();
    let (name, trigger) = (take("name"), take("trigger"));
    let trigger = trigger.get("type").cloned().unwrap_or_default();
    let bare = name.as_str().unwrap_or_default().to_owned();
    json!({
        "tags": [], "uid": format!("rule:{pack}:{bare}"), "metadata_file": path, "name": name,
        "ref": format!("{pack}.{bare}"), "description": take("description"), "pack": pack,
        "type": {"ref": "standard", "parameters": {}},
        "trigger": {"type": trigger.clone(), "parameters": {}, "ref": trigger}, "criteria": take("criteria"),
        "action": take("action"), "context": {"user": "stanley"}, "enabled": take("enabled"), "id": stamp::new_id(),
    })
}

fn drop_null(document: &mut Value, key: &str) {
    if let Some(map) = document.as_object_mut().filter(|map| map.get(key).is_some_and(Value::is_null)) {
        map.shift_remove(key);
    }
}

fn yaml<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, PackError> {
    serde_saphyr::from_str(text)
        .map_err(|error| PackError::Invalid { file: file.to_owned(), message: error.to_string() })
}

/// Reads what a pack may consist of; Python files and the like are left alone.
fn read(folder: &Path) -> Result<Files, PackError> {
    let mut files = Files::new();
    for (prefix, folder) in FOLDERS.map(|name| (name, folder.join(name))) {
        if !folder.is_dir() {
            continue;
        }
        for path in entries(&folder)?.into_iter().filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let key = if prefix.is_empty() { name.into_owned() } else { format!("{prefix}/{name}") };
            let text = fs::read_to_string(&path).map_err(|error| PackError::Unreadable(path.clone(), error))?;
            files.insert(key, text);
        }
    }
    Ok(files)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, PackError> {
    let unreadable = |error| PackError::Unreadable(folder.to_owned(), error);
    let paths = fs::read_dir(folder).map_err(unreadable)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

const FOLDERS: [&str; 5] = ["", "actions", "actions/workflows", "aliases", "rules"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_gets_the_defaults_of_the_api() {
        let files = [
            ("pack.yaml", "name: p"),
            ("aliases/a.yaml", "name: a\npack: p\naction_ref: p.x\nformats: ['say {{ it }}']"),
        ];

        let pack = Pack::parse_static(&files).unwrap();

        let [alias] = pack.aliases.as_slice() else { panic!("one alias, not {:?}", pack.aliases) };
        assert_eq!(alias["ref"], "p.a");
        assert_eq!(alias["enabled"], true);
        assert_eq!(alias["ack"], json!({}));
        assert!(alias.get("description").is_none());
    }

    #[test]
    fn a_bad_file_is_named() {
        let error = Pack::parse_static(&[("pack.yaml", "name: p"), ("actions/x.yaml", "name: x")]).unwrap_err();

        assert!(error.to_string().starts_with("actions/x.yaml: "), "{error}");
    }
}
