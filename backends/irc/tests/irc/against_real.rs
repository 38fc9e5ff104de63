//! The laws and more against real servers, as `tests/servers/irc.sh` starts them.

use std::{
    env, process,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use fulmar_conformance::{Harness, Session, skip};
use fulmar_contract::{Backend, Identity, RoomId, Sender, Undelivered, UserId};

use crate::{
    chat::Chat,
    peer::{Peer, Way},
    proxy::Proxy,
};

/// A peer in a room of its own, and a wire for the backend.
struct Place {
    way: Way,
    login: Option<(String, String)>,
    proxy: Proxy,
    peer: Peer,
    nick: String,
    room: String,
    /// Where only the peer is.
    other: String,
}

impl Place {
    async fn on(way: Way, login: Option<(String, String)>) -> Self {
        let number = format!("{}x{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut peer = Peer::enter(&way, &format!("p{number}")).await;
        let [room, other] = ["r", "o"].map(|kind| format!("#{kind}{number}"));
        peer.joins(&room).await;
        peer.joins(&other).await;
        let proxy = Proxy::to(way.server.clone()).await;
        Self { way, login, proxy, peer, nick: format!("f{number}"), room, other }
    }

    fn chat(&self) -> Chat {
        let chat = Chat::on(self.proxy.port).text("nick", &self.nick).text("rooms", &self.room);
        let chat = match &self.way.ca {
            Some(ca) => chat.text("ca_cert", ca),
            None => chat.without_tls(),
        };
        let chat = match &self.way.password {
            Some(password) => chat.text("password", password),
            None => chat,
        };
        match &self.login {
            Some((account, password)) => chat.sasl(account, password),
            None => chat,
        }
    }

    fn chat_with_bad_login(&self) -> Chat {
        match &self.login {
            Some((account, _)) => self.chat().sasl(account, "wrong"),
            None => self.chat().text("password", "wrong"),
        }
    }

    async fn session(&self) -> (Session, RoomId) {
        let room = RoomId::new(&self.room);
        (Session::in_room(&*self.chat().build(), &room).await.0, room)
    }
}

/// ngircd: no TLS here, no echo-message, no SASL, a server password.
struct Ngircd(Place);

/// inspircd with anope: TLS, echo-message, SASL.
struct Inspircd(Place);

impl Ngircd {
    async fn place() -> Option<Place> {
        let (Ok(server), password) =
            (env::var("FULMAR_TEST_NGIRCD"), env::var("FULMAR_TEST_NGIRCD_PASSWORD").ok())
        else {
            skip("a real ngircd (FULMAR_TEST_NGIRCD)");
            return None;
        };
        Some(Place::on(Way { server, ca: None, password }, None).await)
    }
}

impl Inspircd {
    async fn place() -> Option<Place> {
        let Ok(server) = env::var("FULMAR_TEST_INSPIRCD") else {
            skip("a real inspircd (FULMAR_TEST_INSPIRCD)");
            return None;
        };
        let needed = |key: &str| env::var(key).unwrap_or_else(|_| panic!("{key} is not set"));
        let login = (needed("FULMAR_TEST_ACCOUNT"), needed("FULMAR_TEST_PASSWORD"));
        let way = Way { server, ca: Some(needed("FULMAR_TEST_CA")), password: None };
        Some(Place::on(way, Some(login)).await)
    }
}

macro_rules! harness {
    ($name:ident) => {
        #[async_trait]
        impl Harness for $name {
            async fn start() -> Option<Self> {
                Self::place().await.map(Self)
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

harness!(Ngircd);
harness!(Inspircd);

mod ngircd {
    fulmar_conformance::laws!(super::Ngircd);
}

mod inspircd {
    fulmar_conformance::laws!(super::Inspircd);
}

async fn places() -> Vec<Place> {
    [Ngircd::place().await, Inspircd::place().await].into_iter().flatten().collect()
}

#[tokio::test]
async fn rejoins_after_a_kick() {
    for mut place in places().await {
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
    for mut place in places().await {
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
    for place in places().await {
        let _thief = Peer::enter(&place.way, &place.nick).await;

        let me = Session::start(&*place.chat().build()).online().await;

        assert_eq!(me.name, format!("{}_", place.nick));
    }
}

#[tokio::test]
async fn a_keyed_room_is_joined_with_its_key() {
    for mut place in places().await {
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
    for mut place in places().await {
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
    for mut place in places().await {
        let (mut session, room) = place.session().await;
        place.peer.says(&format!("MODE {room} +m")).await;
        place.peer.until("silence", |line| line.contains("+m")).await;

        let refused = session.post(&room, "hello?").await;

        assert!(matches!(refused, Err(Undelivered::Refused { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn an_account_is_vouched_for_and_a_nick_is_not() {
    let Some(mut place) = Inspircd::place().await else { return };
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

static COUNT: AtomicU32 = AtomicU32::new(0);
