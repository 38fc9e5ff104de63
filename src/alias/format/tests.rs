//! The laws of the parser: what StackStorm answered, and what must hold for any format.

use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{BadFormat, Format, NoMatch};

#[derive(Deserialize)]
struct Table {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    format: String,
    command: Option<String>,
    match_multiple: bool,
    expected_params: Option<Value>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

impl Case {
    fn expected(&self) -> Result<Value, String> {
        match &self.error {
            None => Ok(self.expected_params.clone().unwrap()),
            Some(Refusal { kind, .. }) if kind == "ParseException" => Err(NoMatch::Different.to_string()),
            Some(Refusal { message, .. }) => Err(BadFormat(message.clone()).to_string()),
        }
    }
}

fn answer(format: &str, command: &str, match_multiple: bool) -> Result<Value, String> {
    let format = Format::compile(format).map_err(|bad| bad.to_string())?;
    let params = if match_multiple {
        format.parse_all(command).map(|all| json!(all))
    } else {
        format.parse(command).map(Value::Object)
    };
    params.map_err(|no_match| no_match.to_string())
}

#[test]
fn answers_as_stackstorm_did() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/st2/alias_matching.json");
    let table: Table = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();

    assert_eq!(table.cases.len(), 224);
    for case in &table.cases {
        let command = case.command.as_deref().unwrap_or_default();

        let answer = answer(&case.format, command, case.match_multiple);

        let said = (&case.format, command, answer.map(|value| value.to_string()));
        assert_eq!(said, (&case.format, command, case.expected().map(|value| value.to_string())));
    }
}

#[test]
fn reads_what_rust_expressions_do_not_have() {
    for (format, command, expected) in [
        (r"(?P<x>a+)(?P=x)b", "aaaab", json!({"x": "aa"})),
        (r"(<)?(?P<x>\w+)(?(1)>)", "<run>", json!({"x": "run"})),
        (r"(?>a|ab)(?P<x>b?c)", "abc", json!({"x": "bc"})),
        (r"a*+(?P<x>b)", "aab", json!({"x": "b"})),
        (r"(?i:run) (?P<x>\S+)", "RUN É", json!({"x": "É"})),
        ("run (?P<x>[^\\W\\d]+)", "run é", json!({"x": "é"})),
        (r"(?:a|(?P<x>b?))*", "aa", json!({"x": ""})),
        (r"\x72\165n (?P<x>.)", "run a", json!({"x": "a"})),
        ("^\\s*(?P<x>a)(?#why)|(?P<y>b)$", "a", json!({"x": "a", "y": null})),
    ] {
        assert_eq!(answer(format, command, false), Ok(expected), "{format}");
    }
}

#[test]
fn refuses_what_python_refuses() {
    for (format, message) in [
        (r"(?<=a+)b", "look-behind requires fixed-width pattern"),
        (r"\p{L}", r"bad escape \p at position 0"),
        (r"\z", r"bad escape \z at position 0"),
        ("a**", "multiple repeat at position 2"),
        ("*", "nothing to repeat at position 0"),
        ("(?<x>a)", "unknown extension ?<x at position 1"),
        ("(?P=x)", "unknown group name 'x' at position 4"),
        ("[b-a]", "bad character range b-a at position 1"),
        ("a{3,2}", "min repeat greater than max repeat at position 2"),
        ("a\n)", "unbalanced parenthesis at position 2 (line 2, column 1)"),
    ] {
        assert_eq!(answer(format, "", false), Err(BadFormat(message.to_owned()).to_string()), "{format}");
    }
}

#[test]
fn nests_deeply_but_not_endlessly() {
    for opening in ["(", "(?:", "(?=", "(?>", "(?i:", "(a)?(?(1)", "(|", "(?:x|(?!"] {
        let nested = |depth: usize| {
            let closing = ")".repeat(opening.matches('(').count() - opening.matches(')').count());
            format!("{}a{}", opening.repeat(depth), closing.repeat(depth))
        };
        let command = "a".repeat(100);

        let deep = Format::compile(&nested(100)).map(|format| format.parse(&command).is_ok());
        let endless = Format::compile(&nested(10_000)).map(|_| ());

        assert!(deep.is_ok(), "{opening}: {deep:?}");
        assert!(endless.is_err(), "{opening}");
    }
}

#[test]
fn much_of_nothing_is_little_work() {
    let nothing =
        [r"(?:){4000000000}", r"(?:(?:(?:){9999}){9999}){9999}", r"(?:(?:a{0}){4000000000}){4000000000}"];

    for format in nothing {
        assert!(Format::compile(format).is_ok(), "{format}");
    }
    assert!(Format::compile(&"{".repeat(20_000)).is_ok());
    let doubled = format!("{}{}", "(?:".repeat(60), "){2}".repeat(60));
    assert!(Format::compile(&format!("a{doubled}")).is_ok());
    assert!(Format::compile(&doubled.replace(":)", ":a)")).is_err());
    assert!(Format::compile("(?:b(?:a{190000}){0}){190000}").is_err());
}

#[test]
fn a_step_costs_what_it_takes() {
    let looks = answer(r"(?:(?=a).)*", &"a".repeat(50_000), false);
    let set: String = (0x4e00..0x9000_u32).filter_map(char::from_u32).step_by(2).collect();

    assert!(looks.is_ok());
    assert_eq!(answer(&format!("[{set}]*z"), &"\u{8ffe}".repeat(5_000), false), Err(NoMatch::TooHard.to_string()));
}

#[test]
fn ends_early_where_python_does_not() {
    let long = "a".repeat(10_000) + "!";
    let pairs: String = (0..1_000).map(|n| format!(" k{n}=\"v{n} w\"")).collect();

    assert_eq!(answer("(a+)+$", &long, false), Err(NoMatch::Different.to_string()));
    assert_eq!(answer("(a|a)*b", &long, false), Err(NoMatch::Different.to_string()));
    assert_eq!(answer(r"(?=(a+)+b)\1", &long, false), Err(NoMatch::TooHard.to_string()));
    assert_eq!(answer(r"(?P<a>.*)(?P=a)z", &long, false), Err(NoMatch::TooHard.to_string()));
    assert_eq!(answer("{{ a }} {{ b }} {{ c }}", &long, false), Err(NoMatch::Different.to_string()));
    assert_eq!(answer("run", &format!("run{pairs}"), false).map(|all| all.as_object().unwrap().len()), Ok(1_000));
    assert_eq!(answer("run", &format!("run{pairs} end"), false), Err(NoMatch::Different.to_string()));
}

const KNOWN: &[&str] = &[
    "{{ x }}",
    "{{ y = 1 }}",
    "{{",
    "}}",
    "(",
    ")",
    "(?:",
    "(?P<n>",
    "(?=",
    "(?<=",
    "(?<!",
    "(?>",
    "(?i:",
    "[",
    "]",
    "[^",
    "-",
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{,3}",
    "*?",
    "++",
    "^",
    "$",
    r"\b",
    r"\d",
    r"\1",
    r"\",
    "=",
    " ",
    "'",
    "\"",
    "run",
    "k=v",
    "é",
    "\n",
    ".",
    "(?(1)",
];

fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(KNOWN).prop_map(str::to_owned), 1 => any::<String>()]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(fragment(), 0..12).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn never_panics(format in text(), command in text()) {
        if let Ok(format) = Format::compile(&format) {
            let (first, all) = (format.parse(&command), format.parse_all(&command));

            prop_assert_eq!(first.ok(), all.ok().and_then(|all| all.into_iter().next()));
        }
    }

    #[test]
    fn words_match_themselves(words in proptest::collection::vec("[a-zA-Z0-9éß执]{1,8}", 1..6)) {
        let phrase = words.join(" ");

        let params = Format::compile(&phrase).unwrap().parse(&phrase);

        prop_assert_eq!(params.map(|params| params.len()), Ok(0));
    }

    #[test]
    fn a_parameter_takes_what_stands_in_its_place(word in "[a-z]{1,8}", value in "[a-z0-9/:.]{1,20}") {
        let format = Format::compile(&format!("{word} {{{{ x }}}} end")).unwrap();

        let params = format.parse(&format!("{word} {value} end"));

        prop_assert_eq!(params.map(Value::Object), Ok(json!({ "x": value })));
    }
}
