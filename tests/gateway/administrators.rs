//! What only administrators may do.

use fulmar::config::Administrator;

use crate::stage::{Stage, story};

impl Stage {
    /// Joe is an administrator, and there is a room, `late`, that nobody has joined yet.
    async fn with_administrator() -> Self {
        let joe = Administrator { chat: "mem".into(), identity: "joe".into() };
        let stage = Self::configured(|config| config.gateway.admins = vec![joe]).await;
        stage.network.add("late");
        stage
    }
}

#[test]
fn an_administrator_has_rooms_joined_and_left() {
    story(async || {
        let stage = Stage::with_administrator().await;

        for place in ["late", "mem/late"] {
            stage.says(&format!("!join {place} sesame")).await;
            assert_eq!(stage.hears().await, format!("Joined {place}."));
            assert!(stage.network.say("late", "ann", "hello").await);

            stage.says(&format!("!leave {place}")).await;
            assert_eq!(stage.hears().await, format!("Left {place}."));
            assert!(!stage.network.say("late", "ann", "hello").await);
        }
        stage.ends().await;
    });
}

#[test]
fn what_the_network_says_to_it_is_told() {
    story(async || {
        let stage = Stage::with_administrator().await;

        stage.says("!join nowhere").await;
        let no_room = stage.hears().await;
        stage.says("!leave late").await;
        let not_in = stage.hears().await;
        stage.says("!join @ann").await;
        let no_name = stage.hears().await;

        assert_eq!(no_room, "Not joined nowhere: there is no room nowhere.");
        assert_eq!(not_in, "Not left late: not in late.");
        assert_eq!(no_name, "No room of mem can be called @ann.");
        stage.ends().await;
    });
}

#[test]
fn whoever_has_us_leave_their_room_is_told_in_private() {
    story(async || {
        let stage = Stage::with_administrator().await;

        stage.says("!leave ops").await;
        stage.until("it is told", |status| status["chats"]["mem"]["posted"] == 1).await;

        let post = stage.network.posts().remove(0);
        assert_eq!((post.room.as_str(), post.text.as_str()), ("@joe", "Left ops."));
        assert_eq!(stage.status().await["chats"]["mem"]["rooms"], serde_json::json!(["dev"]));
        stage.ends().await;
    });
}

#[test]
fn nobody_else_may_and_they_are_told_who() {
    story(async || {
        let stage = Stage::with_administrator().await;

        stage.says_as("ann", "!join late").await;

        assert_eq!(stage.hears().await, "Only administrators may do that: here, joe.");
        assert!(!stage.network.say("late", "ann", "hello").await);
        stage.ends().await;
    });
}

#[test]
fn without_administrators_nobody_may() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!leave ops").await;

        assert_eq!(stage.hears().await, "Only administrators may do that, and mem has none (gateway.admins).");
        stage.ends().await;
    });
}

#[test]
fn help_ends_with_our_own_commands_that_the_asker_may_use() {
    story(async || {
        let stage = Stage::with_administrator().await;

        stage.says("!help").await;
        let administrators = stage.hears().await;
        stage.says_as("ann", "!help").await;
        let anns = stage.hears().await;
        stage.says("!help deploy").await;
        let about_something = stage.hears().await;

        let own = "My own: !help, !whoami, !status, !executions, !cancel [ID], !rerun ID, !tail [ID], !tail stop";
        let more = ", !executions all, !join ROOM [KEY], !leave ROOM";
        assert!(administrators.ends_with(&format!("\n{own}{more}")), "{administrators}");
        assert!(anns.ends_with(&format!("\n{own}")), "{anns}");
        assert!(!about_something.contains("My own"), "{about_something}");
        stage.ends().await;
    });
}
