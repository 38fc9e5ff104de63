//! Where announcements go.

use std::sync::Arc;

use fulmar::{config::Config, sandbox::Sandbox};
use fulmar_memory::{Memory, Network};
use serde_json::json;

use super::{ANNOUNCED, DIRECT, custom_rule, ruled};
use crate::stage::{AS_USER, Stage, config, story};

/// A stage with two chats: `one` in the room `ops`, `two` in `ops` and `dev`.
struct Two {
    stage: Stage,
    two: Network,
}

impl Two {
    async fn ready(lines: &str) -> Self {
        let (one, two) = (Network::new(["ops"]), Network::new(["ops", "dev"]));
        let stage = Self::of(Sandbox::start(ruled(&[])).unwrap(), one, two.clone(), lines);
        stage.until_ready().await;
        stage.until("both are there", |status| status["chats"]["two"]["rooms"] == json!(["dev", "ops"])).await;
        Self { stage, two }
    }

    fn of(sandbox: Sandbox, one: Network, two: Network, lines: &str) -> Stage {
        let url = sandbox.url();
        let text = format!(
            r#"
            [gateway]
            state = "memory"
            [admin]
            listen = "127.0.0.1:0"
            [stackstorm.default]
            auth_url = "{url}/auth"
            api_url = "{url}/api"
            stream_url = "{url}/stream"
            api_auth = {AS_USER}
            {lines}
            [chats.one]
            kind = "memory"
            [chats.two]
            kind = "memory"
            "#
        );
        let mut config = Config::parse(&text, "test.toml", &|_| None).unwrap();
        config.chats[0].backend = Arc::new(Memory::new(one.clone()));
        config.chats[1].backend = Arc::new(Memory::new(two));
        Stage::of(sandbox, one, &config)
    }

    fn announces(&self, channel: &str, message: &str) {
        self.stage.emits(&json!({"channel": channel, "message": message, "user": "joe"}));
    }

    /// The rooms of each chat in which `message` was said.
    async fn said(&self, message: &str, count: usize) -> Vec<String> {
        self.stage.counts("said", count).await;
        self.stage.until_idle().await;
        let posts = [("one", &self.stage.network), ("two", &self.two)];
        let posts = posts.map(|(chat, network)| network.posts().into_iter().map(move |post| (chat, post)));
        let posts = posts.into_iter().flatten().filter(|(_, post)| post.text == message);
        posts.map(|(chat, post)| format!("{chat}/{}", post.room)).collect()
    }
}

#[test]
fn an_announcement_goes_where_its_channel_says_or_to_the_one_chat_that_is_there() {
    story(async || {
        let it = Two::ready("").await;

        it.announces("two/ops", "named");
        it.announces("dev", "only there");

        assert_eq!(it.said("named", 2).await, ["two/ops"]);
        assert_eq!(it.said("only there", 2).await, ["two/dev"]);
        it.stage.ends().await;
    });
}

#[test]
fn where_no_or_several_chats_are_there_the_default_one_is_taken_or_the_letter_is_dead() {
    story(async || {
        let (with, without) = (Two::ready("default_chat = \"one\"").await, Two::ready("").await);

        with.announces("ops", "both");
        for (channel, message) in [("ops", "both"), ("nowhere", "none"), ("three/ops", "unknown")] {
            without.announces(channel, message);
        }
        without.stage.counts("nowhere", 3).await;

        assert_eq!(with.said("both", 1).await, ["one/ops"]);
        without.stage.until("they are dead letters", |status| status["journal"]["dead"] == 3).await;
        // They can only be read, and dropped.
        assert_eq!(without.stage.post("/queue/retry").await.1, r#"{"handled":0}"#);
        assert!(without.stage.texts().is_empty() && without.two.posts().is_empty());
        with.stage.ends().await;
        without.stage.ends().await;
    });
}

#[test]
fn a_chat_that_is_away_is_still_in_its_rooms() {
    story(async || {
        let it = Two::ready("").await;
        it.announces("dev", "before");
        assert_eq!(it.said("before", 1).await, ["two/dev"]);

        it.two.refuse_logins(true);
        it.two.sever();
        it.stage.until("it is away", |status| status["chats"]["two"]["phase"] != "up").await;
        it.announces("dev", "meanwhile");
        it.stage.counts("said", 2).await;
        it.two.refuse_logins(false);
        it.stage.post("/chats/two/restart").await;

        assert_eq!(it.said("meanwhile", 2).await, ["two/dev"]);
        it.stage.ends().await;
    });
}

#[test]
fn a_whispered_answer_goes_to_the_author_alone() {
    story(async || {
        let mut whisper = custom_rule("whisper");
        whisper["action"]["ref"] = "chatops.post_message".into();
        whisper["action"]["parameters"] = json!({
            "channel": "{{trigger.data.source_channel}}", "message": "psst", "whisper": true, "route": "errbot",
            "context": "{{trigger.data.source_context}}",
        });
        let stage = Stage::with(ruled(&[whisper]), ANNOUNCED).await;
        stage.inject(json!({"fault": "skip-rules", "times": 1}));

        stage.says("!quietly loud").await;
        stage.counts("result", 1).await;
        stage.until_idle().await;

        let posts = stage.network.posts();
        assert!(posts.len() == 1 && posts[0].text == "psst" && posts[0].room != stage.room(), "{posts:?}");
        stage.ends().await;
    });
}

#[test]
fn an_announced_result_stays_in_the_thread_of_its_command() {
    story(async || {
        for default_chat in ["", "default_chat = \"mem\""] {
            let stage = Stage::with(ruled(&[]), &format!("{ANNOUNCED}\n{default_chat}")).await;

            stage.network.say_in_thread("ops", "t1", "joe", "!quietly x").await;
            stage.hears_of("x").await;
            stage.counts("result", 1).await;

            assert_eq!(stage.network.posts()[0].thread.as_ref().unwrap().as_str(), "t1");
            stage.ends().await;
        }
    });
}

#[test]
fn a_command_in_private_is_answered_in_private() {
    story(async || {
        let stage = Stage::announced().await;

        stage.network.whisper("joe", "quietly psst").await;
        stage.counts("result", 1).await;
        stage.until_idle().await;

        let posts = stage.network.posts();
        assert!(posts.len() == 1 && posts[0].text.trim() == "psst" && posts[0].room != stage.room(), "{posts:?}");
        stage.ends().await;
    });
}

#[test]
fn an_announcement_elsewhere_is_no_repetition() {
    story(async || {
        let mut audit = custom_rule("audit");
        audit["action"]["parameters"]["channel"] = "mem/audit".into();
        for results in [ANNOUNCED, DIRECT] {
            let sandbox = Sandbox::start(ruled(std::slice::from_ref(&audit))).unwrap();
            let network = Network::new(["ops", "audit"]);
            let config = config(&sandbox.url(), &format!("{AS_USER}\n{results}"), &network);
            let stage = Stage::of(sandbox, network, &config);
            stage.until_ready().await;

            stage.says("!quietly a").await;
            stage.counts("said", 1).await;
            assert_eq!(stage.hears().await, "a");
            stage.until_idle().await;

            let mut rooms: Vec<_> = stage.network.posts().into_iter().map(|post| post.room.to_string()).collect();
            rooms.sort();
            assert_eq!(rooms, ["audit", "ops"], "{results}");
            stage.ends().await;
        }
    });
}

#[test]
fn a_chat_that_has_not_been_online_yet_may_be_there() {
    story(async || {
        let sandbox = Sandbox::start(ruled(&[])).unwrap();
        let (one, two) = (Network::new(["ops"]), Network::new(["dev"]));
        two.refuse_logins(true);
        let it = Two { stage: Two::of(sandbox, one, two.clone(), ""), two };
        it.stage.until_ready().await;

        it.announces("dev", "early");
        it.stage.counts("said", 1).await;
        it.stage.until("it has parked", |status| status["chats"]["two"]["phase"] == "parked").await;
        it.two.refuse_logins(false);
        it.stage.post("/chats/two/restart").await;

        assert_eq!(it.said("early", 1).await, ["two/dev"]);
        it.stage.ends().await;
    });
}
