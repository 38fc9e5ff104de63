//! A real server, as `tests/servers/xmpp.sh` starts it, with a peer of one test's own.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
};

use fulmar_conformance::{Session, skip};
use fulmar_contract::{RoomId, Value};

use crate::{
    chat::Chat,
    peer::{Peer, Way},
    proxy::Proxy,
};

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
        let number = format!("{}x{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
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
        Chat::default()
            .text("jid", &format!("{}@localhost", self.account))
            .text("password", &self.account)
            .text("server", &format!("localhost:{}", self.proxy.port))
            .text("ca_cert", &self.way.ca)
            .text("rooms", &self.room)
            .with("upload", Value::Bool(true))
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
    let Ok(server) = env::var("FULMAR_TEST_PROSODY") else {
        skip("a real prosody (FULMAR_TEST_PROSODY)");
        return None;
    };
    Some(Way { server, direct: needed("FULMAR_TEST_PROSODY_DIRECT"), ca: needed("FULMAR_TEST_PROSODY_CA") })
}

fn needed(key: &str) -> String {
    env::var(key).unwrap_or_else(|_| panic!("{key} is not set"))
}

static COUNT: AtomicU32 = AtomicU32::new(0);
