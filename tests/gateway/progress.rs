//! Live lines of what takes long.

use std::{sync::Arc, time::Duration};

use fulmar_contract::Capabilities;
use fulmar_memory::Memory;
use serde_json::json;
use tokio::time::timeout;

use crate::stage::{PATIENCE, Stage, story};

/// Where a line begins after a second, and every step of StackStorm's takes as long as this.
async fn stage(millis: u64, change: impl FnOnce(Capabilities) -> Capabilities) -> Stage {
    let stage = Stage::configured_on(|config, network| {
        let memory = Memory::new(network.clone());
        let capabilities = change(fulmar_contract::Backend::capabilities(&memory));
        config.gateway.progress = Duration::from_secs(1);
        config.chats[0].backend = Arc::new(memory.with_capabilities(capabilities));
    })
    .await;
    stage.inject(json!({"fault": "delay-results", "millis": millis}));
    stage
}

impl Stage {
    /// The next text that takes the place of another in the room.
    async fn sees(&self) -> String {
        let seen = timeout(PATIENCE, self.network.see_edit(&self.room())).await;
        seen.unwrap_or_else(|_| panic!("nothing was edited in {PATIENCE:?}"))
    }
}

#[test]
fn the_ack_of_a_long_command_tells_what_runs_and_how_it_ended() {
    story(async || {
        let stage = stage(4_000, |can| can).await;

        stage.says("!deploy shop").await;
        let ack = stage.hears().await;
        let edited = stage.sees().await;
        let mut last = stage.sees().await;
        while !last.contains("Succeeded") {
            last = stage.sees().await;
        }
        let result = stage.hears().await;

        assert!(edited.starts_with(&format!("{ack}\nStill running after ")), "{edited}");
        assert!(last.starts_with(&format!("{ack}\nSucceeded after ")), "{last}");
        assert!(result.starts_with("shop latest runs at"), "{result}");
        let posts: Vec<String> = stage.network.posts().into_iter().map(|post| post.text).collect();
        assert_eq!(posts, [last, result], "there is nothing else");
        stage.ends().await;
    });
}

#[test]
fn the_line_of_a_workflow_names_the_task_that_runs() {
    story(async || {
        let stage = stage(7_000, |can| can).await;

        stage.says("!release shop").await;

        for task in [": task build (1 started).  !tail ", ": task test (2 started).  !tail "] {
            let mut seen = stage.sees().await;
            while !seen.contains(task) {
                assert!(!seen.contains("Succeeded"), "{task} was not told");
                seen = stage.sees().await;
            }
        }
        stage.ends().await;
    });
}

#[test]
fn where_nothing_can_be_edited_a_change_is_a_line() {
    story(async || {
        let stage = stage(4_000, |can| Capabilities { edits: false, ..can }).await;

        stage.says("!release shop").await;
        let ack = stage.hears().await;
        let line = stage.hears().await;
        let result = stage.hears().await;

        assert!(ack.starts_with("Running demo.release"), "{ack}");
        assert!(line.starts_with("Still running after ") && line.contains(": task build (1 started)."), "{line}");
        assert_eq!(result, "Released shop.");
        assert_eq!(stage.network.posts().len(), 3);
        stage.ends().await;
    });
}

#[test]
fn a_message_that_was_deleted_is_not_posted_anew_and_the_result_comes() {
    story(async || {
        let stage = stage(8_000, |can| can).await;
        stage.says("!deploy shop").await;
        stage.hears_of("Deploying shop.").await;
        stage.sees().await;

        stage.network.forget_messages();

        stage.hears_of("shop latest runs at").await;
        assert_eq!(stage.network.posts().len(), 2);
        assert_eq!(stage.status().await["journal"]["dead"], 0);
        stage.ends().await;
    });
}

#[test]
fn who_wants_no_result_has_no_line_and_a_quick_command_none_either() {
    story(async || {
        let stage = stage(4_000, |can| Capabilities { edits: false, ..can }).await;

        stage.says("!silently a").await;
        stage.hears_of("You will hear no more of it.").await;
        stage.until("it is over", |status| status["journal"]["open"] == 0).await;
        stage.inject(json!({"fault": "delay-results", "millis": 0}));
        stage.says("!quietly b").await;

        assert_eq!(stage.hears().await, "b");
        stage.ends().await;
    });
}
