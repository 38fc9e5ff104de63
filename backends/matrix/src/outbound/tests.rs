use std::sync::Arc;

use fulmar_contract::{Identity, Mention, RoomId, ThreadId, UserId};
use matrix_sdk::ruma::event_id;
use proptest::prelude::*;

use super::*;

fn post(text: &str) -> Post {
    Post::plain(RoomId::new("!r:example.org"), text, "7-1")
}

fn to_ada(text: &str) -> Post {
    let identity = Identity::Vouched(UserId::new("@ada:example.org"));
    Post { mention: Some(Mention { identity, name: "Ada <3".into() }), ..post(text) }
}

#[test]
fn text_is_only_text() {
    let content = message(&post("<b>x</b> @room\u{7}\r\ny"), true);

    assert_eq!(content, json!({ "msgtype": "m.notice", "body": "<b>x</b> @room\ny", "m.mentions": {} }));
}

#[test]
fn marks_go_beside_the_text() {
    let marked = Post { marked: Some("all is <strong>well</strong>".into()), ..post("all is well") };

    assert_eq!(
        message(&marked, false),
        json!({
            "msgtype": "m.text", "body": "all is well", "m.mentions": {},
            "format": "org.matrix.custom.html", "formatted_body": "all is <strong>well</strong>",
        })
    );
}

#[test]
fn who_is_mentioned_is_alerted_and_nobody_else() {
    let content = message(&to_ada("1 < 2\nnext"), true);

    assert_eq!(content["m.mentions"], json!({ "user_ids": ["@ada:example.org"] }));
    assert_eq!(content["body"], "Ada <3: 1 < 2\nnext");
    assert_eq!(
        content["formatted_body"],
        "<a href=\"https://matrix.to/#/@ada:example.org\">Ada &lt;3</a>: 1 &lt; 2<br>next"
    );
    let named = Mention { identity: Identity::Claimed("ada".into()), name: "ada".into() };
    let content = message(&Post { mention: Some(named), ..post("hi") }, true);
    assert_eq!(content, json!({ "msgtype": "m.notice", "body": "ada: hi", "m.mentions": {} }));
}

#[test]
fn a_post_belongs_to_its_thread_and_to_what_it_answers() {
    let (thread, answers) = (Some(ThreadId::new("$root")), Some(MessageId::new("$asked")));
    for (thread, answers, expected) in [
        (None, None, Value::Null),
        (None, answers.clone(), json!({ "m.in_reply_to": { "event_id": "$asked" } })),
        (
            thread.clone(),
            None,
            json!({
                "rel_type": "m.thread", "event_id": "$root", "is_falling_back": true,
                "m.in_reply_to": { "event_id": "$root" },
            }),
        ),
        (
            thread,
            answers,
            json!({
                "rel_type": "m.thread", "event_id": "$root", "is_falling_back": false,
                "m.in_reply_to": { "event_id": "$asked" },
            }),
        ),
        (Some(ThreadId::new("7")), Some(MessageId::new("8")), Value::Null),
    ] {
        let content = message(&Post { thread, answers, ..post("hi") }, true);

        assert_eq!(content.get("m.relates_to").cloned().unwrap_or_default(), expected);
    }
}

#[test]
fn an_edit_replaces_and_alerts_nobody() {
    let content = edit(&to_ada("done\nand more"), event_id!("$first"), true);

    assert_eq!(content["body"], "* done");
    assert_eq!(content["m.mentions"], json!({}));
    assert_eq!(content["m.relates_to"], json!({ "rel_type": "m.replace", "event_id": "$first" }));
    assert_eq!(content["m.new_content"]["body"], "Ada <3: done\nand more");
}

#[test]
fn a_file_has_a_name_and_perhaps_a_caption() {
    let attached = File { name: "a.txt".into(), media_type: "text/plain".into(), content: Arc::from(*b"abc") };
    let content = |text: &str| file(&post(text), &attached, ("url", json!("mxc://example.org/x")));

    assert_eq!(
        content("all of it"),
        json!({
            "msgtype": "m.file", "body": "all of it", "filename": "a.txt", "m.mentions": {},
            "info": { "mimetype": "text/plain", "size": 3 }, "url": "mxc://example.org/x",
        })
    );
    assert_eq!(content(" ")["body"], "a.txt");
}

#[test]
fn an_attempt_has_one_transaction_and_an_edit_another() {
    let first = event_id!("$first");

    assert_eq!(transaction(&post("a")), transaction(&post("b")));
    assert_ne!(transaction(&post("a")), edit_transaction(&post("a"), first));
    assert_ne!(edit_transaction(&post("a"), event_id!("$second")), edit_transaction(&post("a"), first));
}

#[test]
fn the_longest_post_fits_into_an_event_however_it_is_escaped() {
    for one in ["x", "\n", "\"", "\\", "<", "🐢"] {
        let text = one.repeat(LIMIT / one.len());
        let half = one.repeat(LIMIT / 2 / one.len());
        let marked = Post { marked: Some(half.clone()), ..to_ada(&half) };
        for content in
            [message(&to_ada(&text), true), message(&marked, true), edit(&marked, event_id!("$1"), true)]
        {
            let inner = content.to_string().len();

            assert!(inner * 4 / 3 + 3_000 < 65_536, "{one:?} takes {inner}");
        }
    }
}

proptest! {
    #[test]
    fn no_control_character_and_no_tag_of_the_text_gets_through(text in "(\\PC|[\u{0}-\u{1f}]|<b>|&){0,60}") {
        let content = message(&to_ada(&text), true);

        let body = content["body"].as_str().unwrap();
        let html = content["formatted_body"].as_str().unwrap();
        prop_assert!(!body.contains(|c: char| c.is_control() && !matches!(c, '\n' | '\t')));
        prop_assert_eq!(html.matches('<').count(), 2 + html.matches("<br>").count());
    }
}
