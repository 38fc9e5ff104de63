//! What happens between a session and a real homeserver.

use std::time::SystemTime;

use fulmar_conformance::{Session, within};
use fulmar_contract::{Event, Failure, Heard, Post, RoomId, Undelivered};
use matrix_sdk::reqwest::Method;
use serde_json::json;

use crate::{peer::Peer, place::Place};

#[tokio::test]
async fn a_restart_keeps_the_device_and_hears_once_what_was_said_meanwhile() {
    let Some(place) = Place::new().await else { return };
    let mut session = place.session().await;
    let device = place.kept("session.json");
    place.peer.says(&place.room_id, "one").await;
    let at = session.heard().await.at;
    assert!(session.leave().await.is_ok());
    place.peer.says(&place.room_id, "two").await;

    let mut session = Session::since(&*place.chat().build(), at);
    session.online().await;
    session.joined(&place.name()).await;
    place.peer.says(&place.room_id, "three").await;

    assert_eq!(session.heard().await.text, "two");
    assert_eq!(session.heard().await.text, "three");
    assert_eq!(device, place.kept("session.json"));
}

#[tokio::test]
async fn what_was_not_taken_before_a_crash_is_heard_again() {
    let Some(place) = Place::new().await else { return };
    let mut session = place.session().await;
    place.peer.says(&place.room_id, "run date").await;
    let lost = held(&mut session).await;
    place.peer.says(&place.room_id, "and uptime").await;
    let later = session.heard().await;
    drop(session);

    let mut session = Session::since(&*place.chat().build(), lost.at);

    let again = session.heard().await;
    assert_eq!((again.id, again.text), (lost.id, lost.text));
    assert_eq!(session.heard().await.id, later.id);
}

/// The next message, with the hold on it.
async fn held(session: &mut Session) -> Heard {
    loop {
        if let Event::Heard(heard) = session.event().await {
            return heard;
        }
    }
}

#[tokio::test]
async fn a_long_absence_is_caught_up_with_in_order() {
    let Some(place) = Place::new().await else { return };
    let mut session = place.session().await;
    place.peer.says(&place.room_id, "before").await;
    let before = session.heard().await;
    assert!(session.leave().await.is_ok());
    for number in 0..120 {
        place.peer.says(&place.room_id, &number.to_string()).await;
    }

    let mut session = Session::since(&*place.chat().build(), before.at);

    for number in 0..120 {
        let mut heard = session.heard().await;
        if heard.id == before.id {
            heard = session.heard().await;
        }
        assert_eq!(heard.text, number.to_string());
    }
}

#[tokio::test]
async fn a_store_that_was_lost_costs_nothing_that_was_said_since_then() {
    let Some(place) = Place::new().await else { return };
    let mut session = place.session().await;
    place.peer.says(&place.room_id, "old").await;
    drop(session.heard().await);
    assert!(session.leave().await.is_ok());
    let since = SystemTime::now();
    place.peer.says(&place.room_id, "new").await;
    let empty = tempfile::tempdir().unwrap();
    let chat = place.chat().text("store", &empty.path().display().to_string());

    let mut session = Session::since(&*chat.build(), since);

    assert_eq!(session.heard().await.text, "new");
}

#[tokio::test]
async fn a_room_that_took_the_place_of_another_has_its_name() {
    let Some(mut place) = Place::new().await else { return };
    let mut session = place.session().await;
    let upgrade = format!("rooms/{}/upgrade", crate::peer::escaped(&place.room_id));
    let answer = place.peer.calls(Method::POST, &upgrade, &json!({ "new_version": "11" })).await;
    let new = answer["replacement_room"].as_str().unwrap().to_owned();

    session.joined(&place.name()).await;
    place.peer.says(&new, "here now").await;
    let heard = session.heard().await;
    let sent = session.post(&place.name(), "me too").await;

    assert_eq!((heard.text.as_str(), &heard.room), ("here now", &place.name()));
    assert!(sent.is_ok(), "{sent:?}");
    assert_eq!(place.peer.hears(&new).await["content"]["body"], "me too");
    drop(session);
    let mut session = place.session().await;
    assert!(session.write(Post::plain(place.name(), "still", "another key")).await.is_ok());
    assert_eq!(place.peer.hears(&new).await["content"]["body"], "still");
}

#[tokio::test]
async fn only_invitations_of_those_on_the_list_are_followed() {
    let Some(place) = Place::new().await else { return };
    let chat = place.chat().text("invites", &place.peer.id);
    let (mut session, me) = Session::in_room(&*chat.build(), &place.name()).await;
    let other = Peer::register(&place.server, &format!("x{}", place.user)).await;
    let us = me.identity.as_str();
    let refused = other.makes(&json!({ "invite": [us], "preset": "trusted_private_chat" })).await;
    other.says(&refused, "from nobody").await;
    let followed = place.peer.makes(&json!({ "invite": [us], "name": "ops", "preset": "private_chat" })).await;

    place.peer.says(&followed, "from somebody").await;

    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), heard.room), ("from somebody", RoomId::new(followed)));
    let members = other.asks(&format!("rooms/{}/joined_members", crate::peer::escaped(&refused))).await;
    assert_eq!(members["joined"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn rejoins_after_a_kick() {
    let Some(place) = Place::new().await else { return };
    let mut session = place.session().await;

    place.peer.does("kick", &place.room_id, &place.us()).await;

    let why = session.left(&place.name()).await;
    assert!(why.contains("enough") && why.contains(&place.peer.id), "{why}");
    session.joined(&place.name()).await;
    assert!(session.post(&place.name(), "back").await.is_ok());
}

#[tokio::test]
async fn a_ban_is_told_with_its_reason() {
    let Some(place) = Place::new().await else { return };
    let mut session = place.session().await;

    place.peer.does("ban", &place.room_id, &place.us()).await;

    let why = session.left(&place.name()).await;
    assert!(why.contains("banned by"), "{why}");
    let post = session.post(&place.name(), "anybody?").await;
    assert!(matches!(post, Err(Undelivered::Later { .. })), "{post:?}");
    let why = session.left(&place.name()).await;
    assert!(why.contains("user who was banned"), "{why}");
}

#[tokio::test]
async fn a_room_for_the_invited_is_entered_on_invitation() {
    let Some(place) = Place::new().await else { return };
    place.peer.sets(&place.room_id, "m.room.join_rules", &json!({ "join_rule": "invite" })).await;
    let mut session = Session::start(&*place.chat().text("invites", "@nobody:localhost").build());
    session.left(&place.name()).await;

    place.peer.does("invite", &place.room_id, &place.us()).await;

    session.joined(&place.name()).await;
}

#[tokio::test]
async fn a_room_where_we_may_not_speak_refuses() {
    let Some(place) = Place::new().await else { return };
    let mut session = place.session().await;
    place.peer.sets(&place.room_id, "m.room.power_levels", &json!({ "events_default": 50 })).await;

    let refused = session.post(&place.name(), "hello?").await;

    assert!(matches!(refused, Err(Undelivered::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_server_that_was_away_is_found_again() {
    let Some(place) = Place::new().await else { return };
    let session = place.session().await;
    place.proxy.shut();
    assert!(matches!(session.ended().await, Err(Failure::Lost { .. })));
    let away = Session::start(&*place.chat().build());
    assert!(matches!(away.ended_unheard().await, Err(Failure::Lost { .. })));

    place.proxy.mend();

    let mut session = place.session().await;
    assert!(session.post(&place.name(), "back").await.is_ok());
}

#[tokio::test]
async fn a_device_that_was_logged_out_is_replaced_by_another() {
    let Some(place) = Place::new().await else { return };
    let session = place.session().await;
    let old = place.kept("session.json");
    assert!(session.leave().await.is_ok());
    place.ours().await.calls(Method::POST, "logout/all", &json!({})).await;

    let mut session = place.session().await;

    assert!(session.post(&place.name(), "new").await.is_ok());
    assert_ne!(place.kept("session.json")["device_id"], old["device_id"]);
}

#[tokio::test]
async fn a_token_is_a_login_as_long_as_it_is_good() {
    let Some(place) = Place::new().await else { return };
    let login = place.ours().await;
    let chat = || place.chat().without("user").without("password").text("access_token", login.token());
    let (mut session, me) = Session::in_room(&*chat().build(), &place.name()).await;
    assert_eq!(me.identity.as_str(), place.us());
    assert!(session.post(&place.name(), "by token").await.is_ok());
    assert!(session.leave().await.is_ok());

    login.calls(Method::POST, "logout", &json!({})).await;

    let refused = Session::start(&*chat().build()).ended_unheard().await;
    assert!(matches!(refused, Err(Failure::Credentials { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_store_of_somebody_else_is_not_used() {
    let Some(place) = Place::new().await else { return };
    assert!(place.session().await.leave().await.is_ok());
    let name = format!("y{}", place.user);
    Peer::register(&place.server, &name).await;

    let refused = Session::start(&*place.chat().text("user", &name).build()).ended_unheard().await;

    assert!(matches!(refused, Err(Failure::Misconfigured { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_we_say_is_a_notice_and_alerts_nobody_by_accident() {
    let Some(mut place) = Place::new().await else { return };
    let mut session = place.session().await;

    assert!(session.post(&place.name(), "@room is on fire").await.is_ok());

    let content = place.peer.hears(&place.room_id).await["content"].clone();
    assert_eq!(content, json!({ "msgtype": "m.notice", "body": "@room is on fire", "m.mentions": {} }));
}

#[tokio::test]
async fn without_encryption_an_encrypted_room_is_neither_heard_nor_written_in() {
    let Some(place) = Place::new().await else { return };
    let algorithm = json!({ "algorithm": "m.megolm.v1.aes-sha2" });
    place.peer.sets(&place.room_id, "m.room.encryption", &algorithm).await;
    let chat = place.chat().with("encryption", false);
    let (mut session, _) = Session::in_room(&*chat.build(), &place.name()).await;

    let refused = session.post(&place.name(), "hello?").await;

    assert!(matches!(refused, Err(Undelivered::Refused { .. })), "{refused:?}");
}

#[tokio::test]
async fn a_homeserver_that_is_not_found_may_come_back() {
    let Some(place) = Place::new().await else { return };
    let chat = place.chat().text("homeserver", "no-such-host.invalid");

    let end = within("the search", Session::start(&*chat.build()).ended_unheard()).await;

    assert!(matches!(end, Err(Failure::Lost { .. })), "{end:?}");
}
