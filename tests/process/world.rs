//! All networks at once: a real server of each, a gateway in two rooms of each, and somebody in both.

use std::env;

use fulmar::sandbox::Sandbox;
use fulmar_botapi::{BotApi, OPS, TOPIC};
use fulmar_conformance::skip;
use fulmar_networks::{Client, Inspircd, Prosody, Said, Server, Synapse, Telegram};

use crate::{
    patience::within,
    program::{Gateway, Terminal},
    storm,
};

/// A gateway on four networks and at a terminal, with two StackStorms.
pub(crate) struct World {
    pub(crate) gateway: Gateway,
    pub(crate) terminal: Terminal,
    pub(crate) irc: Place<Inspircd>,
    pub(crate) matrix: Place<Synapse>,
    pub(crate) telegram: Place<Telegram>,
    pub(crate) xmpp: Place<Prosody>,
    pub(crate) one: Sandbox,
    pub(crate) two: Sandbox,
    _api: BotApi,
}

/// A network: its server, its rooms, and somebody called joe who is in them.
pub(crate) struct Place<S> {
    pub(crate) server: S,
    pub(crate) spots: [Spot; 2],
    rooms: Vec<String>,
    name: String,
    pub(crate) joe: Client,
}

/// Where somebody writes: a room, or a thread of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) room: String,
    pub(crate) thread: Option<String>,
}

impl<S: Server> Place<S> {
    async fn new(server: S, name: &str, rooms: &[&str]) -> Self {
        let joe = server.person(name, rooms).await.unwrap();
        let spot = |room: &&str| Spot { room: (*room).to_owned(), thread: None };
        let spots = [spot(&rooms[0]), spot(rooms.last().unwrap())];
        let rooms = rooms.iter().map(|room| (*room).to_owned()).collect();
        Self { server, spots, rooms, name: name.to_owned(), joe }
    }

    fn chat(&self, lines: &str) -> String {
        let rooms: Vec<&str> = self.rooms.iter().map(String::as_str).collect();
        let kind = S::KIND;
        format!("\n[chats.{kind}]\nkind = \"{kind}\"\n{lines}\n{}", self.server.keys("fulmar", &rooms))
    }

    /// Joe writes in the first or the second spot.
    pub(crate) async fn says(&self, spot: usize, text: &str) {
        let Spot { room, thread } = &self.spots[spot];
        self.joe.say(room, thread.as_deref(), text).await.unwrap();
    }

    /// What joe hears of this.
    pub(crate) async fn hears(&mut self, what: &str) -> Said {
        let kind = S::KIND;
        self.joe.hear_of(what).await.unwrap_or_else(|error| panic!("{kind}: {error}"))
    }

    /// The server is killed, and so is whatever joe had of it.
    pub(crate) async fn dies(&mut self) {
        self.server.kill().await.unwrap();
    }

    /// The server is there again, and joe before the gateway.
    pub(crate) async fn returns(&mut self, gateway: &Gateway) {
        gateway.signal("STOP");
        self.server.start_again().await.unwrap();
        let rooms: Vec<&str> = self.rooms.iter().map(String::as_str).collect();
        self.joe = self.server.person(&self.name, &rooms).await.unwrap();
        gateway.signal("CONT");
    }
}

impl World {
    /// All of it ready, if there is every server. Of the second StackStorm are the second rooms of IRC, the whole of Matrix,
    /// and what begins with `two!`.
    pub(crate) async fn ready() -> Option<Self> {
        if env::var("FULMAR_TEST_SYNAPSE").is_err() {
            skip("all networks at once: a real synapse (FULMAR_TEST_SYNAPSE)");
            return None;
        }
        let (Some(irc), Some(xmpp)) = (Inspircd::start().await.unwrap(), Prosody::start().await.unwrap()) else {
            skip("all networks at once: the programs inspircd and prosody");
            return None;
        };
        let irc = Place::new(irc, "joe", &["#ops", "#dev"]).await;
        let (ops, dev) = (Prosody::room("ops"), Prosody::room("dev"));
        let mut xmpp = Place::new(xmpp, "joe", &[&ops, &dev]).await;
        xmpp.spots[1].thread = Some("t1".into());
        let matrix = Synapse::start().await.unwrap();
        matrix.register("fulmar").await.unwrap();
        let [ops, dev] = [("ops",), ("dev",)].map(|(name,)| matrix.make_room("joe", name));
        let (ops, dev) = (ops.await.unwrap(), dev.await.unwrap());
        let mut matrix = Place::new(matrix, "joe", &[&ops, &dev]).await;
        matrix.spots[1].thread = Some(matrix.joe.say(&dev, None, "a thread begins").await.unwrap());
        let api = BotApi::start().await;
        let telegram = Telegram::at(&api.url(), &api.token()).unwrap();
        let mut telegram = Place::new(telegram, "1001", &[&OPS.to_string()]).await;
        telegram.spots[1].thread = Some(TOPIC.to_string());
        let [one, two] = [(), ()].map(|()| Sandbox::start(storm::settings()).unwrap());
        let chats = [
            irc.chat("stackstorms = { \"#dev\" = \"two\" }"),
            matrix.chat("stackstorm = \"two\""),
            telegram.chat(""),
            xmpp.chat(""),
            "\n[chats.terminal]\nkind = \"terminal\"\n".into(),
        ];
        let second = storm::stackstorm("two", &two.url(), "bot_prefix = [\"two!\"]");
        let config = format!("{}{second}", storm::config(&one.url(), &chats));
        let (gateway, terminal) = Gateway::start_at_terminal(&config).await;
        let world = Self { gateway, terminal, irc, matrix, telegram, xmpp, one, two, _api: api };
        for kind in ["irc", "matrix", "telegram", "xmpp", "terminal"] {
            world.until_up(kind).await;
        }
        within("both StackStorms", world.until_open()).await;
        Some(world)
    }

    /// Waits until a chat is up and in all its rooms.
    pub(crate) async fn until_up(&self, kind: &str) {
        let is_up = |status: &serde_json::Value| {
            let chat = &status["chats"][kind];
            chat["phase"] == "up"
                && chat["rooms"].as_array().is_some_and(|it| !it.is_empty())
                && chat["missing"] == serde_json::json!({})
        };
        self.gateway.until(&format!("{kind} is up"), is_up).await;
    }

    async fn until_open(&self) {
        let is_open = |status: &serde_json::Value| {
            let storm = |name: &str| &status["stackstorm"][name];
            let open = |name: &str| storm(name)["stream"]["phase"] == "open" && storm(name)["aliases"].is_u64();
            open("default") && open("two")
        };
        self.gateway.until("both StackStorms are there", is_open).await;
    }

    /// What was run, in order, by each StackStorm: the messages of `!quietly`.
    pub(crate) fn ran(&self) -> [Vec<String>; 2] {
        [&self.one, &self.two].map(|sandbox| {
            let executions = sandbox.executions();
            let messages =
                executions.iter().filter_map(|it| it["parameters"]["message"].as_str().map(str::to_owned));
            let mut messages: Vec<String> = messages.collect();
            messages.sort();
            messages
        })
    }

    /// What joe heard besides, on all networks.
    pub(crate) async fn rest(&mut self) -> Vec<Said> {
        self.gateway
            .until("all is said", |status| status["journal"]["open"] == 0 && status["journal"]["pending"] == 0)
            .await;
        let clients = [&mut self.irc.joe, &mut self.matrix.joe, &mut self.telegram.joe, &mut self.xmpp.joe];
        clients.into_iter().flat_map(Client::rest).collect()
    }
}
