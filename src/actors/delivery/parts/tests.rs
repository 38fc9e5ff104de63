//! What becomes of texts.

use fulmar_contract::{Identity, RoomId, ThreadId, Unit};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::{
    journal::{DeliveryId, Route, Speech},
    markup::{Format, plain},
};

fn terms(multiline: bool, max: usize, prefixes: &[String]) -> Terms {
    let capabilities = Capabilities {
        colours: true,
        multiline,
        idempotent: true,
        ..Capabilities::plain(Limit { max, unit: Unit::Bytes })
    };
    Terms { kind: "x", capabilities, prefixes: prefixes.into(), most: 50, calls_all: false }
}

fn delivery(text: &str) -> Delivery {
    Delivery {
        id: DeliveryId(Uuid::from_u128(1)),
        command: None,
        execution: None,
        speech: Speech::Result,
        route: Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: Some(ThreadId::new("7")) },
        answers: None,
        mention: None,
        text: text.into(),
        format: Format::Plain,
        tone: Tone::Good,
        link: None,
        extra: Value::Null,
    }
}

fn joe(name: &str) -> Option<Mention> {
    Some(Mention { identity: Identity::Claimed("joe".into()), name: name.into() })
}

fn texts(posts: Vec<Post>) -> Vec<String> {
    posts.into_iter().map(|post| post.text).collect()
}

fn said(text: &str, multiline: bool, max: usize) -> Vec<String> {
    texts(terms(multiline, max, &[]).posts(&delivery(text)))
}

#[test]
fn each_line_is_a_post_where_posts_have_one_line_and_blank_ones_vanish() {
    assert_eq!(said("\none\r\n\n two\rthree\n", false, 80), ["one", " two", "three"]);
}

#[test]
fn a_text_is_one_post_where_it_fits() {
    assert_eq!(said("\none\n\ntwo\n", true, 80), ["one\n\ntwo"]);
}

#[test]
fn the_pretext_stands_on_a_line_of_its_own() {
    assert_eq!(said("above{~}below", false, 80), ["above", "below"]);
}

#[test]
fn only_what_had_to_be_cut_is_numbered() {
    assert_eq!(
        said("short\none two three four five\nlast", false, 16),
        ["short", "(1/3) one two", "(2/3) three four", "(3/3) five", "last"]
    );
    assert_eq!(said("one two\nthree four\nfive", true, 16), ["(1/3) one two", "(2/3) three four", "(3/3) five"]);
}

#[test]
fn numbers_of_more_digits_still_leave_each_part_within_the_limit() {
    let parts = said(&"x".repeat(200), false, 20);

    assert_eq!(parts.len(), 17);
    assert_eq!(parts[0], "(1/17) xxxxxxxxxxxx");
    assert!(parts.iter().all(|part| part.len() <= 20), "{parts:#?}");
}

#[test]
fn where_numbers_would_fill_the_post_there_are_none() {
    assert_eq!(said("one two three", false, 6), ["one", "two", "three"]);
}

#[test]
fn what_is_too_much_is_counted_and_said_where_to_find() {
    let mut long = delivery(&"line\n".repeat(2_000));
    let terms = terms(false, 60, &[]);
    let closing = |delivery: &Delivery| {
        let posts = terms.posts(delivery);
        assert_eq!(posts.len(), 51);
        posts[50].text.clone()
    };

    assert_eq!(closing(&long), "… 1950 more lines were left out.");
    long.execution = Some(crate::journal::RunId { stackstorm: "default".into(), id: "5f".into() });
    assert_eq!(closing(&long), "… 1950 more lines were left out: st2 execution get 5f");
    long.link = Some("https://st2/#/5f".into());
    assert_eq!(closing(&long), "… 1950 more lines were left out: https://st2/#/5f");
    long.link = Some(format!("https://st2/{}", "x".repeat(60)));
    assert_eq!(closing(&long), "… 1950 more lines were left out: st2 execution get 5f");
    long.text = "line\n".repeat(51);
    assert_eq!(closing(&long), "… 1 more line was left out: st2 execution get 5f");
}

#[test]
fn only_the_first_post_names_somebody_and_each_has_a_key_of_its_own() {
    let both = Delivery { mention: joe("joe\r\nQUIT"), ..delivery("one\ntwo") };

    let posts = terms(false, 80, &[]).posts(&both);

    assert_eq!(posts[0].mention.as_ref().unwrap().name, "joe QUIT");
    assert!(posts[1].mention.is_none());
    assert_ne!(posts[0].key, posts[1].key);
}

#[test]
fn a_name_that_would_fill_the_post_is_not_said() {
    let named = Delivery { mention: joe(&"joe".repeat(100)), ..delivery("one two three") };

    let posts = terms(false, 80, &[]).posts(&named);

    assert!(posts.len() == 1 && posts[0].mention.is_none());
}

#[test]
fn a_name_takes_its_space_from_the_first_line_only() {
    let named = Delivery { mention: joe("joe"), ..delivery("one two three four\none two three four") };

    let said = texts(terms(false, 24, &[]).posts(&named));

    assert_eq!(said, ["(1/2) one two", "(2/2) three four", "one two three four"]);
}

#[test]
fn a_chat_is_given_the_extra_of_its_own_kind_and_no_thread_that_it_cannot_have() {
    let extra = json!({"x": {"a": 1}, "y": {}});

    let posts = terms(false, 80, &[]).posts(&Delivery { extra, ..delivery("one") });

    assert_eq!(posts[0].extra, json!({"a": 1}));
    assert_eq!(posts[0].thread, None);
}

#[test]
fn the_tone_is_the_aliass_else_the_deliverys_and_none_without_colours() {
    let tone = |extra: Value, colours: bool| {
        let mut terms = terms(false, 80, &[]);
        terms.capabilities.colours = colours;
        terms.posts(&Delivery { extra, ..delivery("status : failed") })[0].tone
    };

    assert_eq!(tone(Value::Null, true), Tone::Good);
    assert_eq!(tone(json!({"color": "danger"}), true), Tone::Bad);
    assert_eq!(tone(json!({"color": "danger", "x": {"color": "warning"}}), true), Tone::Warning);
    assert_eq!(tone(json!({"color": "#042A60", "y": {"color": "danger"}}), true), Tone::Good);
    assert_eq!(tone(json!({"color": "danger"}), false), Tone::Neutral);
}

#[test]
fn no_post_is_another_bots_command() {
    let prefixes = ["!".to_owned()];

    let posts =
        terms(false, 80, &prefixes).posts(&Delivery { mention: joe("!go"), ..delivery("!run\nrun!\n !x") });

    assert_eq!(posts[0].mention.as_ref().unwrap().name, "\u{200b}!go");
    assert_eq!(texts(posts), ["\u{200b}!run", "run!", "\u{200b} !x"]);
}

#[test]
fn marks_are_those_of_the_network_and_posts_count_them() {
    let mut terms = terms(true, 60, &[]);
    terms.capabilities.markup = Markup::InlineHtml;
    let both = Delivery {
        format: Format::Markdown,
        ..delivery("**one** two three four five\n*six* seven eight nine ten")
    };

    let posts = terms.posts(&both);

    let marked: Vec<_> = posts.iter().map(|post| post.marked.as_deref().unwrap()).collect();
    assert_eq!(marked, ["(1/2) <b>one</b> two three four five", "(2/2) <i>six</i> seven eight nine ten"]);
    assert_eq!(posts[0].text, "(1/2) one two three four five");
}

#[test]
fn where_there_are_files_too_much_is_a_beginning_and_a_file() {
    let mut terms = terms(true, 100, &[]);
    terms.most = 2;
    terms.capabilities.files = Some(10_000);
    let long = |text: &str| Delivery { format: Format::Markdown, ..delivery(text) };

    let log = terms.posts(&long(&format!("The **log**:\n\n```\n{}```", "a line of it\n".repeat(300))));
    let json = terms.posts(&long(&format!("```json\n{{\"a\": \"{}\"}}\n```", "b ".repeat(1_000))));
    let huge = terms.posts(&long(&"a line of it\n".repeat(1_000)));

    assert_eq!(log.len(), 2);
    assert!(log[0].text.starts_with("The log:\n\na line of it\n") && log[0].file.is_none());
    assert_eq!(log[1].text, "… all 302 lines are in result.txt");
    let file = log[1].file.as_ref().unwrap();
    assert_eq!((file.name.as_str(), file.media_type.as_str()), ("result.txt", "text/plain"));
    assert!(file.content.starts_with(b"The log:\n\na line") && file.content.ends_with(b"a line of it"));
    assert_eq!(json[1].file.as_ref().unwrap().name, "result.json");
    assert!(huge[2].text.contains(" more parts were left out") && huge.iter().all(|post| post.file.is_none()));
}

/// The number and the total at the beginning of a part, and what follows them.
fn number(text: &str) -> Option<(usize, usize, &str)> {
    let (number, rest) = text.strip_prefix('(')?.split_once('/')?;
    let (of, rest) = rest.split_once(") ")?;
    Some((number.parse().ok()?, of.parse().ok()?, rest))
}

fn solid(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
}

proptest! {
    #[test]
    fn nothing_is_lost_but_what_is_announced(
        text in "([a-z !]|\\PC|[\\x00-\\x1f]|\r\n|🐢|👩\u{200d}🚀|e\u{301}){0,600}",
        max in 60_usize..200,
        multiline: bool,
        idempotent: bool,
        unit in prop::sample::select(vec![Unit::Bytes, Unit::Chars, Unit::Utf16]),
        most in 1_usize..40,
    ) {
        let text = text.replace('(', "[");
        let prefixes = ["!".to_owned()];
        let mut terms = terms(multiline, max, &prefixes);
        terms.capabilities.limit.unit = unit;
        terms.capabilities.idempotent = idempotent;
        terms.most = most;

        let said = texts(terms.posts(&Delivery { mention: joe("joe"), ..delivery(&text) }));

        let (mut arrived, mut last) = (String::new(), (0, 0));
        for part in said.iter().take(most) {
            let before = if idempotent { "" } else { REPEATED };
            prop_assert!(unit.measure(part) + before.len() <= max, "{part:?}");
            prop_assert!(!part.contains(|c: char| c.is_control() && c != '\t' && (c != '\n' || !multiline)));
            prop_assert!(!part.trim_start().starts_with('!'));
            let expected = if last.0 < last.1 { (last.0 + 1, last.1) } else { (1, 0) };
            match number(part) {
                Some((number, of, rest)) => {
                    prop_assert!(number == expected.0 && (expected.1 == 0 || of == expected.1), "{part:?}");
                    last = (number, of);
                    arrived.push_str(rest);
                }
                None => {
                    prop_assert!(expected.1 == 0, "{part:?} has no number");
                    arrived.push_str(part);
                }
            }
        }
        let (arrived, whole) = (solid(&arrived), solid(&plain(&text).replace("{~}", "")));
        if said.len() > most {
            prop_assert!(said[most].contains(" left out") && whole.starts_with(&arrived));
        } else {
            prop_assert_eq!(arrived, whole);
        }
    }
}
