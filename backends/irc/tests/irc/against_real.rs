//! The laws and more against real servers, as `tests/servers/irc.sh` starts them.

use std::sync::Arc;

use async_trait::async_trait;
use fulmar_conformance::{Harness, Seen, Session};
use fulmar_contract::{Backend, Identity, RoomId, Sender, Undelivered, UserId};

use crate::{
    peer::Peer,
    place::{self, Place},
    shown::shown,
};

/// ngircd: no TLS here, no echo-message, no SASL, a server password.
struct Ngircd(Place);

/// inspircd with anope: TLS, echo-message, SASL.
struct Inspircd(Place);

macro_rules! harness {
    ($name:ident, $place:path) => {
        #[async_trait]
        impl Harness for $name {
            async fn start() -> Option<Self> {
                $place().await.map(Self)
            }

            fn backend(&self) -> Arc<dyn Backend> {
                self.0.chat().build()
            }

            fn backend_with_bad_login(&self) -> Arc<dyn Backend> {
                self.0.chat_with_bad_login().build()
            }

            fn room(&self) -> &str {
                &self.0.room
            }

            fn other_room(&self) -> &str {
                &self.0.other
            }

            fn unknown_room(&self) -> &str {
                "#there-is-no-such-room"
            }

            async fn peer_says(&mut self, room: &RoomId, text: &str) {
                self.0.peer.says(&format!("PRIVMSG {room} :{text}")).await;
            }

            async fn peer_says_directly(&mut self, me: &Sender, text: &str) {
                self.0.peer.says(&format!("PRIVMSG {} :{text}", me.name)).await;
            }

            async fn peer_hears(&mut self, room: &RoomId) -> String {
                self.0.peer.hears(room.as_str()).await
            }

            async fn peer_sees(&mut self, room: &RoomId) -> Seen {
                shown(&self.peer_hears(room).await)
            }

            async fn sees_us_leave(&mut self) {
                let quit = format!(":{}!", self.0.nick);
                self.0.peer.until("a QUIT", |line| line.starts_with(&quit) && line.contains(" QUIT")).await;
            }

            async fn sever(&mut self) {
                self.0.proxy.cut();
            }

            async fn garbage(&mut self) {
                let start = format!("PRIVMSG {} :", self.0.room).into_bytes();
                for garbage in [&b"\xff\xfe\xf0\x9f"[..], b"\x01\x02\x03\x1b[2J", b"x\ry", b"\x01ACTION"] {
                    self.0.peer.sends(&[&start, garbage, b"\r\n"].concat()).await;
                }
            }
        }
    };
}

harness!(Ngircd, place::ngircd);
harness!(Inspircd, place::inspircd);

mod ngircd {
    fulmar_conformance::laws!(super::Ngircd, except hears_what_was_said_while_away: "IRC keeps no history");
}

mod inspircd {
    fulmar_conformance::laws!(super::Inspircd, except hears_what_was_said_while_away: "IRC keeps no history");
}

#[tokio::test]
async fn rejoins_after_a_kick() {
    for mut place in place::both().await {
        let (mut session, room) = place.session().await;

        place.peer.says(&format!("KICK {room} {} :enough", place.nick)).await;

        let why = session.left(&room).await;
        assert!(why.contains("enough"), "{why}");
        session.joined(&room).await;
        assert!(session.post(&room, "back").await.is_ok());
    }
}

#[tokio::test]
async fn a_ban_is_told_with_its_reason() {
    for mut place in place::both().await {
        place.peer.says(&format!("MODE {} +b {}!*@*", place.room, place.nick)).await;
        place.peer.until("the ban", |line| line.contains("+b")).await;
        let mut session = Session::start(&*place.chat().build());

        let why = session.left(&RoomId::new(&place.room)).await;

        assert!(why.to_lowercase().contains("join"), "{why}");
        let post = session.post(&RoomId::new(&place.room), "anybody?").await;
        assert!(matches!(post, Err(Undelivered::Later { .. })), "{post:?}");
    }
}

#[tokio::test]
async fn a_nick_that_is_taken_becomes_another() {
    for place in place::both().await {
        let _thief = Peer::enter(&place.way, &place.nick).await;

        let me = Session::start(&*place.chat().build()).online().await;

        assert_eq!(me.name, format!("{}_", place.nick));
    }
}

#[tokio::test]
async fn a_keyed_room_is_joined_with_its_key() {
    for mut place in place::both().await {
        place.peer.says(&format!("MODE {} +k secret", place.room)).await;
        place.peer.until("the key", |line| line.contains("+k")).await;
        let chat = place.chat();
        let room = RoomId::new(&place.room);

        let refused = Session::start(&*chat.build()).left(&room).await;
        Session::in_room(&*chat.text("rooms", &format!("{} secret", place.room)).build(), &room).await;

        assert!(refused.contains("+k") || refused.contains("key"), "{refused}");
    }
}

#[tokio::test]
async fn a_long_text_arrives_complete() {
    let letters: String = ('a'..='z').cycle().take(10_000).collect();
    let emoji = "🐢".repeat(600);
    for mut place in place::both().await {
        let (mut session, room) = place.session().await;
        for text in [&letters, &emoji] {
            let receipt = session.post(&room, text).await;

            let mut arrived = String::new();
            while arrived.len() < text.len() {
                arrived.push_str(&place.peer.hears(room.as_str()).await);
            }
            assert!(receipt.is_ok(), "{receipt:?}");
            assert_eq!(&arrived, text);
        }
    }
}

#[tokio::test]
async fn a_room_that_takes_no_more_words_of_ours_refuses() {
    for mut place in place::both().await {
        let (mut session, room) = place.session().await;
        place.peer.says(&format!("MODE {room} +m")).await;
        place.peer.until("silence", |line| line.contains("+m")).await;

        let refused = session.post(&room, "hello?").await;

        assert!(matches!(refused, Err(Undelivered::Refused { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn an_account_is_vouched_for_and_a_nick_is_not() {
    let Some(mut place) = place::inspircd().await else { return };
    let (account, password) = place.login.clone().unwrap();
    let (mut session, room) = place.session().await;
    let known = format!("{}k", place.nick);
    let mut known = Peer::enter_as(&place.way, &known, Some((&account, &password))).await;
    known.joins(&place.room).await;

    known.says(&format!("PRIVMSG {room} :by account")).await;
    let vouched = session.heard().await;
    place.peer.says(&format!("PRIVMSG {room} :by nick")).await;
    let claimed = session.heard().await;

    assert_eq!(vouched.sender.identity, Identity::Vouched(UserId::new(account.to_lowercase())));
    assert_eq!(claimed.sender.identity, Identity::Claimed(place.peer.nick.clone()));
}
