//! A real homeserver, as `tests/servers/matrix.sh` starts it, with people and rooms of one test's own.

use std::fs;

use fulmar_conformance::{Chat, Proxy, Session, real, unique};
use fulmar_contract::RoomId;
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    chat,
    peer::{PASSWORD, Peer},
};

/// A peer in rooms of its own, and a wire for the backend.
pub(crate) struct Place {
    pub(crate) server: String,
    pub(crate) proxy: Proxy,
    pub(crate) peer: Peer,
    /// Our name, without the server.
    pub(crate) user: String,
    pub(crate) store: TempDir,
    /// The alias of the room that we are to be in, and its id.
    pub(crate) room: String,
    pub(crate) room_id: String,
    /// The id of a room where only the peer is.
    pub(crate) other: String,
}

impl Place {
    /// A place of its own; `None` after saying so if there is no homeserver.
    pub(crate) async fn new() -> Option<Self> {
        let server = real("synapse", "FULMAR_TEST_SYNAPSE")?;
        let number = unique();
        let peer = Peer::register(&server, &format!("p{number}")).await;
        let user = format!("f{number}");
        Peer::register(&server, &user).await;
        let room_id = peer.makes_room(&format!("r{number}")).await;
        let other = peer.makes_room(&format!("o{number}")).await;
        let proxy = Proxy::to(server.trim_start_matches("http://").to_owned()).await;
        let store = tempfile::tempdir().unwrap();
        Some(Self { room: format!("#r{number}:localhost"), server, proxy, peer, user, store, room_id, other })
    }

    pub(crate) fn chat(&self) -> Chat {
        let chat = chat::on(self.proxy.port, self.store.path()).text("rooms", &self.room);
        chat.text("user", &self.user).text("password", PASSWORD)
    }

    /// Our whole name.
    pub(crate) fn us(&self) -> String {
        format!("@{}:localhost", self.user)
    }

    /// The room that we are to be in, as the backend calls it.
    pub(crate) fn name(&self) -> RoomId {
        RoomId::new(&self.room)
    }

    /// A file of the store.
    pub(crate) fn kept(&self, file: &str) -> Value {
        let content = fs::read(self.store.path().join(file)).unwrap_or_else(|_| b"null".into());
        serde_json::from_slice(&content).unwrap()
    }

    /// Ourselves, at another device.
    pub(crate) async fn ours(&self) -> Peer {
        Peer::login(&self.server, &self.user).await
    }

    pub(crate) async fn session(&self) -> Session {
        Session::in_room(&*self.chat().build(), &self.name()).await.0
    }
}
