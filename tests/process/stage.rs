//! Where the stories are played.

use fulmar::sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    peer::Peer,
    program::Gateway,
    server::{Inspircd, Ngircd, unique},
    storm,
};

/// A gateway on inspircd in two rooms, a StackStorm with the demo's aliases and a thousand others, and a person with an
/// account in both rooms.
pub(crate) struct Fleet {
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: Gateway,
    pub(crate) peer: Peer,
    pub(crate) server: Inspircd,
    pub(crate) nick: String,
    pub(crate) ops: String,
    pub(crate) dev: String,
    _packs: TempDir,
}

impl Fleet {
    /// All of it ready, if there is an inspircd.
    pub(crate) async fn ready() -> Option<Self> {
        let server = Inspircd::find()?;
        let packs = storm::fleet();
        let folders = vec![storm::demo(), packs.path().to_owned()];
        let sandbox = Sandbox::start(SandboxConfig { packs: folders, ..storm::settings() }).unwrap();
        let (nick, ops, dev) = (unique("f"), unique("#ops"), unique("#dev"));
        let mut peer = server.known_peer().await;
        peer.joins(&ops).await;
        peer.joins(&dev).await;
        let chat = server.chat("irc", &nick, &[&ops, &dev]);
        let gateway = Gateway::start(&storm::config(&sandbox.url(), &[chat])).await;
        gateway.until_ready().await;
        Some(Self { sandbox, gateway, peer, server, nick, ops, dev, _packs: packs })
    }
}

/// A gateway called `fulmar` in `#ops` on an ngircd of its own, a StackStorm with the demo's aliases, and a person.
pub(crate) struct Small {
    pub(crate) sandbox: Sandbox,
    pub(crate) gateway: Gateway,
    pub(crate) peer: Peer,
    pub(crate) server: Ngircd,
}

impl Small {
    /// All of it ready, if there is an ngircd.
    pub(crate) async fn ready() -> Option<Self> {
        Self::configured(|config| config).await
    }

    /// As [`Small::ready`], with a configuration changed by `change`.
    pub(crate) async fn configured(change: impl FnOnce(String) -> String) -> Option<Self> {
        let server = Ngircd::start().await?;
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let mut peer = server.peer().await;
        peer.joins(ROOM).await;
        let config = change(storm::config(&sandbox.url(), &[server.chat("irc", NICK, &[ROOM])]));
        let gateway = Gateway::start(&config).await;
        gateway.until_ready().await;
        Some(Self { sandbox, gateway, peer, server })
    }

    /// Lets something go wrong in StackStorm.
    pub(crate) fn inject(&self, fault: Value) {
        storm::inject(&self.sandbox, fault);
    }

    /// Runs a command that only its result answers.
    pub(crate) async fn works(&mut self, word: &str) {
        self.peer.says(ROOM, &format!("!quietly {word}")).await;
        assert_eq!(self.peer.hears(ROOM).await, word);
    }

    /// Starts the server again. The person is there before the gateway is, to hear all that it says.
    pub(crate) async fn server_returns(&mut self) {
        self.gateway.signal("STOP");
        self.server.start_again().await;
        self.peer = self.server.peer().await;
        self.peer.joins(ROOM).await;
        self.gateway.signal("CONT");
    }

    /// Starts a command whose result comes so much later, and hears its ack with what is attached to that.
    pub(crate) async fn begins_deploy(&mut self, millis: u64) {
        self.inject(json!({"fault": "delay-results", "millis": millis}));
        self.peer.says(ROOM, "!deploy web").await;
        self.peer.hears_of(ROOM, "Deploying web.").await;
        self.peer.hears_of(ROOM, "demo.deploy").await;
    }
}

/// The status of a child within the status of all.
pub(crate) fn child<'a>(status: &'a Value, name: &str) -> &'a Value {
    let children = status["children"].as_array().unwrap();
    children.iter().find(|child| child["name"] == name).unwrap_or_else(|| panic!("no child {name}"))
}

pub(crate) const NICK: &str = "fulmar";
pub(crate) const ROOM: &str = "#ops";
