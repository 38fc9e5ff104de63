//! Encrypted rooms, with matrix-nio at the other end.

use std::sync::Arc;

use fulmar_conformance::{Chat, Session};
use fulmar_contract::{File, Heard, Post, RoomId};
use serde_json::Value;

use crate::{
    nio::Nio,
    peer::{PASSWORD, Peer},
    place::Place,
};

/// A place with somebody at matrix-nio.
async fn place() -> Option<(Place, Nio)> {
    let place = Place::new().await?;
    let name = format!("n{}", place.user);
    Peer::register(&place.server, &name).await;
    let nio = Nio::login(&place.server, &name, PASSWORD).await?;
    Some((place, nio))
}

async fn answer(session: &mut Session, heard: &Heard, text: &str) {
    let post = Post { thread: heard.thread.clone(), ..Post::plain(heard.room.clone(), text, text) };
    assert!(session.write(post).await.is_ok());
}

#[tokio::test]
async fn a_command_in_an_encrypted_room_is_heard_and_its_answer_decrypts_there() {
    let Some((place, mut nio)) = place().await else { return };
    let mut session = place.session().await;
    let room = nio.makes_room(&place.us()).await;

    nio.says(&room, &place.us(), "run date").await;
    let heard = session.heard().await;
    answer(&mut session, &heard, "today & <b>now</b>").await;
    let told = nio.tells("body").await;

    assert_eq!((heard.text.as_str(), heard.direct), ("run date", true));
    assert!(heard.sender.identity.is_vouched());
    assert_eq!((&told["body"], &told["encrypted"]), (&Value::from("today & <b>now</b>"), &Value::from(true)));
}

#[tokio::test]
async fn what_was_said_in_an_encrypted_room_while_we_were_away_is_heard_by_the_same_device() {
    let Some((place, mut nio)) = place().await else { return };
    let mut session = place.session().await;
    let room = nio.makes_room(&place.us()).await;
    nio.says(&room, &place.us(), "one").await;
    let one = session.heard().await;
    let device = device(&place);
    assert!(session.leave().await.is_ok());

    nio.says(&room, &place.us(), "two").await;
    let mut session = Session::since(&*place.chat().build(), one.at);
    session.online().await;

    let mut heard = session.heard().await;
    if heard.id == one.id {
        heard = session.heard().await;
    }
    assert_eq!(heard.text, "two");
    answer(&mut session, &heard, "still the same").await;
    assert_eq!(nio.tells("body").await["body"], "still the same");
    assert_eq!(device, self::device(&place));
}

#[tokio::test]
async fn a_file_in_an_encrypted_room_is_encrypted() {
    let Some((place, mut nio)) = place().await else { return };
    let mut session = place.session().await;
    let room = nio.makes_room(&place.us()).await;
    nio.says(&room, &place.us(), "run report").await;
    let heard = session.heard().await;
    let file = File { name: "a.txt".into(), media_type: "text/plain".into(), content: Arc::from(*b"hello") };

    let sent = session.write(Post { file: Some(file), ..Post::plain(heard.room, "all of it", "file") }).await;

    assert!(sent.is_ok(), "{sent:?}");
    let told = nio.tells("file").await;
    assert_eq!((&told["file"], &told["encrypted"]), (&Value::from("aGVsbG8="), &Value::from(true)));
    assert_eq!(told["body"], "all of it");
}

#[tokio::test]
async fn whoever_refuses_unverified_devices_believes_nobody_at_one() {
    let Some((place, mut nio)) = place().await else { return };
    let mut session = careful(&place.chat(), &place.name()).await;
    let room = nio.makes_room(&place.us()).await;

    nio.says(&room, &place.us(), "run date").await;

    let heard = session.heard().await;
    assert_eq!(heard.text, "run date");
    assert!(!heard.sender.identity.is_vouched(), "nobody signed this device");
    answer(&mut session, &heard, "who are you?").await;
    assert_eq!(nio.tells("body").await["body"], "who are you?");
}

async fn careful(chat: &Chat, room: &RoomId) -> Session {
    Session::in_room(&*chat.clone().text("unverified", "refuse").build(), room).await.0
}

fn device(place: &Place) -> Value {
    place.kept("session.json")["device_id"].clone()
}

#[tokio::test]
async fn a_whisper_goes_into_one_encrypted_room_that_is_made_for_it() {
    let Some(mut place) = Place::new().await else { return };
    let mut session = place.session().await;
    let room = RoomId::new(&place.peer.id);

    for text in ["one", "two"] {
        let sent = session.post(&room, text).await;
        assert!(sent.is_ok(), "{sent:?}");
    }

    let invited = place.peer.invitation().await;
    place.peer.joins(&invited).await;
    let is_sealed = |event: &Value| event["type"] == "m.room.encrypted";
    for _ in 0..2 {
        place.peer.sees(&invited, "an encrypted message", is_sealed).await;
    }
    assert!(place.peer.invitations().is_empty(), "one room is enough");
}
