//! Real servers, as `tests/servers/irc.sh` starts them, with a peer of one test's own.

use std::env;

use fulmar_conformance::{Chat, Proxy, Session, real, told, unique};
use fulmar_contract::RoomId;

use crate::{
    chat::{self, Keys},
    peer::{Peer, Way},
};

/// A peer in a room of its own, and a wire for the backend.
pub(crate) struct Place {
    pub(crate) way: Way,
    pub(crate) login: Option<(String, String)>,
    pub(crate) proxy: Proxy,
    pub(crate) peer: Peer,
    pub(crate) nick: String,
    pub(crate) room: String,
    /// Where only the peer is.
    pub(crate) other: String,
}

impl Place {
    async fn on(way: Way, login: Option<(String, String)>) -> Self {
        let number = unique();
        let mut peer = Peer::enter(&way, &format!("p{number}")).await;
        let [room, other] = ["r", "o"].map(|kind| format!("#{kind}{number}"));
        peer.joins(&room).await;
        peer.joins(&other).await;
        let proxy = Proxy::to(way.server.clone()).await;
        Self { way, login, proxy, peer, nick: format!("f{number}"), room, other }
    }

    pub(crate) fn chat(&self) -> Chat {
        let chat = chat::on(self.proxy.port).text("nick", &self.nick).text("rooms", &self.room);
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

    pub(crate) fn chat_with_bad_login(&self) -> Chat {
        match &self.login {
            Some((account, _)) => self.chat().sasl(account, "wrong"),
            None => self.chat().text("password", "wrong"),
        }
    }

    pub(crate) async fn session(&self) -> (Session, RoomId) {
        let room = RoomId::new(&self.room);
        (Session::in_room(&*self.chat().build(), &room).await.0, room)
    }
}

/// On ngircd: no TLS here, no echo-message, a server password, no SASL but NickServ.
pub(crate) async fn ngircd() -> Option<Place> {
    let (server, password) = (real("ngircd", "FULMAR_TEST_NGIRCD")?, env::var("FULMAR_TEST_NGIRCD_PASSWORD").ok());
    Some(Place::on(Way { server, password, ..Way::default() }, None).await)
}

/// On inspircd with anope: TLS, echo-message, SASL.
pub(crate) async fn inspircd() -> Option<Place> {
    let server = real("inspircd", "FULMAR_TEST_INSPIRCD")?;
    let way = Way { server, ca: Some(told("FULMAR_TEST_CA")), ..Way::default() };
    Some(Place::on(way, Some(account())).await)
}

/// On each of them.
pub(crate) async fn both() -> Vec<Place> {
    [ngircd().await, inspircd().await].into_iter().flatten().collect()
}

/// The account that there is on both, and its password.
pub(crate) fn account() -> (String, String) {
    (told("FULMAR_TEST_ACCOUNT"), told("FULMAR_TEST_PASSWORD"))
}
