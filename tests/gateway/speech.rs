//! What a room reads: long texts, hostile ones, names, whispers and colours.

use std::sync::Arc;

use fulmar::{
    config::{Config, Mention},
    sandbox::Sandbox,
};
use fulmar_contract::{Backend as _, Capabilities, Limit, Post, RoomId, Tone, Unit};
use fulmar_memory::{Memory, Network};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::stage::{AS_USER, PATIENCE, Stage, config, sandbox, story};

/// A gateway as it is without a word about how it speaks, but for what `change` changes.
async fn stage(change: impl FnOnce(&mut Config, &Network)) -> Stage {
    let sandbox = Sandbox::start(sandbox()).unwrap();
    let network = Network::new(["ops"]);
    let mut config = config(&sandbox.url(), AS_USER, &network);
    config.gateway.mention = Mention::Results;
    change(&mut config, &network);
    let stage = Stage::of(sandbox, network, &config);
    stage.until_ready().await;
    stage
}

/// A gateway in a network whose posts have one line of at most 400 bytes.
async fn stage_of_lines() -> Stage {
    stage(|config, network| {
        let memory = Memory::new(network.clone());
        let limit = Limit { max: 400, unit: Unit::Bytes };
        let capabilities = Capabilities { limit, multiline: false, ..memory.capabilities() };
        config.gateway.mention = Mention::Never;
        config.chats[0].backend = Arc::new(memory.with_capabilities(capabilities));
    })
    .await
}

impl Stage {
    /// What the room reads of the result of `template`, up to a last line of its own.
    async fn lines_of(&self, template: &str) -> Vec<String> {
        self.tells("it", json!({"format": template})).await;
        self.says("!tell it").await;
        let mut lines = vec![self.hears().await];
        self.says("!quietly over").await;
        loop {
            let line = self.hears().await;
            if line == "over" {
                return lines;
            }
            lines.push(line);
        }
    }

    /// The next text that `who` is told in private.
    async fn hears_alone(&self, who: &str) -> String {
        let room: RoomId = Memory::new(self.network.clone()).direct(who).unwrap();
        timeout(PATIENCE, self.network.hear(&room)).await.expect("something is said in private")
    }

    fn stackstorm_says(&self, payload: &Value) {
        let data = json!({ "payload": payload });
        self.inject(json!({"fault": "emit", "event": "st2.announcement__errbot", "data": data}));
    }

    /// The post that contains `text`.
    fn post_of(&self, text: &str) -> Post {
        let posts = self.network.posts();
        posts
            .iter()
            .find(|post| post.text.contains(text))
            .unwrap_or_else(|| panic!("no {text} in {posts:#?}"))
            .clone()
    }
}

/// The parts of one text, put together again; their numbers must be right.
fn together(lines: &[String]) -> String {
    let part = |(line, number): (&String, usize)| {
        line.strip_prefix(&format!("({number}/{}) ", lines.len())).unwrap_or_else(|| panic!("{line}")).to_owned()
    };
    lines.iter().zip(1..).map(part).collect()
}

#[test]
fn ten_thousand_characters_arrive_complete_in_numbered_parts() {
    story(async || {
        let stage = stage_of_lines().await;
        let text: String = (0..2_000).map(|number| format!("{number:04} ")).collect();

        let lines = stage.lines_of("{% for i in range(2000) %}{{ '%04d' % i }} {% endfor %}").await;

        assert!(lines.len() < 30 && lines.iter().all(|line| line.len() <= 400), "{lines:#?}");
        assert_eq!(together(&lines).replace(' ', ""), text.replace(' ', ""));
        stage.ends().await;
    });
}

#[test]
fn six_hundred_emoji_on_one_line_stay_whole() {
    story(async || {
        let stage = stage_of_lines().await;

        let lines = stage.lines_of("{{ '👩\u{200d}🚀' * 600 }}").await;

        assert!(lines.iter().all(|line| line.len() <= 400 && line.ends_with("👩\u{200d}🚀")), "{lines:#?}");
        assert_eq!(together(&lines), "👩\u{200d}🚀".repeat(600));
        stage.ends().await;
    });
}

#[test]
fn of_two_thousand_lines_the_first_are_said_and_where_the_rest_is() {
    story(async || {
        let stage = stage_of_lines().await;

        let lines = stage.lines_of("{% for i in range(2000) %}{{ i }}\n{% endfor %}").await;

        let (last, lines) = lines.split_last().unwrap();
        assert_eq!(lines, (0..50).map(|number| number.to_string()).collect::<Vec<_>>());
        let id = stage.sandbox.executions().last().unwrap()["id"].as_str().unwrap().to_owned();
        let link = format!("https://sandbox.example.test/#/history/{id}/general");
        assert_eq!(*last, format!("… 1950 more lines were left out: {link}"));
        stage.ends().await;
    });
}

#[test]
fn a_chat_decides_how_many_posts_an_answer_may_take() {
    story(async || {
        let stage = stage(|config, _| {
            config.chats[0].max_posts = 2;
            config.gateway.mention = Mention::Never;
        })
        .await;

        let posts = stage.lines_of("{{ 'x' * 9000 }}").await;

        assert!(posts[0].starts_with("(1/3) xx") && posts[1].starts_with("(2/3) xx"));
        assert!(posts[2].starts_with("… 1 more part was left out: https://"), "{}", posts[2]);
        stage.ends().await;
    });
}

#[test]
fn a_text_that_looks_like_protocol_is_only_text() {
    story(async || {
        let stage = stage_of_lines().await;

        stage.says("!hostile").await;
        stage.hears_of("Running demo.hostile").await;

        assert_eq!(stage.hears().await, "first");
        assert_eq!(stage.hears().await, "QUIT :bye");
        assert_eq!(stage.hears().await, "ACTION waves bold  end @\u{200b}everyone <b>&amp;</b>");
        let colours = stage.lines_of("\u{1b}[31mred\u{1b}[0m \u{3}04red").await;
        assert_eq!(colours, ["red 04red"]);
        stage.ends().await;
    });
}

#[test]
fn a_result_is_no_command_for_another_bot() {
    story(async || {
        let stage = stage_of_lines().await;

        let lines = stage.lines_of("!deploy web\nwow!\n  !deploy web").await;

        assert_eq!(lines, ["\u{200b}!deploy web", "wow!", "\u{200b}  !deploy web"]);
        stage.ends().await;
    });
}

#[test]
fn a_result_names_who_asked_for_it_in_a_room_and_its_ack_does_not() {
    story(async || {
        let stage = stage(|_, _| {}).await;

        stage.says("!deploy web").await;
        stage.network.whisper("ada", "deploy api").await;

        assert!(stage.hears().await.starts_with("Deploying web."));
        assert!(stage.hears().await.starts_with("joe: web "));
        assert!(stage.hears_alone("ada").await.starts_with("Deploying api."));
        assert!(stage.hears_alone("ada").await.starts_with("api "));
        stage.ends().await;
    });
}

#[test]
fn every_answer_names_who_asked_if_that_is_wanted() {
    story(async || {
        let stage = stage(|config, _| config.gateway.mention = Mention::Always).await;

        stage.says("!deploy web").await;
        assert!(stage.hears().await.starts_with("joe: Deploying web."));
        assert!(stage.hears().await.starts_with("joe: web "));
        stage.says("!whoami").await;

        assert!(stage.hears().await.starts_with("joe: You are joe"));
        stage.ends().await;
    });
}

#[test]
fn an_announcement_names_its_user_in_a_room() {
    story(async || {
        let stage = stage(|_, _| {}).await;

        stage.stackstorm_says(&json!({"channel": "ops", "message": "done", "user": "ada"}));
        stage.stackstorm_says(&json!({"channel": "ops", "message": "for all"}));
        stage.stackstorm_says(&json!({"message": "for one", "user": "ada"}));

        assert_eq!(stage.hears().await, "ada: done");
        assert_eq!(stage.hears().await, "for all");
        assert_eq!(stage.hears_alone("ada").await, "for one");
        stage.ends().await;
    });
}

#[test]
fn what_an_alias_whispers_is_read_by_its_author_alone() {
    story(async || {
        let stage = stage(|_, _| {}).await;
        stage.tells("all", json!({"format": "psst", "extra": {"whisper": true}})).await;
        stage.tells("broken", json!({"format": "{{ 1 / 0 }} psst", "extra": {"whisper": true}})).await;
        stage.tells("one", json!({"format": "pssst", "extra": {"memory": {"whisper": true}}})).await;

        for (name, whispered) in [("all", "psst"), ("one", "pssst")] {
            stage.says(&format!("!tell {name}")).await;

            assert_eq!(stage.hears_alone("joe").await, whispered);
        }
        stage.says("!tell broken it").await;
        assert!(stage.hears_alone("joe").await.contains("result template of demo.broken failed"));
        stage.stackstorm_says(
            &json!({"channel": "ops", "message": "ssh", "user": "joe", "extra": {"whisper": true}}),
        );
        assert_eq!(stage.hears_alone("joe").await, "ssh");
        assert!(stage.network.posts().iter().all(|post| post.room != stage.room()));
        stage.ends().await;
    });
}

#[test]
fn the_colour_is_that_of_the_status_whatever_the_text_says() {
    story(async || {
        let stage = stage(|_, _| {}).await;
        stage.tells("lies", json!({"format": "status : failed"})).await;
        stage.tells("itself", json!({"format": "beware", "extra": {"color": "warning"}})).await;

        for (command, text, tone) in [
            ("!fail raise", "status : failed", Tone::Bad),
            ("!tell itself", "beware", Tone::Warning),
            ("!deploy web", "web ", Tone::Good),
        ] {
            stage.says(command).await;
            stage.hears_of(text).await;

            assert_eq!(stage.post_of(text).tone, tone, "{command}");
        }
        stage.says("!tell lies").await;
        stage.hears_of("status : failed").await;
        assert_eq!(stage.network.posts().pop().unwrap().tone, Tone::Good);
        assert_eq!(stage.post_of("Deploying web.").tone, Tone::Neutral);
        stage.ends().await;
    });
}
