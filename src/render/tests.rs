//! What StackStorm itself answered, and what must hold for any template.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Mode, TemplateError, extra, result, template};

fn recorded(name: &str) -> Value {
    let path = format!("{}/tests/st2/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What a rendering should have come to, and did not.
fn differs(expected: &Value, got: &Result<Value, TemplateError>) -> bool {
    match (expected.get("output"), got) {
        (Some(output), Ok(got)) => output != got,
        (None, Err(error)) => expected["error"] != error.kind || expected["message"] != error.message,
        _ => true,
    }
}

#[test]
fn renders_every_recorded_template_as_stackstorm_did() {
    let recorded = recorded("templates.json");
    let mut wrong = Vec::new();

    for row in recorded["templates"].as_array().unwrap() {
        for (mode, key) in [(Mode::Ack, "ack_strict_undefined"), (Mode::Result, "result_lenient_undefined")] {
            let source = row["template"].as_str().unwrap();
            let got = template(source, &recorded["context"], mode).map(Value::from);
            if differs(&row[key], &got) {
                wrong.push(format!("{source:?} {mode:?}\n  want {}\n  got  {got:?}", row[key]));
            }
        }
    }

    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn renders_every_recorded_extra_as_stackstorm_did() {
    let recorded = recorded("templates.json");
    let mut wrong = Vec::new();

    for row in recorded["extras"].as_array().unwrap() {
        let got = extra(&row["extra"], &recorded["context"], Mode::Ack);
        if differs(&row["rendered"], &got) {
            wrong.push(format!("{}\n  want {}\n  got  {got:?}", row["extra"], row["rendered"]));
        }
    }

    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

/// The execution of a recorded run, with the action and runner that the recording keeps beside it.
fn execution(case: &Value) -> Value {
    let mut execution = case["execution"].clone();
    execution["action"] = json!({ "ref": case["action_ref"] });
    execution["runner"] = json!({ "name": case["runner"] });
    execution
}

#[test]
fn formats_every_recorded_execution_as_the_chatops_pack_did() {
    let recorded = recorded("format_execution_result.json");
    let mut wrong = Vec::new();

    for case in recorded["cases"].as_array().unwrap() {
        let reference = &case["execution"]["context"]["action_alias_ref"];
        let alias = match case["alias_result"].is_null() {
            true => Value::Null,
            false => json!({ "name": reference["name"], "result": case["alias_result"] }),
        };
        let got = result(&execution(case), &alias);
        let right = match &got {
            Ok(got) => {
                let wanted = &case["formatted"];
                wanted["message"] == got.message
                    && wanted["enabled"] == got.enabled
                    && wanted.get("extra").unwrap_or(&Value::Null) == &got.extra
            }
            Err(error) => {
                let log = case["format_action_stderr"].as_str().unwrap_or_default();
                log.contains(&error.kind) && log.contains(&error.message)
            }
        };
        if !right {
            wrong.push(format!("{}\n  want {}\n  got  {got:?}", case["command"], case["formatted"]));
        }
    }

    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn never_renders_what_a_user_typed() {
    let folder = format!("{}/tests/st2/jinja_injection", env!("CARGO_MANIFEST_DIR"));

    for entry in std::fs::read_dir(folder).unwrap() {
        let case: Value = serde_json::from_str(&std::fs::read_to_string(entry.unwrap().path()).unwrap()).unwrap();
        let context = json!({ "execution": case["final"] });
        let text = template("{{ execution.parameters.message }}", &context, Mode::Ack).unwrap();

        assert_eq!(text, case["final"]["parameters"]["message"].as_str().unwrap());
    }
}

#[test]
fn endless_and_exploding_templates_end_in_an_error() {
    let sources = [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ a }}{% endfor %}{% endfor %}",
        "{% set n = namespace(x='aaaaaaaaaa') %}{% for a in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor %}",
        "{% set n = namespace(x=[1]) %}{% for a in range(99999) %}{% set n.x = [n.x] %}{% endfor %}",
        "{{ 'x' * 99999999999 }}",
        "{{ ('x' * 9999999) | replace('x', 'xxxxxxxx') }}",
        "{{ '%99999999999d' % 1 }}",
        "{{ 2 ** 9999999 }}",
        "{{ ('a' * 60) | regex_match('(a|aa)+$b') }}",
    ];

    for source in sources {
        assert!(template(source, &json!({}), Mode::Result).is_err(), "{source}");
    }
}

#[test]
fn deep_templates_end_in_an_error() {
    for (open, close) in [("(", ")"), ("[", "]"), ("not ", ""), ("-", ""), ("{% if 1 %}", "")] {
        let expression = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        let source = if open.starts_with('{') { expression } else { format!("{{{{ {expression} }}}}") };

        assert!(template(&source, &json!({}), Mode::Ack).is_err(), "{open}");
    }
}

proptest! {
    #[test]
    fn text_without_tags_renders_as_itself(text in "[^{\r]*") {
        let got = template(&text, &json!({}), Mode::Ack);

        prop_assert_eq!(got.unwrap(), text.strip_suffix('\n').unwrap_or(&text));
    }

    #[test]
    fn no_template_panics(source in "(\\{\\{|\\}\\}|\\{%|%\\}|[ a-z0-9.|()\\[\\]\"'~*/%+-]|for|if|set|macro|end| in |é){0,40}") {
        let _: Result<String, TemplateError> = template(&source, &json!({"a": {"b": [1, "x", null]}}), Mode::Result);
    }

    #[test]
    fn no_expression_panics(source in "(a|b|1|2\\.5|\"x\"|none|true| \\+ | - | \\* | // | % | ~ | in | is |\\.upper\\(\\)|\\[0\\]|\\|list|\\|sort|\\|join|\\|int|\\[1:\\]|\\(|\\)| and | or | not | == | < ){0,12}") {
        let source = format!("{{{{ {source} }}}}");
        let _: Result<String, TemplateError> = template(&source, &json!({"a": {"b": [1, "x", null]}, "b": [3, 1]}), Mode::Result);
    }
}
