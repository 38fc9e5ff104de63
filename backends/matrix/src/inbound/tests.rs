use matrix_sdk::ruma::{owned_event_id, owned_user_id, user_id};
use proptest::prelude::*;
use serde_json::{Value, json, value::to_raw_value};

use super::*;

fn me() -> Me {
    Me { id: owned_user_id!("@fulmar:example.org"), name: "Fulmar".into() }
}

fn event(kind: &str, content: &Value) -> Raw<AnySyncTimelineEvent> {
    by("@ada:example.org", kind, content)
}

fn by(sender: &str, kind: &str, content: &Value) -> Raw<AnySyncTimelineEvent> {
    let event = json!({
        "type": kind, "content": content, "sender": sender, "event_id": "$1", "origin_server_ts": 1_500,
    });
    Raw::from_json(to_raw_value(&event).unwrap())
}

fn heard(content: &Value) -> Option<Said> {
    match read(&event("m.room.message", content), &me()) {
        Some(Fact::Said(said)) => Some(said),
        None => None,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_is_heard_with_its_time() {
    let said = heard(&json!({ "msgtype": "m.text", "body": "run date" })).unwrap();

    assert_eq!((said.text.as_str(), said.mentioned, said.thread), ("run date", false, None));
    assert_eq!((said.id.as_str(), said.sender.as_str()), ("$1", "@ada:example.org"));
    assert_eq!(said.at, SystemTime::UNIX_EPOCH + Duration::from_millis(1_500));
}

#[test]
fn what_programs_say_and_what_is_no_text_is_not_heard() {
    for content in [
        json!({ "msgtype": "m.notice", "body": "run date" }),
        json!({ "msgtype": "m.emote", "body": "runs date" }),
        json!({ "msgtype": "m.image", "body": "date.png", "url": "mxc://example.org/x" }),
        json!({ "msgtype": "m.text" }),
        json!({ "msgtype": "m.text", "body": 7 }),
        json!({}),
    ] {
        assert_eq!(heard(&content), None, "{content}");
    }
    let ours = by("@fulmar:example.org", "m.room.message", &json!({ "msgtype": "m.text", "body": "x" }));
    assert_eq!(read(&ours, &me()), None);
}

#[test]
fn an_edit_is_not_heard() {
    let edit = json!({
        "msgtype": "m.text", "body": "* run uptime",
        "m.new_content": { "msgtype": "m.text", "body": "run uptime" },
        "m.relates_to": { "rel_type": "m.replace", "event_id": "$0" },
    });

    assert_eq!(heard(&edit), None);
}

#[test]
fn a_reply_is_heard_without_what_it_quotes() {
    let reply = json!({ "m.in_reply_to": { "event_id": "$0" } });
    let thread = json!({
        "rel_type": "m.thread", "event_id": "$root", "is_falling_back": false, "m.in_reply_to": { "event_id": "$0" },
    });
    for (relation, root) in [(&reply, None), (&thread, Some(owned_event_id!("$root")))] {
        let quoting = heard(&json!({
            "msgtype": "m.text", "body": "> <@bob:example.org> one\n> two\n\nFulmar: run date",
            "format": "org.matrix.custom.html",
            "formatted_body": "<mx-reply>one</mx-reply><a href=\"https://matrix.to/#/@fulmar:example.org\">Fulmar</a>: run date",
            "m.relates_to": relation,
        }));
        let bare = heard(&json!({ "msgtype": "m.text", "body": "Fulmar: run date", "m.relates_to": relation }));

        for said in [quoting.unwrap(), bare.unwrap()] {
            assert_eq!((said.text.as_str(), said.mentioned, &said.thread), ("run date", true, &root));
        }
    }
    let quote = heard(&json!({ "msgtype": "m.text", "body": "> <@bob:example.org> one\n\nx" })).unwrap();
    assert!(quote.text.starts_with("> <@bob"), "what is no reply quotes on purpose");
}

#[test]
fn reactions_come_and_go() {
    let reaction = json!({ "m.relates_to": { "rel_type": "m.annotation", "event_id": "$0", "key": "👍" } });
    let (message, sender) = (owned_event_id!("$0"), owned_user_id!("@ada:example.org"));
    let expected =
        Fact::Reacted { id: owned_event_id!("$1"), sender, message: message.clone(), emoji: "👍".into() };

    assert_eq!(read(&event("m.reaction", &reaction), &me()), Some(expected));
    assert_eq!(
        read(&event("m.room.redaction", &json!({ "redacts": "$0" })), &me()),
        Some(Fact::Redacted(message))
    );
}

#[test]
fn where_we_are_is_told_by_what_changes() {
    let member = |sender: &str, now: &str, before: Option<&str>| {
        let mut event = json!({
            "type": "m.room.member", "state_key": "@fulmar:example.org", "sender": sender, "event_id": "$1",
            "origin_server_ts": 1, "content": { "membership": now, "reason": "enough" },
        });
        if let Some(before) = before {
            event["unsigned"] = json!({ "prev_content": { "membership": before } });
        }
        moved(&Raw::from_json(to_raw_value(&event).unwrap()), user_id!("@fulmar:example.org"))
    };
    let out = |why: &str| Some(Move::Out { why: why.into() });
    let (us, ada) = ("@fulmar:example.org", "@ada:example.org");

    assert_eq!(member(us, "join", None), Some(Move::In));
    assert_eq!(member(us, "join", Some("invite")), Some(Move::In));
    assert_eq!(member(us, "join", Some("join")), None, "a new name moves nobody");
    assert_eq!(member(ada, "invite", None), Some(Move::Invited));
    assert_eq!(member(ada, "leave", Some("join")), out("put out by @ada:example.org: enough"));
    assert_eq!(member(ada, "ban", Some("join")), out("banned by @ada:example.org: enough"));
    assert_eq!(member(us, "leave", Some("join")), out("we left"));
}

proptest! {
    #[test]
    fn no_event_makes_it_panic(kind in "m\\.(room\\.(message|redaction|member)|reaction)", content in "\\PC{0,80}") {
        let content = serde_json::from_str(&content).unwrap_or_else(|_| json!({ "msgtype": "m.text", "body": content }));

        read(&event(&kind, &content), &me());
        moved(&event(&kind, &content), &me().id);
    }
}
