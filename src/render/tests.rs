//! What StackStorm itself answered, and what must hold for any template.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Effort, Mode, TemplateError, extra, result, template};

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
        let got = result(&execution(case).to_string().into(), &alias, Effort::Full);
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

/// Templates and what Jinja 3.1 on Python 3.11 makes of them.
const PYTHON: &[(&str, &str)] = &[
    ("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 2 ** 3 ** 2 }}", "-4 2 -2 64"),
    ("{{ 1e16 }} {{ 1e-5 }} {{ 0.0001 }} {{ 1e22 }} {{ 100.0 }}", "1e+16 1e-05 0.0001 1e+22 100.0"),
    ("{{ 1 == 1.0 }} {{ 1 == true }} {{ [1] == (1,) }} {{ 1 < 3 < 2 }}", "True True False False"),
    ("{{ '%05.1f|%-4s|%x' % (2.25, 'a', 255) }}", "002.2|a   |ff"),
    ("{{ '{0[a]:>3}|{x!r:^5}|{:,}'.format({'a': 1}, x='y') if false else '{:,}'.format(1234567) }}", "1,234,567"),
    ("{{ ['a', \"it's\", 1.0, none, {'k': (1,)}] }}", "['a', \"it's\", 1.0, None, {'k': (1,)}]"),
    ("{{ 'a b  c'.split() }} {{ 'abcdef'[::-2] }} {{ [1, 2, 3][-2:] }}", "['a', 'b', 'c'] fdb [2, 3]"),
    ("{{ d.items }}", "NotSupported"),
    ("{{ d['items'] }} {{ d.items() | list }}", "[1] [('items', [1]), ('b', 2)]"),
    ("{% set n = namespace(t=0) %}{% for i in range(4) %}{% set n.t = n.t + i %}{% endfor %}{{ n.t }}", "6"),
    ("{% set x = 0 %}{% for i in [1, 2] %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}", "110"),
    ("{% for a, b in d | dictsort %}{{ loop.index }}{{ a }}{{ loop.last }};{% endfor %}", "1bFalse;2itemsTrue;"),
    (
        "{% for x in [[1, [2]], 3] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif %}{% endfor %}",
        "(1(2))3",
    ),
    (
        "{% macro m(a, b='x') %}{{ a }}{{ b }}{{ caller() if caller else '' }}{% endmacro %}{{ m(1) }}{% call m(2, b=3) %}!{% endcall %}",
        "1x23!",
    ),
    (
        "{% filter upper %}a{% endfilter %}{% set y | trim %} b {% endset %}{{ y }}{% with z = 1 %}{{ z }}{% endwith %}{{ z }}",
        "Ab1",
    ),
    (
        "{{ users | selectattr('n', 'gt', 1) | map(attribute='s') | join(',') }} {{ users | sum(attribute='n') }}",
        "b,c 6",
    ),
    (
        "{% for g in users | groupby('k') %}{{ g.grouper }}={{ g.list | map(attribute='s') | join }};{% endfor %}",
        "x=ab;y=c;",
    ),
    (
        "{{ [3, 1, 2] | sort(reverse=true) }} {{ ['b', 'A'] | sort }} {{ [1, 2, 3] | batch(2, 0) | list }}",
        "[3, 2, 1] ['A', 'b'] [[1, 2], [3, 0]]",
    ),
    (
        "{{ 2.5 | round }} {{ 42.55 | round(1, 'floor') }} {{ 42 | round }} {{ '0x1f' | int(base=16) }}",
        "2.0 42.5 42 31",
    ),
    (
        "{{ 123456789 | filesizeformat }} {{ 'a b/c?' | urlencode }} {{ '<a>x</a>  y' | striptags }}",
        "123.5 MB a%20b/c%3F x y",
    ),
    (
        "{{ 'the quick brown fox' | wordwrap(9) }}|{{ 'the quick brown fox' | truncate(12) }}",
        "the quick\nbrown fox|the...",
    ),
    ("{{ \"<'>\" | tojson }} {{ {'b': 1, 'a': '<'} | xmlattr }}", "\"\\u003c\\u0027\\u003e\"  b=\"1\" a=\"&lt;\""),
    ("{{ none.x }}{{ nope | default('d') }}{{ nope is defined }}{{ 1 if false }}", "dFalse"),
    ("{{ ''.__class__ }}|{{ ''.__class__.__mro__ }}", "SecurityError"),
    ("{{ 1 < 'a' }}", "TypeError"),
    ("{% if false %}{{ 1 | nope }}{% endif %}ok", "ok"),
    ("{% for x in [1] %}{{ x | nope }}{% endfor %}", "TemplateAssertionError"),
    ("{% include 'x' %}", "TypeError"),
    ("{% for a, b in [1] %}{% endfor %}", "TypeError"),
    (
        "{{ {'a': 'yes', 'b': 'x: y', 'c': [1, {'d': 'a\nb'}]} | to_yaml_string }}",
        "a: 'yes'\nb: 'x: y'\nc:\n- 1\n- d: 'a\n\n    b'\n",
    ),
];

#[test]
fn renders_as_jinja_on_python_does() {
    let context = json!({
        "d": {"items": [1], "b": 2},
        "users": [{"n": 1, "s": "a", "k": "x"}, {"n": 2, "s": "b", "k": "x"}, {"n": 3, "s": "c", "k": "y"}],
    });

    for (source, expected) in PYTHON {
        let got = template(source, &context, Mode::Result).unwrap_or_else(|error| error.kind);

        assert_eq!(&got, expected, "{source}");
    }
}

#[test]
fn extra_sees_the_whole_context_and_keeps_what_it_cannot_change() {
    let context = json!({ "execution": {"id": "x"} });
    let source = json!({ "b": "{{ __context.execution.id }}", "a": [true, "{{ execution.id }}"], "n": null });

    let got = extra(&source, &context, Mode::Ack).unwrap();

    assert_eq!(got.to_string(), r#"{"b":"x","a":[true,"x"],"n":null}"#);
    assert_eq!(extra(&source, &json!({}), Mode::Ack).unwrap(), source);
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
        "{{ 'a' | regex_match('a' * 5000) }}",
        r"{{ 'a' | regex_match('\w{900}' ) }}",
    ];

    for source in sources {
        assert!(template(source, &json!({}), Mode::Result).is_err(), "{source}");
    }
}

#[test]
fn a_regular_expression_that_takes_long_is_tried_again_with_more_effort() {
    let execution = r#"{"id": "5f", "result": "aaaaaaaaaaaaaaaaaaaaaaaa!"}"#.into();
    let alias = json!({"result": {"format": "{{ execution.result | regex_search('(a|aa)+\\\\1b') }}"}});

    let brief = result(&execution, &alias, Effort::Brief).unwrap_err();
    let full = result(&execution, &alias, Effort::Full);

    assert!(brief.is_out_of_fuel(), "{brief}");
    assert!(full.is_ok() || full.is_err_and(|error| !error.is_out_of_fuel()));
}

#[test]
fn long_words_are_wrapped_without_looking_at_the_rest_each_time() {
    for (letter, length) in [("x", 400_000), ("-", 400_000)] {
        let word = letter.repeat(length);

        let wrapped = template("{{ a | wordwrap(2) }}", &json!({ "a": word }), Mode::Result).unwrap();

        assert_eq!(wrapped.len(), length + length / 2 - 1);
    }
}

#[test]
fn long_chains_end_in_an_error() {
    for (first, link) in [("a", ".b"), ("a", "[0]"), ("a", "|upper"), ("1", " + 1"), ("1", " or 1"), ("a", ".b()")]
    {
        let source = format!("{{{{ {first}{} }}}}", link.repeat(500));

        assert!(template(&source, &json!({}), Mode::Result).is_err(), "{link}");
    }
    let source = format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}x".repeat(20_000));
    assert!(template(&source, &json!({}), Mode::Ack).is_err());
}

#[test]
fn chains_as_people_write_them_are_rendered() {
    let source = format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 1 %}x".repeat(40));
    assert_eq!(template(&source, &json!({}), Mode::Ack).unwrap(), "x");

    let source = format!("{{{{ 1{} }}}} ((( {{{{ '(\\\\'{} }}}}", " + 1".repeat(40), "|trim".repeat(40));
    assert_eq!(template(&source, &json!({}), Mode::Ack).unwrap(), "41 ((( (\\");
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
        let got = template(&source, &json!({"a": {"b": [1, "x", null]}}), Mode::Result);

        prop_assert!(got.err().is_none_or(|error| !error.kind.is_empty()));
    }

    #[test]
    fn no_expression_panics(source in "(a|b|1|2\\.5|\"x\"|none|true| \\+ | - | \\* | // | % | ~ | in | is |\\.upper\\(\\)|\\[0\\]|\\|list|\\|sort|\\|join|\\|int|\\[1:\\]|\\(|\\)| and | or | not | == | < ){0,12}") {
        let source = format!("{{{{ {source} }}}}");
        let got = template(&source, &json!({"a": {"b": [1, "x", null]}, "b": [3, 1]}), Mode::Result);

        prop_assert!(got.err().is_none_or(|error| !error.kind.is_empty()));
    }
}
