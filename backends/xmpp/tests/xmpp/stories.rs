//! What happens in rooms, and in private.

use std::time::SystemTime;

use fulmar_conformance::{Session, within};
use fulmar_contract::{Identity, Mention, Post, RoomId, UserId};
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    peer::{Peer, body},
    place::{self, Place},
};

/// Has the peer set how somebody is in the room.
async fn administers(place: &mut Place, item: &str) {
    let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'><item {item}</query>");
    let room = place.room.clone();
    let id = place.peer.request(&room, &query).await;
    place.peer.until("it to be done", |it| it.attr("id") == Some(&id)).await;
}

#[tokio::test]
async fn rejoins_after_a_kick() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;

    administers(&mut place, "nick='fulmar' role='none'><reason>enough</reason></item>").await;

    let why = session.left(&room).await;
    assert!(why.contains("kicked: enough"), "{why}");
    place.peer.says(room.as_str(), "groupchat", "meanwhile", "").await;
    session.joined(&room).await;
    assert!(session.post(&room, "back").await.is_ok());
    assert_eq!(session.heard().await.text, "meanwhile");
}

#[tokio::test]
async fn a_ban_is_told_and_not_tried_against() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;

    let jid = format!("{}@localhost", place.account);
    administers(&mut place, &format!("affiliation='outcast' jid='{jid}'><reason>out</reason></item>")).await;

    let why = session.left(&room).await;
    assert!(why.contains("we are banned") && why.contains("out"), "{why}");
    let mut next = Session::start(&*place.chat().build());
    let why = next.left(&room).await;
    assert!(why.contains("we are banned"), "{why}");
}

#[tokio::test]
async fn a_room_with_a_password_is_joined_with_it() {
    let Some(mut place) = place::prosody().await else { return };
    let room = RoomId::new(&place.room);
    let name = place.room.clone();
    place
        .peer
        .configures(&name, &[("whois", "anyone"), ("passwordprotectedroom", "1"), ("roomsecret", "secret")])
        .await;

    let refused = Session::start(&*place.chat().build()).left(&room).await;
    let chat = place.chat().text("rooms", &format!("{name} secret"));
    Session::in_room(&*chat.build(), &room).await;

    assert!(refused.contains("password"), "{refused}");
}

#[tokio::test]
async fn a_nick_that_is_taken_becomes_another_and_is_taken_back() {
    let Some(mut place) = place::prosody().await else { return };
    let mut thief = Peer::enter(&place.way, &format!("t{}", place.account)).await;
    thief.enters(&place.room, "fulmar").await;
    let (mut session, room) = place.session().await;

    assert!(session.post(&room, "under another name").await.is_ok());
    let said = place.peer.hears(&format!("{room}/fulmar_"), false).await;
    place.peer.says(room.as_str(), "groupchat", "fulmar_: run date", "").await;
    let heard = session.heard().await;

    assert_eq!(body(&said), "under another name");
    assert_eq!((heard.text.as_str(), heard.mentioned), ("run date", true));
    drop(thief);
    let ours = format!("{room}/fulmar");
    let me = format!("{}@localhost", place.account);
    let is_us = |it: &Element| {
        it.attr("from") == Some(&ours)
            && it.attr("type").is_none()
            && it
                .get_child("x", ns::MUC_USER)
                .and_then(|x| x.get_child("item", ns::MUC_USER)?.attr("jid"))
                .is_some_and(|jid| jid.starts_with(&me))
    };
    place.peer.until("our nick", is_us).await;
    assert!(session.post(&room, "under our own").await.is_ok());
}

#[tokio::test]
async fn a_room_that_hides_who_people_are_is_refused_or_nobody_in_it_is_vouched_for() {
    let Some(mut place) = place::prosody().await else { return };
    let room = RoomId::new(&place.room);
    let name = place.room.clone();
    place.peer.configures(&name, &[("whois", "moderators")]).await;

    let why = Session::start(&*place.chat().build()).left(&room).await;
    let chat = place.chat().text("anonymous_rooms", "claimed");
    let (mut session, _) = Session::in_room(&*chat.build(), &room).await;
    place.peer.says(&name, "groupchat", "who am I?", "").await;

    assert!(why.contains("anonymous_rooms"), "{why}");
    assert_eq!(session.heard().await.sender.identity, Identity::Claimed(format!("{room}/peer")));
}

#[tokio::test]
async fn a_room_that_begins_to_hide_who_people_are_is_left() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;

    place.peer.configures(room.as_str(), &[("whois", "moderators")]).await;

    let why = session.left(&room).await;
    assert!(why.contains("anonymous_rooms"), "{why}");
}

#[tokio::test]
async fn a_room_that_is_not_there_is_not_made() {
    let Some(mut place) = place::prosody().await else { return };
    let name = format!("none{}", place.other);

    let why = Session::start(&*place.chat().text("rooms", &name).build()).left(&RoomId::new(&name)).await;

    assert!(why.contains("create it first"), "{why}");
    // What came about because we asked is taken away again.
    let is_there = async {
        for number in 0.. {
            let id = format!("there{number}");
            let question =
                format!("<iq type='get' to='{name}' id='{id}'><query xmlns='{}'/></iq>", ns::DISCO_INFO);
            place.peer.sends(&question).await;
            let answer = place.peer.until("whether it is there", |it| it.attr("id") == Some(&id)).await;
            if answer.attr("type") == Some("error") {
                break;
            }
        }
    };
    within("the room to be gone", is_there).await;
}

#[tokio::test]
async fn a_destroyed_room_is_told_with_its_reason() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;

    let query =
        "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy><reason>moved</reason></destroy></query>";
    place.peer.request(room.as_str(), query).await;

    let why = session.left(&room).await;
    assert!(why.contains("destroyed: moved"), "{why}");
}

#[tokio::test]
async fn a_whisper_within_a_room_is_answered_at_the_persons_own_address() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;

    place
        .peer
        .says(&format!("{room}/fulmar"), "chat", "psst", "<x xmlns='http://jabber.org/protocol/muc#user'/>")
        .await;
    let heard = session.heard().await;
    let answered = session.post(&heard.room, "yes?").await;

    assert_eq!((heard.text.as_str(), heard.direct, heard.sender.name.as_str()), ("psst", true, "peer"));
    assert_eq!(heard.sender.identity, Identity::Vouched(UserId::new(&place.peer.jid)));
    assert_eq!(heard.room.as_str(), place.peer.jid);
    assert!(answered.is_ok(), "{answered:?}");
    assert_eq!(body(&place.peer.hears(&format!("{}@localhost", place.account), false).await), "yes?");
}

#[tokio::test]
async fn what_is_heard_again_from_an_archive_has_the_id_it_had() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;
    let began = SystemTime::now();
    let us = format!("{}@localhost", place.account);
    place.peer.says(room.as_str(), "groupchat", "to all", "").await;
    let to_all = session.heard().await;
    place.peer.says(&us, "chat", "to you", "").await;
    let to_us = session.heard().await;
    drop(session);

    let mut session = Session::since(&*place.chat().build(), began);
    let mut again = [session.heard().await, session.heard().await];
    again.sort_by_key(|heard| heard.direct);

    for (first, second) in [to_all, to_us].iter().zip(&again) {
        assert_eq!((&first.id, &first.text, &first.sender), (&second.id, &second.text, &second.sender));
    }
}

#[tokio::test]
async fn what_was_said_to_us_alone_while_away_is_heard_and_long_absences_are_read_page_by_page() {
    let Some(mut place) = place::prosody().await else { return };
    let us = format!("{}@localhost", place.account);
    let began = SystemTime::now();
    for number in 0..50 {
        place.peer.says(&us, "chat", &format!("number {number}"), "").await;
    }

    let mut session = Session::since(&*place.chat().build(), began);

    for number in 0..50 {
        assert_eq!(session.heard().await.text, format!("number {number}"));
    }
}

#[tokio::test]
async fn a_reply_is_heard_without_what_it_quotes() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;

    let reply = "<reply xmlns='urn:xmpp:reply:0' id='x'/>\
        <fallback xmlns='urn:xmpp:fallback:0' for='urn:xmpp:reply:0'><body start='0' end='11'/></fallback>";
    place.peer.says(room.as_str(), "groupchat", "> !rm żółw\nfulmar: run date", reply).await;

    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), heard.mentioned), ("run date", true));
}

#[tokio::test]
async fn whoever_is_named_is_named_by_address_too() {
    let Some(mut place) = place::prosody().await else { return };
    let (mut session, room) = place.session().await;
    let mut post = Post::plain(room.clone(), "it is done", "1");
    let identity = Identity::Vouched(UserId::new(&place.peer.jid));
    post.mention = Some(Mention { identity, name: "peer".into() });

    session.order_post(post).await;

    let message = place.peer.hears(&format!("{room}/fulmar"), false).await;
    assert_eq!(body(&message), "peer: it is done");
    let reference = message.get_child("reference", "urn:xmpp:reference:0").unwrap();
    assert_eq!(reference.attr("uri"), Some(format!("xmpp:{}", place.peer.jid).as_str()));
    assert_eq!((reference.attr("begin"), reference.attr("end")), (Some("0"), Some("4")));
}

#[tokio::test]
async fn others_are_told_what_we_are() {
    let Some(mut place) = place::prosody().await else { return };
    let (_session, room) = place.session().await;

    place
        .peer
        .sends(&format!("<iq type='get' to='{room}/fulmar' id='v'><query xmlns='{}'/></iq>", ns::VERSION))
        .await;
    place.peer.sends(&format!("<iq type='get' to='{room}/fulmar' id='o'><query xmlns='odd'/></iq>")).await;

    let version = place.peer.until("our version", |it| it.attr("id") == Some("v")).await;
    let odd = place.peer.until("a refusal", |it| it.attr("id") == Some("o")).await;
    assert!(String::from(&version).contains("Fulmar"), "{version:?}");
    assert_eq!(odd.attr("type"), Some("error"));
}
