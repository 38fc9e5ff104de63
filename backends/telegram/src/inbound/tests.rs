//! Updates, as Telegram's documentation has them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn me() -> Me {
    Me { id: 7, username: "fulmar_bot".into() }
}

/// What an update tells.
fn told(update: &Value) -> Option<Fact> {
    read(&update.to_string(), &me())
}

/// A message of Ada's in a group, with `other` in it.
fn message(other: &Value) -> Value {
    let mut message = json!({
        "message_id": 5, "date": 1_700_000_000, "chat": {"id": -1001, "type": "supergroup", "title": "Ops"},
        "from": {"id": 1001, "is_bot": false, "first_name": "Ada", "last_name": "L.", "username": "ada"}, "text": "hello",
    });
    for (key, value) in other.as_object().unwrap() {
        message[key] = value.clone();
    }
    json!({"update_id": 1, "message": message})
}

fn said(other: &Value) -> Option<Said> {
    match told(&message(other))? {
        Fact::Said(said) => Some(said),
        other => panic!("{other:?}"),
    }
}

/// What is heard of a text whose first entity is of this kind and length.
fn heard(text: &str, kind: &str, length: usize) -> Option<(String, bool)> {
    let entities = json!([{"type": kind, "offset": 0, "length": length}]);
    said(&json!({"text": text, "entities": entities})).map(|said| (said.text, said.mentioned))
}

#[test]
fn a_message_says_who_said_what_where_and_when() {
    let expected = Said {
        chat: -1001,
        title: "Ops".into(),
        topic: None,
        message: 5,
        author: Author::Person { id: 1001, name: "Ada L.".into() },
        text: "hello".into(),
        mentioned: false,
        is_private: false,
        at: UNIX_EPOCH + Duration::from_secs(1_700_000_000),
    };

    assert_eq!(said(&json!({})), Some(expected));
}

#[test]
fn a_slash_or_our_name_at_the_beginning_is_for_us() {
    let ours = |text: &str| Some((text.to_owned(), true));
    assert_eq!(heard("/run date", "bot_command", 4), ours("run date"));
    assert_eq!(heard("/run@Fulmar_Bot date", "bot_command", 15), ours("run date"));
    assert_eq!(heard("@fulmar_bot, run date", "mention", 11), ours("run date"));
    assert_eq!(heard("@fulmar_bot", "mention", 11), ours(""));
    assert_eq!(heard("/run@other_bot date", "bot_command", 14), None, "it is for another bot");
    assert_eq!(heard("@ada_l run date", "mention", 6), Some(("@ada_l run date".into(), false)));
    assert_eq!(heard("/etc/passwd is gone", "italic", 4), Some(("/etc/passwd is gone".into(), false)));
    assert_eq!(heard("🐢", "mention", 1), Some(("🐢".into(), false)), "half a character is none");
}

#[test]
fn our_name_is_known_by_our_id_too() {
    let user = |id: u64| json!({"id": id, "is_bot": true, "first_name": "Fulmar"});
    let mention = |id: u64| json!({"type": "text_mention", "offset": 0, "length": 6, "user": user(id)});
    let heard = |id: u64| said(&json!({"text": "Fulmar 🐢: run", "entities": [mention(id)]})).unwrap();

    assert_eq!((heard(7).text.as_str(), heard(7).mentioned), ("🐢: run", true));
    assert!(!heard(8).mentioned);
}

#[test]
fn the_first_word_that_telegram_makes_people_say_is_a_call_for_help() {
    let entities = json!([{"type": "bot_command", "offset": 0, "length": 6}]);
    let private = json!({"id": 1001, "type": "private", "first_name": "Ada"});

    let said = said(&json!({"text": "/start", "entities": entities, "chat": private})).unwrap();

    assert_eq!((said.text.as_str(), said.is_private), ("help", true));
}

#[test]
fn topics_are_told_from_mere_replies() {
    let topic = |other: &Value| said(other).unwrap().topic;

    assert_eq!(topic(&json!({"message_thread_id": 42, "is_topic_message": true})), Some(42));
    assert_eq!(topic(&json!({"message_thread_id": 42})), None);
}

#[test]
fn what_a_person_did_not_write_here_is_not_heard() {
    let bot = json!({"id": 9, "is_bot": true, "first_name": "Other"});
    let channel = json!({"id": -1009, "type": "channel", "title": "News"});
    let origin = json!({"type": "hidden_user", "date": 1, "sender_user_name": "x"});
    for other in [
        json!({"from": bot.clone()}),
        json!({"via_bot": bot.clone()}),
        json!({"forward_origin": origin}),
        json!({"sender_chat": channel, "from": {"id": 136_817_688, "is_bot": true, "first_name": "Channel"}}),
        json!({"from": null}),
        json!({"text": null, "sticker": {}}),
    ] {
        assert_eq!(told(&message(&other)), None, "{other}");
    }
    let edited = json!({"update_id": 1, "edited_message": message(&json!({"edit_date": 1}))["message"]});
    assert_eq!(told(&edited), None);
}

#[test]
fn an_anonymous_administrator_has_no_identity() {
    let group = json!({"id": -1001, "type": "supergroup", "title": "Ops"});
    let bot = json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot"});

    let author = said(&json!({"sender_chat": group, "from": bot})).unwrap().author;

    assert_eq!(author, Author::Anonymous { name: "Ops".into() });
}

#[test]
fn a_group_that_becomes_a_supergroup_moves() {
    let moved = Some(Fact::Moved { from: -5, to: -1005 });
    let chat = |id: i64, kind: &str| json!({"id": id, "type": kind, "title": "Small"});

    let from = json!({"chat": chat(-1005, "supergroup"), "migrate_from_chat_id": -5, "text": null});
    let to = json!({"chat": chat(-5, "group"), "migrate_to_chat_id": -1005, "text": null});

    assert_eq!((told(&message(&from)), told(&message(&to))), (moved.clone(), moved));
}

#[test]
fn reactions_come_and_go() {
    let emoji = |emoji: &str| json!({"type": "emoji", "emoji": emoji});
    let reaction = json!({
        "chat": {"id": -1001, "type": "supergroup", "title": "Ops"}, "message_id": 5, "date": 1,
        "user": {"id": 1001, "is_bot": false, "first_name": "Ada"},
        "old_reaction": [emoji("👍"), emoji("👀")], "new_reaction": [emoji("👀"), emoji("🔥")],
    });

    let Some(Fact::Reacted(reacted)) = told(&json!({"update_id": 1, "message_reaction": reaction})) else {
        panic!("no reaction")
    };

    assert_eq!((reacted.chat, reacted.message), (-1001, 5));
    assert_eq!((reacted.gone, reacted.new), (vec!["👍".to_owned()], vec!["🔥".to_owned()]));
}

#[test]
fn nonsense_says_nothing() {
    for update in [
        json!(null),
        json!([]),
        json!({"update_id": 1}),
        json!({"update_id": 1, "message": {}}),
        json!({"update_id": 1, "message": {"message_id": "x"}}),
        json!({"update_id": 1, "message_reaction": {}}),
        json!({"update_id": 1, "message_reaction": {"user": {}}}),
        json!({"update_id": 1, "message_reaction": {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 1,
            "old_reaction": [], "new_reaction": []}}),
        json!({"update_id": 1, "my_chat_member": {"new_chat_member": 5}}),
        json!({"update_id": -1, "poll": {}}),
        json!({"update_id": 1, "something_new": {"a": "b"}}),
        message(&json!({"date": 99_999_999_999_999_i64})),
        message(&json!({"date": -99_999_999_999_999_i64})),
    ] {
        assert_eq!(told(&update), None, "{update}");
    }
    let id = json!({"id": -9_007_199_254_740_993_i64, "type": "group", "title": "x"});
    assert!(said(&json!({"chat": id})).is_some(), "an id that nobody has is only a number");
}

/// Puts `other` in the place of the value that comes after so many others.
fn replace(json: &mut Value, place: &mut usize, other: &Value) {
    if *place == 0 {
        *json = other.clone();
    }
    *place = place.wrapping_sub(1);
    match json {
        Value::Array(list) => list.iter_mut().for_each(|one| replace(one, place, other)),
        Value::Object(map) => map.values_mut().for_each(|one| replace(one, place, other)),
        _ => {}
    }
}

/// One update of each kind, with much in it.
fn updates() -> [Value; 4] {
    let ada = json!({"id": 1001, "is_bot": false, "first_name": "Ada"});
    let chat = json!({"id": -1001, "type": "supergroup", "title": "Ops", "is_forum": true});
    let emoji = json!([{"type": "emoji", "emoji": "👍"}]);
    let member = |status: &str| json!({"user": ada.clone(), "status": status, "until_date": 0, "is_member": true});
    let full = json!({
        "message_thread_id": 42, "is_topic_message": true, "sender_chat": chat.clone(), "edit_date": 1,
        "entities": [{"type": "text_mention", "offset": 0, "length": 5, "user": ada}, {"type": "text_link", "offset": 1,
            "length": 1, "url": "https://example.org"}],
        "reply_to_message": message(&json!({}))["message"], "forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "x"},
    });
    [
        message(&full),
        message(&json!({"text": null, "migrate_to_chat_id": -1005})),
        json!({"update_id": 1, "message_reaction": {"chat": chat, "message_id": 5, "date": 1, "user": ada, "actor_chat": chat,
            "old_reaction": emoji, "new_reaction": emoji}}),
        json!({"update_id": 1, "my_chat_member": {"chat": chat, "from": ada, "date": 1, "old_chat_member": member("member"),
            "new_chat_member": member("kicked")}}),
    ]
}

#[test]
fn the_updates_that_are_changed_are_good_ones() {
    for update in updates() {
        let kind = serde_json::from_str::<Update>(&update.to_string()).map(|update| update.kind);

        assert!(!matches!(kind, Err(_) | Ok(UpdateKind::Error(_))), "{update}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn whatever_stands_in_an_update_nothing_panics(kind in 0..4usize, places in prop::collection::vec((0..60usize, 0..ODD.len()), 1..4)) {
        let mut update = updates()[kind].clone();
        for (mut place, odd) in places {
            replace(&mut update, &mut place, &serde_json::from_str(ODD[odd]).unwrap());
        }

        drop(told(&update));
    }
}

const ODD: [&str; 12] = [
    "null",
    "true",
    "-1",
    "0",
    "1e99",
    "99999999999999999",
    "-99999999999999999",
    "\"\"",
    "\"x\"",
    "[]",
    "{}",
    "[{}]",
];

proptest! {
    #[test]
    fn no_text_and_no_entity_panics(text in "[/@a-z_🐢 ]{0,20}", kind in "bot_command|mention|bold", offset in 0..9usize, length in 0..30usize) {
        let entities = json!([{"type": kind, "offset": offset, "length": length}]);

        if let Some(Fact::Said(said)) = told(&message(&json!({"text": text, "entities": entities}))) {
            prop_assert!(said.mentioned || said.text == text);
        }
    }
}
