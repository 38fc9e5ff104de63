//! One process on IRC, Matrix, Telegram, XMPP and a terminal at once.

use serde_json::json;

use crate::{
    patience::story,
    storm,
    world::{Spot, World},
};

/// Hears the answer `word` where the command was given.
macro_rules! answered {
    ($world:ident, $($network:ident)+, $spot:expr, $word:expr) => {$(
        let said = $world.$network.hears(&$word(stringify!($network))).await;
        let spot = Spot { room: said.room.clone(), thread: said.thread.clone() };
        assert_eq!(spot, $world.$network.spots[$spot], "{said:?}");
    )+};
}

#[test]
fn every_result_returns_to_its_own_room_and_thread_on_every_network_at_once() {
    story(async || {
        let Some(mut world) = World::ready().await else { return };
        let (first, second) = (|name: &str| format!("{name}-first"), |name: &str| format!("{name}-second"));

        for (spot, word) in [(0, &first as &dyn Fn(&str) -> String), (1, &second)] {
            let quietly = |name| format!("!quietly {}", word(name));
            world.irc.says(spot, &quietly("irc")).await;
            world.matrix.says(spot, &quietly("matrix")).await;
            world.telegram.says(spot, &quietly("telegram")).await;
            world.xmpp.says(spot, &quietly("xmpp")).await;
            world.terminal.types(&quietly("terminal"));
        }

        answered!(world, irc matrix telegram xmpp, 0, first);
        answered!(world, xmpp telegram matrix irc, 1, second);
        for word in [first, second] {
            world.terminal.reads(&word("terminal")).await;
        }
        assert_eq!(world.rest().await, []);
    });
}

#[test]
fn two_stackstorms_serve_all_networks_and_each_runs_what_is_its_own() {
    story(async || {
        let Some(mut world) = World::ready().await else { return };

        world.irc.says(0, "!quietly one-irc").await;
        world.irc.says(1, "!quietly two-irc").await;
        world.matrix.says(0, "!quietly two-matrix").await;
        world.telegram.says(0, "!quietly one-telegram").await;
        world.telegram.says(1, "two!quietly two-telegram").await;
        world.xmpp.says(0, "two!quietly two-xmpp").await;
        world.xmpp.says(1, "!quietly one-xmpp").await;
        world.terminal.types("quietly one-terminal");
        world.terminal.types("two!quietly two-terminal");

        for word in ["one-irc", "two-irc"] {
            world.irc.hears(word).await;
        }
        world.matrix.hears("two-matrix").await;
        for word in ["one-telegram", "two-telegram"] {
            world.telegram.hears(word).await;
        }
        for word in ["two-xmpp", "one-xmpp"] {
            world.xmpp.hears(word).await;
        }
        for word in ["one-terminal", "two-terminal"] {
            world.terminal.reads(word).await;
        }
        assert_eq!(world.rest().await, []);
        assert_eq!(
            world.ran(),
            [
                vec!["one-irc", "one-telegram", "one-terminal", "one-xmpp"],
                vec!["two-irc", "two-matrix", "two-telegram", "two-terminal", "two-xmpp"]
            ]
        );
    });
}

/// Kills the server of one network while a result is owed there; meanwhile commands work on these others.
macro_rules! outlives {
    ($world:ident, $dead:ident, $($alive:ident)+) => {
        storm::inject(&$world.one, json!({"fault": "delay-results", "millis": 1_500}));
        storm::inject(&$world.two, json!({"fault": "delay-results", "millis": 1_500}));
        let (name, owed) = (stringify!($dead), concat!("owed-", stringify!($dead)));
        $world.$dead.says(1, &format!("!quietly {owed}")).await;
        $world.until_runs(owed).await;
        storm::inject(&$world.one, json!({"fault": "delay-results", "millis": 0}));
        storm::inject(&$world.two, json!({"fault": "delay-results", "millis": 0}));
        $world.$dead.dies().await;
        $(
            let word = format!("{}-without-{name}", stringify!($alive));
            $world.$alive.says(0, &format!("!quietly {word}")).await;
            $world.$alive.hears(&word).await;
        )+
        let down = $world.gateway.until("it is away", |status| status["chats"][name]["phase"] != "up").await;
        for alive in [$(stringify!($alive)),+] {
            assert_eq!(down["chats"][alive]["phase"], "up", "{alive} without {name}");
        }
        $world.$dead.returns(&$world.gateway).await;
        $world.until_up(name).await;
        $world.$dead.hears(owed).await;
        $world.$dead.says(0, &format!("!quietly {name}-again")).await;
        $world.$dead.hears(concat!(stringify!($dead), "-again")).await;
    };
}

#[test]
fn a_server_that_is_killed_disturbs_no_other_network_and_nothing_is_lost() {
    story(async || {
        let Some(mut world) = World::ready().await else { return };

        outlives!(world, irc, matrix telegram xmpp);
        outlives!(world, xmpp, irc matrix telegram);
        outlives!(world, telegram, irc matrix xmpp);
        outlives!(world, matrix, irc telegram xmpp);

        assert_eq!(world.rest().await, []);
        let status = world.gateway.status().await;
        assert_eq!(status["journal"]["dead"], 0, "{status:#}");
    });
}

#[test]
fn people_of_the_same_name_on_two_networks_are_two_people() {
    story(async || {
        let Some(mut world) = World::ready().await else { return };

        world.irc.says(0, "!wait 60").await;
        world.until_waits().await;
        let id = world.one.executions()[0]["id"].as_str().unwrap().to_owned();
        world.xmpp.says(0, "!cancel").await;
        world.xmpp.hears("Nothing of yours runs here.").await;
        world.xmpp.says(0, &format!("!cancel {id}")).await;
        world.xmpp.hears("No execution that I know of here").await;
        world.xmpp.says(0, "!whoami").await;
        world.xmpp.hears("joe@localhost, vouched for").await;
        world.irc.says(0, "!status of web1").await;
        world.irc.hears("Choose one with its number").await;
        world.xmpp.says(0, "!1").await;
        world.xmpp.hears("There is no command like \"1\"").await;
        world.irc.says(0, "!cancel").await;
        world.irc.hears("Cancelling").await;
    });
}

impl World {
    /// Waits until a command runs that says this.
    async fn until_runs(&self, word: &str) {
        let seen = async || {
            if self.ran().concat().iter().any(|it| it == word) { Ok(()) } else { Err(format!("{:?}", self.ran())) }
        };
        crate::patience::eventually(word, seen).await;
    }

    async fn until_waits(&self) {
        let is_it = |it: &serde_json::Value| it["action"]["ref"] == "demo.wait" && it["status"] == "running";
        let seen = async || if self.one.executions().iter().any(is_it) { Ok(()) } else { Err("nothing".into()) };
        crate::patience::eventually("a command that waits", seen).await;
    }
}
