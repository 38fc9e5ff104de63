//! Which rooms we are in, and where groups go.

use fulmar_botapi::{ADA, BotApi, LOUNGE, OPS, SMALL};
use fulmar_conformance::Session;
use fulmar_contract::{Event, Undelivered};

use crate::chat::{self, room, settled};

#[tokio::test]
async fn each_room_is_joined_or_left_with_the_reason() {
    let api = BotApi::start().await;
    api.kick(LOUNGE);
    let rooms = [OPS, LOUNGE, -1_009, ADA].map(|chat| chat.to_string());
    let mut session =
        Session::start(&*chat::on(&api).texts("rooms", &rooms.each_ref().map(String::as_str)).build());

    let Event::Online { rooms, vouches: true, .. } = session.event().await else { panic!("it is not online") };

    let left = |chat: i64, why: &str| Event::Left { room: room(chat), why: why.into() };
    assert_eq!(rooms.len(), 4);
    assert_eq!(session.event().await, Event::Joined(room(OPS)));
    assert_eq!(session.event().await, left(LOUNGE, "Forbidden: bot was kicked from the supergroup chat"));
    assert_eq!(session.event().await, left(-1_009, "Bad Request: chat not found"));
    assert_eq!(session.event().await, left(ADA, "Bad Request: chat not found"));
}

#[tokio::test]
async fn a_kick_is_told_and_so_is_being_let_in_again() {
    let (api, mut session, _) = settled().await;

    api.kick(OPS);
    assert_eq!(session.left(&room(OPS)).await, "the bot is no member of the chat any more: banned");
    let refused = session.post(&room(OPS), "anybody?").await;
    api.readmit(OPS);
    session.joined(&room(OPS)).await;
    let posted = session.post(&room(OPS), "here I am").await;

    assert!(matches!(refused, Err(Undelivered::Refused { why }) if why.contains("kicked")));
    assert!(posted.is_ok(), "{posted:?}");
}

#[tokio::test]
async fn a_group_that_becomes_a_supergroup_is_followed() {
    let api = BotApi::start().await;
    let backend = chat::on(&api).texts("rooms", &[&SMALL.to_string()]).build();
    let (mut session, _) = Session::in_room(&*backend, &room(SMALL)).await;

    let grown = api.migrate(SMALL);
    session.joined(&room(grown)).await;
    api.say(grown, ADA, "/run date");

    assert_eq!(session.heard().await.room, room(grown));
    for name in [SMALL, grown] {
        let name = room(name);
        let (posted, shown) = tokio::join!(session.post(&name, "done"), api.next_post(grown));
        assert!(posted.unwrap().id.unwrap().as_str().starts_with(&format!("{grown}/")));
        assert_eq!(shown.text, "done");
    }
}

#[tokio::test]
async fn a_post_finds_the_supergroup_that_its_group_became() {
    let api = BotApi::start().await;
    // It is not told of the move, as it hears nothing of that group.
    let backend = chat::on(&api).build();
    let (mut session, _) = Session::in_room(&*backend, &room(OPS)).await;
    let grown = api.migrate(SMALL);

    let small = room(SMALL);
    let (posted, shown) = tokio::join!(session.post(&small, "announced"), api.next_post(grown));

    assert!(posted.is_ok(), "{posted:?}");
    assert_eq!(shown.text, "announced");
}

#[tokio::test]
async fn a_group_that_moved_while_we_were_away_is_found() {
    let api = BotApi::start().await;
    let grown = api.migrate(SMALL);
    let backend = chat::on(&api).texts("rooms", &[&SMALL.to_string()]).build();

    let mut session = Session::start(&*backend);

    session.joined(&room(SMALL)).await;
    session.joined(&room(grown)).await;
    api.say(grown, ADA, "hello");
    assert_eq!(session.heard().await.room, room(grown));
}
