//! The laws of the registry: which alias a command means, and that looking fewer up changes nothing.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, from_value, json};

use super::{Alias, Command, Duplicate, Found, Registry};

fn registry(aliases: Value) -> Registry {
    Registry::new(from_value::<Vec<Alias>>(aliases).unwrap(), &["*"])
}

/// What is found, in a line.
fn told(found: &Found) -> String {
    match found {
        Found::None => "none".to_owned(),
        Found::One(hit) => format!("one {} {:?} {}", hit.alias.reference(), hit.representation, json!(hit.params)),
        Found::Several(hits) => {
            let each: Vec<String> = hits.iter().map(|hit| hit.representation.clone()).collect();
            format!("several {}", each.join(" | "))
        }
        Found::Duplicate { name, packs, .. } => format!("duplicate {name} {packs:?}"),
        Found::Disabled(hit) => format!("disabled {}", hit.alias.reference()),
    }
}

fn sample() -> Registry {
    registry(json!([
        {"name": "run", "pack": "core", "formats": ["run {{ cmd }}", {"display": "exec X", "representation": ["exec {{ cmd }}", "(do|make) {{ cmd }}"]}]},
        {"name": "date", "pack": "core", "formats": ["run date"]},
        {"name": "stop", "pack": "core", "enabled": false, "formats": ["stop {{ what }}"]},
        {"name": "say", "pack": "a", "formats": ["say {{ x }}"]},
        {"name": "say", "pack": "b", "enabled": false, "formats": ["speak {{ x }}"]},
        {"name": "bad", "pack": "core", "formats": ["oops (", "fine"]},
        {"name": "fix", "pack": "jira", "formats": [{"display": "fix", "representation": [r"(?:\b|^)(?P<k>[A-Z]+-\d+)(?:\b|$)"], "match_multiple": true}]},
        {"name": "shown", "pack": "core", "formats": [{"display": "only shown"}]},
    ]))
}

#[test]
fn finds_as_stackstorm_does() {
    let registry = sample();

    for (command, expected) in [
        ("run uptime", r#"one core.run "run {{ cmd }}" {"cmd":"uptime"}"#),
        ("make it k=v", r#"one core.run "(do|make) {{ cmd }}" {"cmd":"it","k":"v"}"#),
        ("run date", "several run {{ cmd }} | run date"),
        ("stop web", "disabled core.stop"),
        ("say hi", r#"duplicate say ["a", "b"]"#),
        ("fine", r#"one core.bad "fine" {}"#),
        ("see AB-1", r#"one jira.fix "(?:\\b|^)(?P<k>[A-Z]+-\\d+)(?:\\b|$)" {"k":"AB-1"}"#),
        ("run AB-1", r#"one core.run "run {{ cmd }}" {"cmd":"AB-1"}"#),
        ("RUN uptime", "none"),
        ("", r#"one core.shown "" {}"#),
        ("hello", "none"),
    ] {
        assert_eq!(told(&registry.find(command)), expected, "{command}");
    }
}

#[test]
fn gives_every_match_where_asked() {
    let Found::One(hit) = sample().find("see AB-1 and CD-2 note=x") else { panic!("not found") };

    assert!(hit.match_multiple);
    assert_eq!(hit.display.as_deref(), Some("fix"));
    assert_eq!(json!(hit.params), json!({"k": "AB-1", "note": "x"}));
    assert_eq!(json!(hit.further), json!([{"k": "CD-2", "note": "x"}]));
}

#[test]
fn tells_what_is_broken_and_what_is_twice() {
    let registry = sample();

    let broken: Vec<_> = registry.broken().iter().map(|bad| (&*bad.reference, &*bad.format, &*bad.why)).collect();
    assert_eq!(broken, [("core.bad", "oops (", "missing ), unterminated subpattern at position 5")]);
    let twice = Duplicate { name: "say".to_owned(), packs: vec!["a".to_owned(), "b".to_owned()] };
    assert_eq!(registry.duplicates(), [twice]);
}

#[test]
fn packs_left_out_still_count_as_duplicates() {
    let aliases = json!([{"name": "say", "pack": "a", "formats": ["say"]}, {"name": "say", "pack": "b", "formats": ["say"]}]);

    let registry = Registry::new(from_value(aliases).unwrap(), &["*", "!b"]);

    assert_eq!(registry.aliases().len(), 1);
    assert_eq!(told(&registry.find("say")), r#"duplicate say ["a", "b"]"#);
}

/// Ten thousand aliases of three formats, as a large site has them.
static MANY: LazyLock<Registry> = LazyLock::new(|| {
    const VERBS: [&str; 10] =
        ["deploy", "restart", "check", "list", "show", "create", "remove", "scale", "drain", "tag"];
    const THINGS: [&str; 10] = ["web", "mail", "cache", "queue", "proxy", "node", "disk", "user", "cert", "route"];
    let alias = |n: usize| {
        let (verb, thing) = (VERBS[n % 10], THINGS[n / 10 % 10]);
        let name = format!("{verb}-{thing}-{n}");
        let formats = [
            format!("{verb} {thing} {{{{ host }}}} in site{n}"),
            format!("{thing}{n} {verb} {{{{ host }}}} {{{{ when=now }}}}"),
            format!("please {verb} {{{{ host }}}} of {thing}{n}"),
        ];
        from_value(json!({"name": name, "pack": format!("pack{}", n % 100), "formats": formats})).unwrap()
    };
    Registry::new((0..10_000).map(alias).collect(), &["*"])
});

#[test]
fn tries_few_of_very_many() {
    for command in ["deploy web host1 in site4200", "web4200 deploy host1", "please deploy x of web4200", "hello"]
    {
        let candidates = MANY.index.candidates(&format!(" {command} "));

        assert!(candidates.len() <= 20, "{command}: {}", candidates.len());
    }
    assert!(told(&MANY.find("web4200 deploy host1")).starts_with("one pack0.deploy-web-4200 "));
}

#[test]
fn suggests_what_one_typo_hides() {
    for (typed, meant) in [
        ("depoly web host1 in site4200", "deploy web {{ host }} in site4200"),
        ("deploy web host1 in sit4200", "deploy web {{ host }} in site4200"),
        ("web4200 deply host1", "web4200 deploy {{ host }} {{ when=now }}"),
        ("WEB4200 Deploy host1", "web4200 deploy {{ host }} {{ when=now }}"),
        ("pleese deploy x of web4200", "please deploy {{ host }} of web4200"),
    ] {
        let suggestions = MANY.suggest(typed, |_| true);

        assert!(
            suggestions.len() <= 3 && suggestions.iter().any(|display| display == meant),
            "{typed}: {suggestions:?}"
        );
    }
}

#[test]
fn suggests_the_right_one_for_nearly_every_typo() {
    let displays = [
        "run {{ cmd }} on {{ hosts }}",
        "deploy {{ app }} to {{ env }}",
        "restart service {{ name }}",
        "list packs",
        "pack install {{ pack }}",
        "pack info {{ pack }}",
        "show open incidents",
        "incident close {{ id }}",
        "github get {{ repo }} issues",
        "jira create {{ project }} ticket {{ title }}",
        "who is on call",
        "status",
    ];
    let aliases: Vec<Value> = displays.iter().map(|text| json!({"name": text, "formats": [text]})).collect();
    let registry = registry(json!(aliases));
    let (mut typos, mut found) = (0, 0);
    for display in displays {
        let command = display.replace("{{", "").replace("}}", "").replace("  ", " ");
        for (at, _) in command.char_indices().filter(|(_, c)| c.is_alphabetic()) {
            let (before, after) = command.split_at(at);
            for typo in [
                format!("{before}{}", &after[1..]),
                format!("{before}q{after}"),
                format!("{before}q{}", &after[1..]),
            ] {
                typos += 1;
                found += usize::from(registry.suggest(&typo, |_| true).iter().any(|text| text == display));
            }
        }
    }

    assert!(found * 100 >= typos * 98, "{found} of {typos}");
}

#[test]
fn suggests_only_what_is_near_allowed_and_enabled() {
    let registry = sample();

    assert_eq!(registry.suggest("rnu date", |_| true), ["run date", "run {{ cmd }}"]);
    assert_eq!(registry.suggest("rnu date", |alias| alias.name == "run"), ["run {{ cmd }}"]);
    assert_eq!(registry.suggest("rundate", |_| true).first().map(String::as_str), Some("run {{ cmd }}"));
    assert_eq!(registry.suggest("stopp web", |_| true), Vec::<String>::new());
    assert_eq!(registry.suggest("what a lovely day", |_| true), Vec::<String>::new());
    assert_eq!(registry.suggest("", |_| true), Vec::<String>::new());
}

const PARTS: &[&str] = &[
    "run",
    "show",
    "run",
    "a",
    "{{ x }}",
    "{{ y=1 }}",
    "{{ z = \"q r\" }}",
    "(all )?",
    "(run|exec)",
    "[Rr]un",
    "(?i:run)",
    "^",
    "^\\s*",
    "$",
    "\\s+",
    "\\brun\\b",
    "(?:\\b|^)",
    ".*",
    " ",
    "  ",
    "run?",
    "(?:show)?",
    "(?=run)",
    "\\w+",
    "(?:run ){2}",
    "(?: a)+",
    "|",
    "\u{3000}",
    "(?m:^)",
    "a*",
    "[abc]",
    "[^ ]",
    "\n",
];

const WORDS: &[&str] =
    &["run", "exec", "Run", "show", "a", "b", "all", " ", "\n", "\u{3000}", "k=v", "q r", "\"q r\"", "aa"];

fn pieces(from: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    let joint = proptest::sample::select(&["", " "][..]);
    (proptest::collection::vec(proptest::sample::select(from), 0..most), joint)
        .prop_map(|(parts, joint)| parts.join(joint))
}

proptest! {
    #[test]
    fn looking_at_fewer_changes_nothing(
        formats in proptest::collection::vec(pieces(PARTS, 6), 1..8),
        command in pieces(WORDS, 6),
    ) {
        let aliases: Vec<Value> = formats.iter().enumerate()
            .map(|(n, format)| json!({"name": n.to_string(), "formats": [format]}))
            .collect();
        let registry = registry(json!(aliases));
        let everything: Vec<usize> = (0..registry.entries.len()).collect();

        let found = registry.find(&command);

        let by_trying_all = registry.find_among(&everything, &Command::read(&command).unwrap());
        prop_assert_eq!(told(&found), told(&by_trying_all));
    }
}
