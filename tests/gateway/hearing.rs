//! What is said while nobody of ours is there, and what a network repeats until it is taken.

use fulmar::sandbox::Sandbox;
use fulmar_memory::Network;
use serde_json::json;
use tokio::time::timeout;

use crate::{
    disk::Disk,
    stage::{AS_USER, PATIENCE, Stage, config, sandbox, story},
};

impl Stage {
    async fn away(&self) {
        self.network.sever();
        timeout(PATIENCE, self.network.offline()).await.unwrap();
    }

    /// All posts once so many were made, in the order of the alphabet: what ran at once may end in any order.
    async fn all_posts(&self, count: usize) -> Vec<String> {
        while self.network.posts().len() < count {
            self.hears().await;
        }
        let mut posts: Vec<String> = self.network.posts().into_iter().map(|post| post.text).collect();
        posts.sort_unstable();
        posts
    }
}

/// A gateway on `network` that goes on where `disk` ends.
async fn on(network: &Network, disk: &Disk) -> Stage {
    let sandbox = Sandbox::start(sandbox()).unwrap();
    let config = config(&sandbox.url(), AS_USER, network);
    let stage = Stage::kept(disk, sandbox, network.clone(), &config);
    stage.until_ready().await;
    stage
}

#[test]
fn what_is_said_while_a_chat_is_away_is_obeyed_once_when_it_is_back() {
    story(async || {
        let stage = Stage::ready().await;
        stage.says("!quietly before").await;
        assert_eq!(stage.hears().await, "before");
        stage.says("!whoami").await;
        stage.hears().await;

        stage.away().await;
        for word in ["one", "two"] {
            stage.network.say("ops", "joe", &format!("!quietly {word}")).await;
        }
        stage.network.online().await;
        stage.all_posts(4).await;
        stage.says("!quietly after").await;

        let posts = stage.all_posts(5).await;
        assert!(posts[0].starts_with("You are joe"), "{posts:?}");
        assert_eq!(posts[1..], ["after", "before", "one", "two"]);
        assert_eq!(stage.sandbox.made(), 4);
        stage.ends().await;
    });
}

#[test]
fn what_is_said_while_no_process_is_there_is_obeyed_by_the_next() {
    story(async || {
        let (network, disk) = (Network::new(["ops"]), Disk::default());
        network.say("ops", "joe", "!quietly long ago").await;
        let first = on(&network, &disk).await;
        first.says("!quietly before").await;
        assert_eq!(first.hears().await, "before");
        first.ends().await;

        network.say("ops", "joe", "!quietly between").await;
        let second = on(&network, &disk).await;
        assert_eq!(second.hears().await, "between");
        second.says("!quietly after").await;

        assert_eq!(second.all_posts(3).await, ["after", "before", "between"]);
        second.ends().await;
    });
}

#[test]
fn a_question_that_was_answered_is_not_answered_by_the_next_process() {
    story(async || {
        let (network, disk) = (Network::new(["ops"]), Disk::default());
        let first = on(&network, &disk).await;
        for question in ["!whoami", "!no such words", "!help"] {
            first.says(question).await;
            first.hears().await;
        }
        first.until("all is confirmed", |status| status["journal"]["pending"] == 0).await;
        first.ends().await;

        // The network tells what was said since the last question, with it.
        let second = on(&network, &disk).await;
        second.says("!quietly after").await;

        assert_eq!(second.hears().await, "after");
        assert_eq!(network.posts().len(), 4);
        second.ends().await;
    });
}

#[test]
fn a_slow_stackstorm_holds_up_no_network() {
    story(async || {
        let stage = Stage::ready().await;
        stage.network.repeat_untaken();
        stage.inject(json!({"fault": "hang", "path": "/v1/aliasexecution", "millis": 3000}));
        stage.inject(json!({"fault": "hang", "path": "/v1/actionalias/match", "millis": 3000}));

        for text in ["!quietly x", "!no such words", "!help", "!status", "good morning"] {
            stage.says(text).await;
        }

        timeout(PATIENCE, stage.network.all_taken()).await.unwrap();
        assert_eq!(stage.sandbox.made(), 0, "they were taken only after the answer");
        assert_eq!(stage.all_posts(4).await.len(), 4);
        stage.ends().await;
    });
}

#[test]
fn what_a_network_repeats_as_it_was_not_taken_runs_once() {
    story(async || {
        let stage = Stage::ready().await;
        stage.network.repeat_untaken();

        for word in ["one", "two", "three"] {
            stage.says(&format!("!quietly {word}")).await;
            stage.away().await;
            stage.network.online().await;
        }
        stage.says("!quietly last").await;

        assert_eq!(stage.all_posts(4).await, ["last", "one", "three", "two"]);
        assert_eq!(stage.sandbox.made(), 4);
        timeout(PATIENCE, stage.network.all_taken()).await.unwrap();
        stage.ends().await;
    });
}
