//! Several StackStorms: which one a command goes to, and that nothing of one is taken for another's.

use std::{sync::Arc, time::Duration};

use fulmar::{
    config::Config,
    journal::{Case, Command, CommandId, CommandState, Entry, Results, Route},
    sandbox::Sandbox,
};
use fulmar_contract::{Identity, Mention, MessageId, RoomId};
use fulmar_memory::{Memory, Network};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::timeout;
use uuid::Uuid;

use crate::{
    disk::Disk,
    stage::{AS_USER, PATIENCE, Stage, sandbox, story},
};

/// The StackStorms `default` and `two`. Commands in the room `dev` of the chat `mem`, and in the chat `far`, go to `two`.
struct Pair {
    stage: Stage,
    two: Sandbox,
    far: Network,
}

impl Pair {
    async fn ready() -> Self {
        let two = Sandbox::start(sandbox()).unwrap();
        let url = two.url();
        Self::at(&Disk::default(), two, &url).await
    }

    /// Both, where `second` is the second one for the gateway.
    async fn at(disk: &Disk, two: Sandbox, second: &str) -> Self {
        let (one, network, far) =
            (Sandbox::start(sandbox()).unwrap(), Network::new(["ops", "dev"]), Network::new(["ops"]));
        let config = configured(&one.url(), second, &network, &far);
        let pair = Self { stage: Stage::kept(disk, one, network, &config), two, far };
        for (name, url) in [("default", pair.stage.sandbox.url()), ("two", pair.two.url())] {
            alias(&url, "who", &json!({"format": format!("{name} answers")})).await;
        }
        pair.stage.post("/aliases/refresh").await;
        pair.stage.until_ready().await;
        pair.stage
            .until("all are there", |status| {
                let up = |name| status["chats"][name]["phase"] == "up";
                let open = |name| status["stackstorm"][name]["stream"]["phase"] == "open";
                up("mem") && up("far") && open("default") && open("two")
            })
            .await;
        pair
    }

    /// Joe writes `text` in a room of `mem`.
    async fn says(&self, room: &str, text: &str) {
        assert!(self.stage.network.say(room, "joe", text).await, "nobody is there to hear {text:?}");
    }

    async fn hears(&self, room: &str) -> String {
        hears(&self.stage.network, room).await
    }

    /// How many executions were made in each.
    fn made(&self) -> (u64, u64) {
        (self.stage.sandbox.made(), self.two.made())
    }

    async fn ends(self) {
        self.stage.ends().await;
        self.two.stop().await;
    }
}

async fn hears(network: &Network, room: &str) -> String {
    let heard = timeout(PATIENCE, network.hear(&RoomId::new(room))).await;
    heard.unwrap_or_else(|_| panic!("nothing more was said in {room}, after {:#?}", network.posts()))
}

fn configured(first: &str, second: &str, network: &Network, far: &Network) -> Config {
    let storm = |name: &str, url: &str, lines: &str| {
        format!(
            r#"
            [stackstorm.{name}]
            auth_url = "{url}/auth"
            api_url = "{url}/api"
            stream_url = "{url}/stream"
            api_auth = {AS_USER}
            {lines}
            "#
        )
    };
    let text = format!(
        r#"
        [gateway]
        state = "memory"
        mention = "never"
        admins = ["mem/root"]
        [admin]
        listen = "127.0.0.1:0"
        {}{}
        [chats.mem]
        kind = "memory"
        stackstorms = {{ dev = "two" }}
        [chats.far]
        kind = "memory"
        stackstorm = "two"
        "#,
        storm("default", first, "bot_prefix = [\"one!\"]\ndefault_chat = \"mem\""),
        storm("two", second, "bot_prefix = [\"two!\"]"),
    );
    let mut config = Config::parse(&text, "test.toml", &|_| None).unwrap();
    for chat in &mut config.chats {
        let network = if chat.name == "mem" { network } else { far };
        chat.backend = Arc::new(Memory::new(network.clone()));
    }
    config
}

/// Makes `NAME x` run there and answer as `result` says, without an ack.
async fn alias(url: &str, name: &str, result: &Value) {
    let alias = json!({
        "name": name, "pack": "demo", "action_ref": "demo.echo", "formats": [format!("{name} {{{{ message=x }}}}")],
        "description": name, "ack": {"enabled": false}, "result": result,
    });
    let made = awc::Client::default().post(format!("{url}/api/v1/actionalias"));
    let made = made.insert_header(("St2-Api-Key", "s3cret-key")).send_json(&alias).await;
    assert_eq!(made.unwrap().status(), 201);
}

#[test]
fn the_prefix_goes_before_the_room_and_the_room_before_the_chat() {
    story(async || {
        let pair = Pair::ready().await;

        for (room, text, answer) in [
            ("ops", "!who", "default answers"),
            ("dev", "!who", "two answers"),
            ("ops", "two!who", "two answers"),
            ("dev", "one!who", "default answers"),
            ("ops", "fulmar: two!st2 who", "two answers"),
        ] {
            pair.says(room, text).await;
            assert_eq!(pair.hears(room).await, answer, "{text} in {room}");
        }
        pair.far.say("ops", "joe", "!who").await;
        assert_eq!(hears(&pair.far, "ops").await, "two answers");
        assert_eq!(pair.made(), (2, 4));
        pair.ends().await;
    });
}

#[test]
fn what_is_said_of_commands_is_of_the_stackstorm_that_is_asked_and_leads_back_to_it() {
    story(async || {
        let pair = Pair::ready().await;
        alias(&pair.two.url(), "only_here", &json!({})).await;
        pair.stage.post("/aliases/refresh").await;

        pair.says("ops", "!help only_here").await;
        let none = pair.hears("ops").await;
        pair.says("ops", "two!help only_here").await;
        let some = pair.hears("ops").await;
        pair.says("ops", "two!only_hear x").await;
        let suggested = pair.hears("ops").await;
        pair.says("ops", "two!help --limit 1").await;
        let help = pair.hears("ops").await;
        pair.says("dev", "!status").await;
        let status = pair.hears("dev").await;

        assert_eq!(none, "StackStorm default\nno such command");
        assert!(some.starts_with("StackStorm two\ndemo\n  only_here"), "{some}");
        assert!(suggested.contains("- two!only_here"), "{suggested}");
        assert!(help.contains("; more: two!help --limit 1 --offset 1"), "{help}");
        assert!(help.ends_with("\nOther StackStorms: default (!help)"), "{help}");
        assert!(status.contains("StackStorm two (here): ") && status.contains("default (one!): "), "{status}");
        pair.ends().await;
    });
}

#[test]
fn a_choice_belongs_to_the_stackstorm_that_offered_it() {
    story(async || {
        let pair = Pair::ready().await;

        pair.says("ops", "two!status of web1").await;
        let choice = pair.hears("ops").await;
        pair.says("ops", "!1").await;
        let elsewhere = pair.hears("ops").await;
        pair.says("ops", "two!1").await;
        pair.hears("ops").await;

        assert!(choice.contains("- two!1  "), "{choice}");
        assert!(elsewhere.starts_with("There is no command like \"1\""), "{elsewhere}");
        pair.stage.until("it is told", |status| status["journal"]["open"] == 0).await;
        assert_eq!(pair.made(), (0, 1));
        pair.ends().await;
    });
}

#[test]
fn executions_are_asked_for_and_repeated_where_they_ran() {
    story(async || {
        let pair = Pair::ready().await;
        for text in ["!who", "two!who"] {
            pair.says("ops", text).await;
            pair.hears("ops").await;
        }
        let id = pair.two.executions()[0]["id"].as_str().unwrap().to_owned();

        pair.says("ops", "!executions").await;
        let all = pair.hears("ops").await;
        pair.says("ops", "two!executions").await;
        let its = pair.hears("ops").await;
        pair.says("ops", &format!("!rerun {id}")).await;

        assert_eq!(pair.hears("ops").await, "two answers");
        assert!(all.lines().count() == 4 && all.contains("  who  (joe)  succeeded after "), "{all}");
        assert!(all.lines().any(|line| line.contains(&id[18..]) && line.ends_with("  on two")), "{all}");
        assert!(its.lines().count() == 3 && its.contains(&id[18..]) && !its.contains("  on two"), "{its}");
        assert_eq!(pair.made(), (1, 2));
        pair.ends().await;
    });
}

#[test]
fn two_names_of_one_stackstorm_with_all_ids_equal_tell_each_result_once() {
    story(async || {
        let shared = Sandbox::start(sandbox()).unwrap();
        let (network, far) = (Network::new(["ops", "dev"]), Network::new(["ops"]));
        let config = configured(&shared.url(), &shared.url(), &network, &far);
        let stage = Stage::of(shared, network, &config);
        stage.until_ready().await;
        let open = |status: &Value| {
            ["default", "two"].iter().all(|name| status["stackstorm"][name]["stream"]["phase"] == "open")
        };
        stage.until("both streams are open", open).await;

        for text in ["!quietly 1", "two!quietly 2", "!quietly 3"] {
            stage.says(text).await;
        }
        let mut heard = [stage.hears().await, stage.hears().await, stage.hears().await];
        heard.sort();
        stage.says("!executions").await;
        let executions = stage.hears().await;

        assert_eq!(heard, ["1", "2", "3"]);
        assert_eq!(executions.lines().filter(|line| line.ends_with("  on two")).count(), 1, "{executions}");
        assert_eq!(stage.network.posts().len(), 4);
        stage.ends().await;
    });
}

#[test]
fn each_announcement_goes_to_a_room_of_its_own_stackstorm() {
    story(async || {
        let pair = Pair::ready().await;
        let emit = |sandbox: &Sandbox, channel: &str, message: &str| {
            let data = json!({"payload": {"channel": channel, "message": message}});
            let fault = json!({"fault": "emit", "event": "st2.announcement__errbot", "data": data});
            sandbox.inject(serde_json::from_value(fault).unwrap());
        };

        emit(&pair.two, "ops", "of two");
        assert_eq!(hears(&pair.far, "ops").await, "of two");
        emit(&pair.two, "dev", "of two");
        assert_eq!(pair.hears("dev").await, "of two");
        emit(&pair.stage.sandbox, "ops", "of default");
        assert_eq!(pair.hears("ops").await, "of default");
        emit(&pair.two, "mem/ops", "where it says");
        assert_eq!(pair.hears("ops").await, "where it says");
        pair.ends().await;
    });
}

#[test]
fn a_command_goes_on_after_a_restart_where_it_was_given() {
    story(async || {
        let id = CommandId(Uuid::from_u128(7));
        let command = Command {
            id,
            message: MessageId::new("earlier"),
            stackstorm: "two".into(),
            route: Route { chat: "mem".into(), room: RoomId::new("ops"), thread: None },
            direct: None,
            author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
            text: "quietly late".into(),
            alias: "demo.quiet".into(),
            results: Results::Direct,
        };
        let at = Timestamp::now().checked_sub(Duration::from_secs(1)).unwrap();
        let entries = [Entry::Received(command), Entry::Advanced(id, CommandState::Authorised)];
        let disk = Disk::holding(&Case::Command(id), entries.map(|entry| (at, entry)));
        let two = Sandbox::start(sandbox()).unwrap();
        let url = two.url();

        let pair = Pair::at(&disk, two, &url).await;

        assert_eq!(pair.hears("ops").await, "late");
        assert_eq!(pair.made(), (0, 1));
        pair.ends().await;
    });
}

#[test]
fn the_status_says_where_commands_go() {
    story(async || {
        let pair = Pair::ready().await;

        let status = pair.stage.status().await;

        assert_eq!(status["chats"]["mem"]["stackstorm"], "default");
        assert_eq!(status["chats"]["mem"]["stackstorms"], json!({"dev": "two"}));
        assert_eq!(status["chats"]["far"]["stackstorm"], "two");
        pair.ends().await;
    });
}
