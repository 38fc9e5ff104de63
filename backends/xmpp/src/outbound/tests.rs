use fulmar_contract::{Mention, RoomId, ThreadId, UserId};
use proptest::prelude::*;

use super::*;

fn room() -> Target {
    Target::Room(BareJid::new("ops@rooms.example").unwrap())
}

fn person() -> Target {
    Target::Person(BareJid::new("ada@example.org").unwrap())
}

fn post(text: &str) -> Post {
    Post::plain(RoomId::new("ops@rooms.example"), text, "1")
}

#[test]
fn a_post_is_a_message_with_all_that_belongs_to_it() {
    let mut post = post("all is well");
    post.marked = Some("all is *well*".into());
    post.thread = Some(ThreadId::new("t"));
    post.answers = Some(MessageId::new("stamp own"));

    let to_room = message(&post, &room(), "id", None).unwrap();
    let to_person = message(&post, &person(), "id", None).unwrap();

    assert_eq!((to_room.attr("to"), to_room.attr("type")), (Some("ops@rooms.example"), Some("groupchat")));
    assert_eq!((to_person.attr("to"), to_person.attr("type")), (Some("ada@example.org"), Some("chat")));
    assert_eq!(to_room.get_child("body", ns::JABBER_CLIENT).unwrap().text(), "all is *well*");
    assert_eq!(to_room.get_child("thread", ns::JABBER_CLIENT).unwrap().text(), "t");
    assert!(!to_room.has_child("unstyled", names::STYLING), "marks are to be obeyed");
    let answered =
        |message: &Element| message.get_child("reply", names::REPLY).unwrap().attr("id").map(str::to_owned);
    assert_eq!((answered(&to_room).as_deref(), answered(&to_person).as_deref()), (Some("stamp"), Some("own")));
}

#[test]
fn text_without_marks_has_none() {
    let message = message(&post("*not bold*"), &room(), "id", None).unwrap();

    assert!(message.has_child("unstyled", names::STYLING));
}

#[test]
fn a_correction_names_the_message_as_its_writer_did() {
    let corrected = MessageId::new("stamp own");

    let message = message(&post("x"), &room(), "id", Some(&corrected)).unwrap();

    assert_eq!(message.get_child("replace", ns::MESSAGE_CORRECT).unwrap().attr("id"), Some("own"));
}

#[test]
fn a_mention_is_a_name_and_an_address() {
    let mut post = post("done");
    let identity = Identity::Vouched(UserId::new("ada@example.org"));
    post.mention = Some(Mention { identity, name: "żona\nx".into() });

    let message = message(&post, &room(), "id", None).unwrap();

    assert_eq!(message.get_child("body", ns::JABBER_CLIENT).unwrap().text(), "żona x: done");
    let reference = message.get_child("reference", names::REFERENCE).unwrap();
    assert_eq!((reference.attr("uri"), reference.attr("end")), (Some("xmpp:ada@example.org"), Some("6")));
}

#[test]
fn without_text_there_is_nothing_to_say() {
    for text in ["", " \n", "\0\u{1b}"] {
        assert!(matches!(message(&post(text), &room(), "id", None), Err(Undelivered::Refused { .. })), "{text:?}");
    }
}

#[test]
fn to_somebody_within_a_room_it_says_so() {
    let occupant = Target::Occupant(Jid::new("ops@rooms.example/ada").unwrap());

    let message = message(&post("psst"), &occupant, "id", None).unwrap();

    assert_eq!((message.attr("to"), message.attr("type")), (Some("ops@rooms.example/ada"), Some("chat")));
    assert!(message.has_child("x", ns::MUC_USER));
}

proptest! {
    #[test]
    fn whatever_a_text_is_it_stays_text(text: String, name: String, thread: String) {
        let mut post = post(&text);
        post.mention = Some(Mention { identity: Identity::Claimed(name.clone()), name });
        post.thread = Some(ThreadId::new(thread));

        if let Ok(message) = message(&post, &room(), "id", None) {
            let written = String::from(&message);
            let read: Element = written.parse().unwrap();

            let body = |message: &Element| message.get_child("body", ns::JABBER_CLIENT).unwrap().text();
            prop_assert_eq!(body(&read), body(&message));
            prop_assert_eq!(read.children().count(), message.children().count());
            prop_assert!(!written.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')));
        }
    }
}
