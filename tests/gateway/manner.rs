//! How answers show what they answer, and what people are offered.

use std::sync::Arc;

use fulmar::config::{Manner, Replies, Threads};
use fulmar_contract::{Backend as _, Capabilities, MessageId, Offered, Post};
use fulmar_memory::Memory;
use serde_json::json;
use tokio::time::timeout;

use crate::stage::{PATIENCE, Stage, story};

impl Stage {
    /// On a network that can all of it.
    async fn mannered(manner: Manner) -> Self {
        Self::configured_on(|config, network| {
            let memory = Memory::new(network.clone());
            let can = Capabilities { replies: true, reactions: true, offers: 8, ..memory.capabilities() };
            config.chats[0].backend = Arc::new(memory.with_capabilities(can));
            config.chats[0].manner = manner;
        })
        .await
    }

    /// The ack and the result of a command, and what each shows to answer.
    async fn deploys(&self) -> [Post; 2] {
        let before = self.network.posts().len();
        self.says("!deploy web").await;
        self.hears_of("Deploying web.").await;
        self.hears_of("latest").await;
        let mut posts = self.network.posts().into_iter().skip(before);
        [posts.next().unwrap(), posts.next().unwrap()]
    }

    async fn shows(&self, message: &MessageId, emoji: Option<&str>) {
        let shown = timeout(PATIENCE, self.network.reaction(&self.room(), message, emoji)).await;
        shown.unwrap_or_else(|_| panic!("{emoji:?} was not shown"));
    }

    async fn offers(&self, is_it: impl Fn(&[Offered]) -> bool) {
        timeout(PATIENCE, self.network.offers(is_it)).await.expect("it is offered");
    }
}

fn words(offered: &[Offered]) -> Vec<&str> {
    offered.iter().map(|it| it.word.as_str()).collect()
}

#[test]
fn results_show_which_command_they_answer_and_acks_do_if_they_are_told_to() {
    story(async || {
        for (replies, expected) in
            [(Replies::Results, [false, true]), (Replies::Always, [true, true]), (Replies::Never, [false, false])]
        {
            let stage = Stage::mannered(Manner { replies, ..Manner::default() }).await;

            let posts = stage.deploys().await;
            stage.network.whisper("joe", "quietly psst").await;
            stage.until("it is posted", |status| status["chats"]["mem"]["posted"] == 3).await;

            assert_eq!(posts.each_ref().map(|post| post.answers.is_some()), expected, "{replies:?}");
            assert!(stage.network.posts().iter().all(|post| post.answers.is_none() || post.room == stage.room()));
            assert_eq!(stage.network.posts()[2].answers, None, "in private there is nothing else to answer");
            stage.ends().await;
        }
    });
}

#[test]
fn a_command_opens_a_thread_where_that_is_wanted_and_a_choice_may_be_made_outside_of_it() {
    story(async || {
        let manner = Manner { threads: Threads::Always, replies: Replies::Always, ..Manner::default() };
        let stage = Stage::mannered(manner).await;

        let [ack, result] = stage.deploys().await;
        let [other, _] = stage.deploys().await;
        stage.network.say_in_thread("ops", "t1", "joe", "!whoami").await;
        stage.hears().await;
        stage.says("!status of web").await;
        stage.hears_of("1").await;
        stage.says("!1").await;
        stage.hears_of("web").await;

        assert!(ack.thread.is_some() && ack.thread == result.thread && ack.thread != other.thread);
        assert_eq!((ack.answers, result.answers), (None, None), "the thread begins there");
        assert_eq!(stage.network.posts()[4].thread.as_ref().unwrap().as_str(), "t1");
        stage.ends().await;
    });
}

#[test]
fn the_message_of_a_command_shows_how_far_it_has_come() {
    story(async || {
        let manner = Manner { replies: Replies::Always, reactions: true, ..Manner::default() };
        let stage = Stage::mannered(manner).await;
        let message = || stage.network.posts().last().unwrap().answers.clone().unwrap();

        stage.says("!wait 60").await;
        stage.hears().await;
        stage.shows(&message(), Some("👀")).await;
        let waiting = message();
        stage.deploys().await;
        stage.shows(&message(), Some("👍")).await;
        stage.says("!fail").await;
        while !stage.hears().await.contains("fail") {}
        stage.shows(&message(), Some("👎")).await;
        stage.says("!cancel").await;
        stage.shows(&waiting, Some("🤷")).await;
        stage.ends().await;
    });
}

#[test]
fn nothing_is_shown_by_reactions_unless_that_is_wanted() {
    story(async || {
        let stage = Stage::mannered(Manner::default()).await;

        let [_, result] = stage.deploys().await;

        stage.shows(&result.answers.unwrap(), None).await;
        stage.ends().await;
    });
}

#[test]
fn people_are_offered_what_there_is_and_what_is_new() {
    story(async || {
        let stage = Stage::mannered(Manner::default()).await;
        stage.offers(|it| it.len() == 8).await;

        stage.network.sever();
        stage.network.online().await;
        stage.until_ready().await;
        stage.tells("time", json!({"format": "x"})).await;
        assert_eq!(stage.post("/aliases/refresh").await.0, 200);

        stage.offers(|it| words(it)[..4] == ["help", "status", "whoami", "executions"]).await;
        stage.ends().await;
    });
}

#[test]
fn a_reaction_to_what_we_said_is_counted() {
    story(async || {
        let stage = Stage::mannered(Manner { replies: Replies::Always, ..Manner::default() }).await;
        let [ack, _] = stage.deploys().await;

        assert!(stage.network.react_to(&stage.room(), &ack.answers.unwrap(), "joe", "👍", true).await);
        stage.says("!quietly x").await;
        assert_eq!(stage.hears().await, "x");

        assert!(stage.get("/metrics").await.1.contains("fulmar_reacted_total{chat=\"mem\"} 1"));
        stage.ends().await;
    });
}
