//! What is heard, of whom, and when Telegram need not tell it again.

use std::time::SystemTime;

use fulmar_botapi::{ADA, BOB, BotApi, Fault, LOUNGE, OPS, Saying, TOPIC, What};
use fulmar_conformance::Session;
use fulmar_contract::{Event, Heard, Identity, RoomId, ThreadId, UserId};
use serde_json::json;

use crate::chat::{self, room, settled, settled_as};

/// The next message heard, which is not taken yet.
async fn untaken(session: &mut Session) -> Heard {
    loop {
        if let Event::Heard(heard) = session.event().await {
            return heard;
        }
    }
}

#[tokio::test]
async fn an_update_is_confirmed_once_it_is_taken_and_not_before() {
    let (api, mut session, _) = settled().await;

    api.say(OPS, ADA, "run date");
    let heard = untaken(&mut session).await;
    api.say(OPS, ADA, "meanwhile");

    assert_eq!((heard.text.as_str(), api.pending()), ("run date", 2));
    drop(heard);
    assert_eq!(session.heard().await.text, "meanwhile");
    api.confirmed().await;
}

#[tokio::test]
async fn what_was_not_taken_comes_again_in_the_next_life() {
    let (api, mut session, _) = settled().await;
    api.say(OPS, ADA, "run date");
    let heard = untaken(&mut session).await;
    drop(session);
    api.gone().await;

    let mut next = Session::since(&*chat::on(&api).build(), SystemTime::now());

    let again = next.heard().await;
    assert_eq!((&again.id, again.at), (&heard.id, heard.at));
    api.confirmed().await;
}

#[tokio::test]
async fn what_was_lost_on_its_way_comes_again() {
    let (api, mut session, _) = settled().await;
    api.fault(Fault::of("getUpdates", What::CutAfter));
    api.say(OPS, ADA, "one");
    session.heard().await;

    api.say(OPS, ADA, "two");
    assert!(session.ended().await.is_err());
    let mut next = Session::since(&*chat::on(&api).build(), SystemTime::now());

    assert_eq!(next.heard().await.text, "two");
}

#[tokio::test]
async fn what_was_taken_does_not_come_again() {
    let (api, mut session, _) = settled().await;
    api.say(OPS, ADA, "run date");
    let at = session.heard().await.at;
    assert!(session.leave().await.is_ok());
    api.gone().await;
    assert_eq!(api.pending(), 0, "it was confirmed at the end");

    let mut next = Session::since(&*chat::on(&api).build(), at);
    api.say(OPS, ADA, "thanks");

    assert_eq!(next.heard().await.text, "thanks");
}

#[tokio::test]
async fn more_than_a_batch_is_heard_in_order() {
    let (api, mut session, _) = settled().await;

    for number in 0..250 {
        api.say(OPS, ADA, &number.to_string());
    }

    for number in 0..250 {
        assert_eq!(session.heard().await.text, number.to_string());
    }
    api.confirmed().await;
}

#[tokio::test]
async fn a_person_is_known_by_their_number() {
    let (api, mut session, me) = settled().await;

    api.say(OPS, ADA, "hello");

    let sender = session.heard().await.sender;
    assert_eq!(sender.identity, Identity::Vouched(UserId::new(ADA.to_string())));
    assert_eq!((sender.name.as_str(), sender.direct), ("Ada", Some(room(ADA))));
    assert_eq!((me.name.as_str(), me.identity.is_vouched()), ("fulmar_bot", true));
}

#[tokio::test]
async fn an_anonymous_administrator_is_only_claimed_to_be_the_group() {
    let (api, mut session, _) = settled().await;
    let group = json!({"id": OPS, "type": "supergroup", "title": "Ops"});
    let bot = json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group", "username": "GroupAnonymousBot"});

    api.write(OPS, ADA, &Saying::text("/whoami").with("sender_chat", group).with("from", bot));

    let sender = session.heard().await.sender;
    assert_eq!((sender.identity, sender.direct), (Identity::Claimed("Ops".into()), None));
}

#[tokio::test]
async fn nobody_is_heard_where_that_is_not_configured() {
    let api = BotApi::start().await;
    let (mut session, _) = settled_as(chat::on(&api).with("direct", false), &api).await;

    api.say(LOUNGE, ADA, "/run in another room");
    api.say(ADA, ADA, "/run in private");
    api.say(OPS, ADA, "here");

    assert_eq!(session.heard().await.text, "here");
    api.confirmed().await;
}

#[tokio::test]
async fn one_person_can_be_configured_as_a_room() {
    let api = BotApi::start().await;
    let chat = chat::on(&api).texts("rooms", &[&OPS.to_string(), &BOB.to_string()]).with("direct", false);
    api.say(BOB, BOB, "/start");
    let (mut session, _) = settled_as(chat, &api).await;

    api.say(ADA, ADA, "let me in");
    api.say(BOB, BOB, "run date");

    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), heard.room, heard.direct), ("run date", room(BOB), true));
}

#[tokio::test]
async fn a_topic_is_a_thread_or_a_room_as_configured() {
    let api = BotApi::start().await;
    let topic = RoomId::new(format!("{OPS}/{TOPIC}"));
    let inside = Saying { topic: Some(TOPIC), ..Saying::text("inside") };
    let backend = chat::on(&api).texts("rooms", &[topic.as_str()]).build();
    let (mut session, _) = Session::in_room(&*backend, &topic).await;

    api.say(OPS, ADA, "outside");
    api.write(OPS, ADA, &inside);
    let in_room = session.heard().await;
    let (posted, shown) = tokio::join!(session.post(&topic, "the answer"), api.next_post(OPS));
    drop(session);
    api.gone().await;
    let (mut session, _) = settled_as(chat::on(&api), &api).await;
    api.write(OPS, ADA, &inside);
    let in_thread = session.heard().await;

    assert_eq!((in_room.text.as_str(), in_room.room, in_room.thread), ("inside", topic, None));
    assert!(posted.is_ok(), "{posted:?}");
    assert_eq!(shown.topic, Some(TOPIC));
    assert_eq!((in_thread.room, in_thread.thread), (room(OPS), Some(ThreadId::new(TOPIC.to_string()))));
}

#[tokio::test]
async fn in_privacy_mode_commands_and_replies_are_heard() {
    let api = BotApi::start().await;
    api.privacy(true);
    let backend = chat::on(&api).texts("rooms", &[&LOUNGE.to_string()]).build();
    let (mut session, _) = Session::in_room(&*backend, &room(LOUNGE)).await;
    let lounge = room(LOUNGE);
    let (_, shown) = tokio::join!(session.post(&lounge, "which one?"), api.next_post(LOUNGE));

    api.say(LOUNGE, ADA, "!run date");
    api.say(LOUNGE, ADA, "/run@another_bot date");
    api.say(LOUNGE, ADA, "/run@fulmar_bot date");
    api.write(LOUNGE, ADA, &Saying { answers: Some(shown.id), ..Saying::text("2") });

    let command = session.heard().await;
    assert_eq!((command.text.as_str(), command.mentioned), ("run date", true));
    assert_eq!(session.heard().await.text, "2");
}
