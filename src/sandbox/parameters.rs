//! An action's parameters: cast from text, checked and masked by the schemas of the action and its runner.

use serde_json::{Map, Number, Value, json};

use super::python;
use super::refusal::Refusal;

/// The parameters that an action takes, its runner's included.
#[derive(Debug)]
pub(crate) struct Schema {
    /// By name; the runner's first, the action's own over them.
    properties: Map<String, Value>,
    title: String,
    description: String,
}

impl Schema {
    /// Lays the `own` parameters of an action over its runner's.
    pub(crate) fn new(runner: &Value, own: &Map<String, Value>, document: &Value) -> Self {
        let mut properties =
            runner.get("runner_parameters").and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, schema) in own {
            let merged = properties.entry(name.clone()).or_insert_with(|| json!({}));
            if let (Value::Object(merged), Value::Object(schema)) = (merged, schema) {
                merged.extend(schema.clone());
            }
        }
        properties.values_mut().for_each(allow_null);
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { properties, title: text("name"), description: text("description") }
    }

    /// Turns the texts of a command into what the schema wants; a list is split at its commas.
    pub(crate) fn cast(&self, parameters: &mut Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in parameters {
            let kind = self.properties.get(name).and_then(kind_of).unwrap_or_default();
            let Value::String(text) = value else { continue };
            let why = match cast(kind, text) {
                Ok(Some(cast)) => {
                    *value = cast;
                    continue;
                }
                Ok(None) => continue,
                Err(why) => why,
            };
            return Err(Refusal::bad(format!(
                "Failed to cast value \"{text}\" (type: str) for parameter \"{name}\" of type \"{kind}\": {why}. \
                 Perhaps the value is of an invalid type?"
            )));
        }
        Ok(())
    }

    /// Checks `given` as StackStorm does before it schedules.
    pub(crate) fn check(&self, given: &Map<String, Value>) -> Result<(), Refusal> {
        let is_fixed = |name: &&String| self.flag(name, "immutable");
        let fixed: Vec<Value> = given.keys().filter(is_fixed).map(|name| Value::from(name.as_str())).collect();
        if !fixed.is_empty() {
            let fixed = python::repr(&Value::from(fixed));
            return Err(Refusal::bad(format!("Override of immutable parameter(s) {fixed} is unsupported.")));
        }
        let instance = self.filled(given);
        if let Some(name) = given.keys().find(|name| !self.properties.contains_key(*name)) {
            let what = format!("Additional properties are not allowed ('{name}' was unexpected)");
            return Err(self.fault(&what, "additionalProperties", "", &self.whole(), &instance.into(), ""));
        }
        for (name, schema) in &self.properties {
            self.check_one(name, schema, &instance)?;
        }
        Ok(())
    }

    fn check_one(&self, name: &str, schema: &Value, instance: &Map<String, Value>) -> Result<(), Refusal> {
        let place = format!("['properties']['{name}']");
        let part = format!("['{name}']");
        let Some(value) = instance.get(name) else {
            if !is_true(schema, "required") {
                return Ok(());
            }
            let what = format!("'{name}' is a required property");
            return Err(self.fault(&what, "required", &place, &self.whole(), &instance.clone().into(), &part));
        };
        let types = schema.get("type").map(as_list).unwrap_or_default();
        if !types.is_empty() && !types.iter().any(|kind| is_of(value, kind.as_str().unwrap_or_default())) {
            let names: Vec<_> = types.iter().map(python::repr).collect();
            let what = format!("{} is not of type {}", python::repr(value), names.join(", "));
            return Err(self.fault(&what, "type", &place, schema, value, &part));
        }
        let choices = schema.get("enum").map(as_list).unwrap_or_default();
        if !choices.is_empty() && !choices.contains(value) {
            let what = format!("{} is not one of {}", python::repr(value), python::repr(&choices.into()));
            return Err(self.fault(&what, "enum", &place, schema, value, &part));
        }
        Ok(())
    }

    /// `given` with the defaults behind.
    pub(crate) fn filled(&self, given: &Map<String, Value>) -> Map<String, Value> {
        let mut filled = given.clone();
        for (name, schema) in &self.properties {
            if let Some(default) = schema.get("default").filter(|default| !default.is_null()) {
                filled.entry(name.clone()).or_insert_with(|| default.clone());
            }
        }
        filled
    }

    /// `given` with the secrets masked; none when it has none.
    pub(crate) fn masked(&self, given: &Map<String, Value>) -> Option<Map<String, Value>> {
        if !given.keys().any(|name| self.flag(name, "secret")) {
            return None;
        }
        let mask = |(name, value): (&String, &Value)| {
            let value = if self.flag(name, "secret") { Value::from(MASK) } else { value.clone() };
            (name.clone(), value)
        };
        Some(given.iter().map(mask).collect())
    }

    fn flag(&self, name: &str, flag: &str) -> bool {
        self.properties.get(name).is_some_and(|schema| is_true(schema, flag))
    }

    fn whole(&self) -> Value {
        let mut whole = json!({"type": "object", "properties": self.properties, "additionalProperties": false, "title": self.title});
        if let (Some(map), false) = (whole.as_object_mut(), self.description.is_empty()) {
            map.insert("description".to_owned(), self.description.clone().into());
        }
        whole
    }

    /// The fault of a JSON schema validator: what, where in the schema, where in the instance.
    fn fault(&self, what: &str, rule: &str, place: &str, schema: &Value, value: &Value, part: &str) -> Refusal {
        let indented = |value: &Value| python::pretty(value, 0).replace('\n', "\n    ");
        Refusal::bad(format!(
            "{what}\n\nFailed validating '{rule}' in schema{place}:\n    {}\n\nOn instance{part}:\n    {}",
            indented(schema),
            indented(value)
        ))
    }
}

/// A parameter that is neither required nor has a default may be null.
fn allow_null(schema: &mut Value) {
    let Value::Object(map) = schema else { return };
    let required = map.get("required") == Some(&Value::Bool(true));
    let has_default = map.get("default").is_some_and(|default| !default.is_null());
    if let (false, false, Some(kind @ Value::String(_))) = (required, has_default, map.get_mut("type")) {
        *kind = json!([kind.take(), "null"]);
    }
}

fn kind_of(schema: &Value) -> Option<&str> {
    match schema.get("type")? {
        Value::String(kind) => Some(kind),
        Value::Array(kinds) => kinds.first()?.as_str(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}

/// The value that `text` means as a `kind`; none when it may stay a text.
fn cast(kind: &str, text: &str) -> Result<Option<Value>, String> {
    let quoted = python::repr(&Value::from(text));
    let trimmed = text.trim();
    Ok(Some(match kind {
        "integer" => {
            let number = trimmed.replace('_', "").parse::<i64>();
            number.map(Value::from).map_err(|_| format!("invalid literal for int() with base 10: {quoted}"))?
        }
        "number" => {
            let number = trimmed.parse::<f64>().ok().and_then(Number::from_f64);
            number.map(Value::Number).ok_or_else(|| format!("could not convert string to float: {quoted}"))?
        }
        "boolean" => match trimmed.to_lowercase().as_str() {
            "true" | "1" => Value::Bool(true),
            "false" | "0" => Value::Bool(false),
            _ => return Err(format!("malformed node or string: {quoted}")),
        },
        "array" => text.split(',').map(str::trim).collect(),
        "object" => {
            serde_json::from_str(text).map_err(|error| format!("unexpected character: {}", place(&error)))?
        }
        _ => return Ok(None),
    }))
}

/// Where a JSON error is, in the words of StackStorm's parser.
pub(crate) fn place(error: &serde_json::Error) -> String {
    format!("line {} column {} (char {})", error.line(), error.column(), error.column().saturating_sub(1))
}

fn as_list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn is_true(schema: &Value, flag: &str) -> bool {
    schema.get(flag) == Some(&Value::Bool(true))
}

/// Whether `value` is what JSON schema calls a `kind`.
pub(crate) fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "array" => value.is_array(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "object" => value.is_object(),
        "string" => value.is_string(),
        _ => true,
    }
}

const MASK: &str = "********";

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Schema {
        let own = json!({
            "message": {"type": "string", "required": true}, "count": {"type": "integer", "default": 1},
            "tags": {"type": "array"}, "how": {"type": "string", "enum": ["a", "b"]},
            "token": {"type": "string", "secret": true}, "fixed": {"immutable": true, "default": 1},
        });
        Schema::new(&json!({}), own.as_object().unwrap(), &json!({"name": "x"}))
    }

    fn parameters(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn texts_become_what_the_schema_wants() {
        let mut given = parameters(&json!({"message": "5", "count": "5", "tags": "a, b ,c", "unknown": "5"}));

        schema().cast(&mut given).unwrap();

        assert_eq!(
            Value::from(given),
            json!({"message": "5", "count": 5, "tags": ["a", "b", "c"], "unknown": "5"})
        );
    }

    #[test]
    fn a_text_that_is_no_number_is_refused_as_python_would() {
        let refusal = schema().cast(&mut parameters(&json!({"count": "five"}))).unwrap_err();

        let fault = refusal.body["faultstring"].as_str().unwrap();
        assert!(fault.contains("invalid literal for int() with base 10: 'five'"), "{fault}");
    }

    #[test]
    fn every_broken_rule_is_named() {
        let first_line = |given: Value| {
            let refusal = schema().check(&parameters(&given)).unwrap_err();
            refusal.body["faultstring"].as_str().unwrap().lines().next().unwrap().to_owned()
        };

        assert_eq!(first_line(json!({})), "'message' is a required property");
        assert_eq!(first_line(json!({"message": 5})), "5 is not of type 'string'");
        assert_eq!(first_line(json!({"message": "", "how": "c"})), "'c' is not one of ['a', 'b']");
        let additional = first_line(json!({"message": "", "z": 1}));
        assert_eq!(additional, "Additional properties are not allowed ('z' was unexpected)");
        let fixed = first_line(json!({"message": "", "fixed": 2}));
        assert_eq!(fixed, "Override of immutable parameter(s) ['fixed'] is unsupported.");
    }

    #[test]
    fn secrets_are_masked() {
        let masked = schema().masked(&parameters(&json!({"message": "m", "token": "t"}))).unwrap();

        assert_eq!(Value::from(masked), json!({"message": "m", "token": "********"}));
    }
}
