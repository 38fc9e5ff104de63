//! A real server, as `tests/servers/xmpp.sh` starts it, with a peer of one test's own.

use fulmar_conformance::{Chat, Proxy, Session, real, told, unique};
use fulmar_contract::RoomId;
use fulmar_xmpp::KIND;

use crate::peer::{Peer, Way};

/// A peer in a room of its own, and a wire for the backend.
pub(crate) struct Place {
    pub(crate) way: Way,
    pub(crate) proxy: Proxy,
    pub(crate) peer: Peer,
    /// The backend's account, and its password.
    pub(crate) account: String,
    pub(crate) room: String,
    /// Where only the peer is.
    pub(crate) other: String,
}

impl Place {
    pub(crate) async fn on(way: Way) -> Self {
        let number = unique();
        let account = format!("f{number}");
        Peer::register(&way, &account).await;
        let mut peer = Peer::enter(&way, &format!("p{number}")).await;
        let [room, other] = ["r", "o"].map(|kind| format!("{kind}{number}@conference.localhost"));
        peer.joins(&room, "peer").await;
        peer.joins(&other, "peer").await;
        let proxy = Proxy::to(way.server.clone()).await;
        Self { way, proxy, peer, account, room, other }
    }

    pub(crate) fn chat(&self) -> Chat {
        Chat::of(KIND)
            .text("jid", &format!("{}@localhost", self.account))
            .text("password", &self.account)
            .text("server", &format!("localhost:{}", self.proxy.port))
            .text("ca_cert", &self.way.ca)
            .text("rooms", &self.room)
            .with("upload", true)
    }

    /// A session that is in the room.
    pub(crate) async fn session(&self) -> (Session, RoomId) {
        let room = RoomId::new(&self.room);
        (Session::in_room(&*self.chat().build(), &room).await.0, room)
    }
}

/// On prosody.
pub(crate) async fn prosody() -> Option<Place> {
    Some(Place::on(way()?).await)
}

pub(crate) fn way() -> Option<Way> {
    let server = real("prosody", "FULMAR_TEST_PROSODY")?;
    Some(Way { server, direct: told("FULMAR_TEST_PROSODY_DIRECT"), ca: told("FULMAR_TEST_PROSODY_CA") })
}
