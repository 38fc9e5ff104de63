//! What an action pretends to do: its duration, its children and its end, from its script and its parameters. Pure.
//!
//! Nothing is run and nothing is asked over the network: a shell command is read by [`shell`], a workflow is its list of
//! tasks, everything else answers by its script or echoes its parameters as a Python action would.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::execution::Status;
use super::pack::{Action, Script, Task};
use super::parameters::Schema;
use super::shell::{self, Said};
use crate::render::{self, Mode};

/// A run, foreseen.
#[derive(Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) takes: Duration,
    pub(crate) status: Status,
    pub(crate) result: Value,
    /// What is printed on the way; if that is nothing, what `result` shows is printed at the end.
    pub(crate) said: Vec<Said>,
}

/// `given` with the defaults behind, which may be templates over it; what was given is never rendered.
pub(crate) fn complete(schema: &Schema, given: &Map<String, Value>) -> Map<String, Value> {
    let mut complete = schema.filled(given);
    let context = Value::Object(complete.clone());
    for (_, value) in complete.iter_mut().filter(|(name, _)| !given.contains_key(*name)) {
        if let Value::String(default) = value {
            *default = rendered(default, &context);
        }
    }
    complete
}

/// What `action` does with `parameters`, which are complete.
pub(crate) fn plan(action: &Action, parameters: &Map<String, Value>) -> Plan {
    let script = Scripted { script: &action.script, context: parameters.clone().into() };
    let mut plan = match action.runner.as_str() {
        "local-shell-cmd" | "local-shell-script" => local(&script, parameters),
        "remote-shell-cmd" | "remote-shell-script" => remote(&script, parameters),
        "orquesta" => workflow(action, &script),
        "noop" => ended(json!({"failed": false, "succeeded": true, "return_code": 0})),
        "http-request" => ended(json!({"status_code": 200, "body": "", "parsed": false, "headers": {}})),
        _ => python(action, &script, parameters),
    };
    plan.takes = script.seconds().unwrap_or(plan.takes);
    plan.status = action.script.status.unwrap_or(plan.status);
    stop_in_time(plan, parameters)
}

/// The children of a workflow, their parameters rendered.
pub(crate) fn tasks(action: &Action, parameters: &Map<String, Value>) -> Vec<Task> {
    let script = Scripted { script: &action.script, context: parameters.clone().into() };
    let rendered = |task: &Task| {
        let parameters = task.parameters.iter().map(|(name, value)| (name.clone(), script.value(value)));
        Task { name: task.name.clone(), action: task.action.clone(), parameters: parameters.collect() }
    };
    action.script.tasks.iter().map(rendered).collect()
}

/// A script and the parameters that its templates see.
struct Scripted<'a> {
    script: &'a Script,
    context: Value,
}

impl Scripted<'_> {
    fn seconds(&self) -> Option<Duration> {
        let seconds = match &self.script.seconds {
            Value::Number(number) => number.as_f64(),
            Value::String(template) => self.text(template).trim().parse().ok(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        };
        seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
    }

    fn stdout(&self) -> Option<String> {
        self.script.stdout.as_deref().map(|template| self.text(template))
    }

    fn stderr(&self) -> Option<String> {
        self.script.stderr.as_deref().map(|template| self.text(template))
    }

    fn result(&self) -> Option<Value> {
        self.script.result.as_ref().map(|value| self.value(value))
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(template) => Value::String(self.text(template)),
            Value::Array(items) => items.iter().map(|item| self.value(item)).collect(),
            Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), self.value(value))).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    fn text(&self, template: &str) -> String {
        rendered(template, &self.context)
    }
}

/// A text with its templates filled in; one without any stays as it is.
fn rendered(text: &str, context: &Value) -> String {
    if !text.contains("{{") && !text.contains("{%") {
        return text.to_owned();
    }
    render::template(text, context, Mode::Result).unwrap_or_else(|error| error.to_string())
}

fn ended(result: Value) -> Plan {
    Plan { takes: Duration::ZERO, status: Status::Succeeded, result, said: Vec::new() }
}

fn status_of(code: i64) -> Status {
    if code == 0 { Status::Succeeded } else { Status::Failed }
}

fn local(script: &Scripted<'_>, parameters: &Map<String, Value>) -> Plan {
    let command = parameters.get("cmd").and_then(Value::as_str).unwrap_or_default();
    let mut run = shell::run(command);
    if script.script.stdout.is_some() || script.script.stderr.is_some() {
        run.said.clear();
    }
    run.stdout = script.stdout().unwrap_or(run.stdout);
    run.stderr = script.stderr().unwrap_or(run.stderr);
    run.code = script.script.exit_code.unwrap_or(run.code);
    Plan { takes: run.takes, status: status_of(run.code), result: run.result(), said: run.said }
}

fn remote(script: &Scripted<'_>, parameters: &Map<String, Value>) -> Plan {
    let hosts = parameters.get("hosts").and_then(Value::as_str).unwrap_or_default();
    let mut worst = local(script, parameters);
    let on_each = hosts.split(',').map(str::trim).filter(|host| !host.is_empty()).map(|host| {
        let mut own = parameters.clone();
        own.insert("host".to_owned(), host.into());
        let plan = local(&Scripted { script: script.script, context: own.clone().into() }, &own);
        (host.to_owned(), plan.result)
    });
    worst.result = Value::Object(on_each.collect());
    worst.said.clear();
    worst
}

fn workflow(action: &Action, script: &Scripted<'_>) -> Plan {
    let mut plan = ended(json!({ "output": script.result() }));
    if action.asks {
        plan.status = Status::Paused;
    }
    plan
}

fn python(action: &Action, script: &Scripted<'_>, parameters: &Map<String, Value>) -> Plan {
    let mut ran = match action.entry_point.as_str() {
        "fail.py" => fail(parameters),
        "long.py" => returned(long(parameters)),
        _ => returned(echo(action, parameters)),
    };
    ran.code = script.script.exit_code.unwrap_or(ran.code);
    Plan {
        said: Vec::new(),
        takes: Duration::ZERO,
        status: if ran.refused { Status::Failed } else { status_of(ran.code) },
        result: json!({
            "stdout": script.stdout().unwrap_or_else(|| ran.stdout.to_owned()),
            "stderr": script.stderr().unwrap_or_else(|| ran.stderr.to_owned()),
            "exit_code": ran.code, "result": script.result().unwrap_or(ran.result),
        }),
    }
}

/// How a Python action ran.
struct Ran {
    code: i64,
    stdout: &'static str,
    stderr: &'static str,
    result: Value,
    /// It returned that it failed, though it ended well.
    refused: bool,
}

fn returned(result: Value) -> Ran {
    Ran { code: 0, stdout: "", stderr: "", result, refused: false }
}

/// What a Python action says that returns its own parameters.
fn echo(action: &Action, parameters: &Map<String, Value>) -> Value {
    let own = parameters.iter().filter(|(name, value)| action.parameters.contains_key(*name) && !value.is_null());
    Value::Object(own.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// Three ways to fail: by exit code, by exception, by returning false.
fn fail(parameters: &Map<String, Value>) -> Ran {
    let nothing = || Value::from("None");
    match parameters.get("how").and_then(Value::as_str) {
        Some("raise") => Ran { code: 1, stderr: TRACEBACK, ..returned(nothing()) },
        Some("tuple") => Ran { refused: true, ..returned(json!({"reason": "told to fail", "code": 42})) },
        _ => Ran { code: 3, stdout: "on stdout\n", stderr: "on stderr\n", ..returned(nothing()) },
    }
}

fn long(parameters: &Map<String, Value>) -> Value {
    let lines = parameters.get("lines").and_then(Value::as_u64).unwrap_or(200).min(MOST_LINES);
    let lines: Vec<_> = (0..lines).map(|line| format!("line {line:04}: {}", "x".repeat(60))).collect();
    lines.join("\n").into()
}

/// Kills a run that would take longer than its `timeout`.
fn stop_in_time(mut plan: Plan, parameters: &Map<String, Value>) -> Plan {
    let Some(timeout) = parameters.get("timeout").and_then(Value::as_u64) else { return plan };
    if plan.takes > Duration::from_secs(timeout) {
        plan.takes = Duration::from_secs(timeout);
        plan.status = Status::Timeout;
        if let Value::Object(map) = &mut plan.result {
            map.insert("error".to_owned(), format!("Action failed to complete in {timeout} seconds").into());
            let ends = [("failed", json!(true)), ("succeeded", json!(false)), ("return_code", json!(-9))];
            let known = ends.into_iter().filter(|(key, _)| map.contains_key(*key)).collect::<Vec<_>>();
            map.extend(known.into_iter().map(|(key, value)| (key.to_owned(), value)));
        }
    }
    plan
}

const MOST_LINES: u64 = 1_000_000;
const TRACEBACK: &str = "Traceback (most recent call last):\nValueError: boom: something broke\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::pack::Pack;

    fn planned(yaml: &str, given: &Value) -> Plan {
        let pack = Pack::parse_static(&[("pack.yaml", "name: p"), ("actions/a.yaml", yaml)]).unwrap();
        let action = pack.actions.into_iter().next().unwrap();
        let schema = Schema::new(&json!({}), &action.parameters, &action.document);
        plan(&action, &complete(&schema, given.as_object().unwrap()))
    }

    #[test]
    fn a_python_action_without_a_script_returns_its_parameters() {
        let yaml = "{name: a, runner_type: python-script, parameters: {message: {}, count: {default: 1}}}";

        let plan = planned(yaml, &json!({"message": "{{ 1 + 1 }}", "timeout": 600}));

        assert_eq!(plan.result["result"], json!({"message": "{{ 1 + 1 }}", "count": 1}));
    }

    #[test]
    fn what_takes_longer_than_its_timeout_is_killed() {
        let yaml =
            "{name: a, runner_type: local-shell-cmd, parameters: {cmd: {default: 'echo a; sleep {{ s }}'}}}";

        let plan = planned(yaml, &json!({"s": 20, "timeout": 2}));

        assert_eq!((plan.takes, plan.status), (Duration::from_secs(2), Status::Timeout));
        assert_eq!(plan.result["error"], "Action failed to complete in 2 seconds");
        assert_eq!(plan.result["return_code"], -9);
    }

    #[test]
    fn a_script_says_how_it_ends() {
        let yaml =
            "{name: a, runner_type: python-script, sandbox: {seconds: 1.5, exit_code: 3, stdout: 'of {{ x }}'}}";

        let plan = planned(yaml, &json!({"x": "y"}));

        assert_eq!((plan.takes, plan.status), (Duration::from_millis(1500), Status::Failed));
        assert_eq!(plan.result["stdout"], "of y");
    }

    #[test]
    fn every_host_answers_for_itself() {
        let yaml = "{name: a, runner_type: remote-shell-cmd, sandbox: {stdout: '{{ host }}'}}";

        let plan = planned(yaml, &json!({"hosts": "web1, web2", "cmd": "x"}));

        assert_eq!(plan.result["web2"]["stdout"], "web2");
        assert_eq!(plan.result.as_object().unwrap().len(), 2);
    }
}
