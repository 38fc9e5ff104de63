//! Posts of all kinds.

use fulmar_contract::{RoomId, UserId};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn post(text: &str) -> Post {
    Post::plain(RoomId::new("-1001"), text, "1")
}

fn ada(identity: Identity) -> Option<Mention> {
    Some(Mention { identity, name: "Ada <b>&".into() })
}

fn vouched() -> Identity {
    Identity::Vouched(UserId::new("1001"))
}

#[test]
fn a_text_is_sent_as_it_is_and_marks_as_html() {
    assert_eq!(text(&post("1 < 2\0\r\n")), Text { written: "1 < 2\n".into(), is_marked: false, length: 6 });

    let marked = Post { marked: Some("<b>1</b> &lt; 2".into()), ..post("1 < 2") };

    assert_eq!(text(&marked), Text { written: "<b>1</b> &lt; 2".into(), is_marked: true, length: 5 });
}

#[test]
fn a_mention_names_a_person_whatever_their_name_is() {
    let link = "<a href=\"tg://user?id=1001\">Ada &lt;b&gt;&amp;</a>: ";
    let plain = Post { mention: ada(vouched()), ..post("1 < 2") };
    let marked = Post { marked: Some("<b>1</b>".into()), ..plain.clone() };
    let claimed = Post { mention: ada(Identity::Claimed("x".into())), ..plain.clone() };
    let forged = Post { mention: ada(Identity::Vouched(UserId::new("1\">"))), ..plain.clone() };

    assert_eq!(text(&plain).written, format!("{link}1 &lt; 2"));
    assert_eq!(text(&marked).written, format!("{link}<b>1</b>"));
    for post in [claimed, forged] {
        assert_eq!(text(&post), Text { written: "Ada <b>&: 1 < 2".into(), is_marked: false, length: 15 });
    }
}

#[test]
fn a_name_for_which_there_is_no_space_is_left_out() {
    let long = "x".repeat(LONGEST_TEXT - 9);

    assert!(!text(&Post { mention: ada(vouched()), ..post(&long) }).written.contains("Ada"));
    assert!(text(&Post { mention: ada(vouched()), ..post(&long[1..]) }).written.contains("Ada"));
}

#[test]
fn a_post_goes_to_its_topic_and_shows_what_it_answers() {
    let call = |post: &Post, place: &str| {
        let place = Place::read(place).unwrap();
        json!(message(place.chat, text(post), &manner(post, place)))
    };
    let post = Post {
        thread: Some(fulmar_contract::ThreadId::new("42")),
        answers: Some(place::message_id(-1001, 5)),
        ..post("done")
    };

    let expected = json!({
        "chat_id": -1001, "text": "done", "message_thread_id": 42, "link_preview_options": {"is_disabled": true},
        "reply_parameters": {"message_id": 5, "allow_sending_without_reply": true},
    });
    assert_eq!(call(&post, "-1001"), expected);
    assert_eq!(call(&post, "-1001/7")["message_thread_id"], 7);
    assert_eq!(call(&post, "-1002")["reply_parameters"], Value::Null, "that message is in another chat");
}

#[test]
fn an_alias_can_say_how_it_is_sent() {
    let extra =
        json!({"disable_notification": true, "protect_content": true, "disable_web_page_preview": false, "x": 1});
    let post = Post { extra, marked: Some("<b>x</b>".into()), ..post("x") };

    let call = json!(message(-1, text(&post), &manner(&post, Place::whole(-1))));

    let expected = json!({
        "chat_id": -1, "text": "<b>x</b>", "parse_mode": "HTML", "disable_notification": true, "protect_content": true,
        "link_preview_options": {},
    });
    assert_eq!(call, expected);
}

#[test]
fn only_words_that_telegram_takes_are_offered() {
    let offered = |word: &str, summary: &str| Offered { word: word.into(), summary: summary.into() };
    let long = "🐢".repeat(200);

    let commands = commands(&[
        offered("run", "Runs\n it\0"),
        offered("run", "again"),
        offered("st2-date", "a dash"),
        offered("Deploy", "a capital"),
        offered("x".repeat(33).as_str(), "too long"),
        offered("st2_date", " "),
        offered("turtles", &long),
    ]);

    let words: Vec<&str> = commands.iter().map(|command| command.command.as_str()).collect();
    assert_eq!(words, ["run", "st2_date", "turtles"]);
    assert_eq!(commands[1].description, "st2_date");
    assert_eq!(commands[2].description, "🐢".repeat(128));
}

#[test]
fn what_is_no_message_is_refused() {
    assert!(check(&text(&post(" \n\u{7}"))).is_err());
    assert!(check(&text(&post(&"🐢".repeat(2049)))).is_err());
    assert_eq!(check(&text(&post(&"🐢".repeat(2048)))), Ok(()));
}

proptest! {
    #[test]
    fn no_text_becomes_a_tag(body in "[<>&\"a-z/ \\x00-\\x1f]{1,60}", name in "[<>&\"a-z/ ]{1,30}") {
        let post = Post { mention: Some(Mention { identity: vouched(), name }), ..post(&body) };

        let written = text(&post).written;
        let (link, rest) = written.split_once("</a>: ").unwrap();

        prop_assert!(!rest.contains(['<', '>', '"']));
        prop_assert_eq!(link.matches('<').count(), 1);
    }
}
