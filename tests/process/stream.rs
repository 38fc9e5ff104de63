//! What StackStorm tells is said once: not less often and not more, whatever becomes of the stream and of the network.

use std::time::Duration;

use serde_json::json;
use tokio::time::interval;

use crate::{
    patience::{eventually, story},
    stage::{ROOM, Small, child},
    storm,
};

#[test]
fn of_twenty_announcements_a_second_none_is_lost_or_said_twice_though_the_stream_is_cut_and_refused() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };
        let mut pace = interval(Duration::from_millis(50));

        for number in 0..100 {
            match number {
                20 | 30 => stage.inject(json!({"fault": "cut-streams"})),
                60 => {
                    stage.inject(json!({"fault": "refuse-streams", "status": 503, "millis": 1_500}));
                    stage.inject(json!({"fault": "cut-streams"}));
                }
                _ => {}
            }
            pace.tick().await;
            storm::posts_message(&stage.sandbox, ROOM, &format!("news {number:02}")).await;
        }
        let mut said = Vec::new();
        for _ in 0..100 {
            said.push(stage.peer.hears(ROOM).await);
        }
        stage.works("that was all").await;

        said.sort();
        assert_eq!(said, (0..100).map(|number| format!("news {number:02}")).collect::<Vec<_>>());
    });
}

#[test]
fn a_result_that_an_open_stream_does_not_bring_is_asked_for_in_half_a_minute() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.inject(json!({"fault": "lose-events", "events": "*", "times": 1_000}));
        stage.works("asked for").await;

        assert_eq!(child(&stage.gateway.status().await, "listener/default")["restarts"], 0);
    });
}

#[test]
fn an_end_that_is_told_five_hundred_times_is_one_result() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.works("once").await;
        let execution = stage.sandbox.executions()[0].clone();
        for _ in 0..500 {
            stage.inject(json!({"fault": "emit", "event": "st2.execution__update", "data": execution}));
        }

        stage.works("that was all").await;
    });
}

#[test]
fn what_is_announced_while_irc_is_away_is_said_in_order_when_it_is_back() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };

        stage.server.kill();
        stage.gateway.until("the loss is seen", |status| status["chats"]["irc"]["phase"] != "up").await;
        (0..50)
            .for_each(|number| storm::inject(&stage.sandbox, storm::announcement(&format!("news {number:02}"))));
        stage.gateway.until("all of it waits", |status| status["journal"]["pending"] == 50).await;
        stage.server_returns().await;

        for number in 0..50 {
            assert_eq!(stage.peer.hears(ROOM).await, format!("news {number:02}"));
        }
        stage.works("that was all").await;
    });
}

#[test]
fn the_name_of_a_room_or_a_person_carries_no_protocol() {
    story(async || {
        let Some(mut stage) = Small::ready().await else { return };
        let nick = &stage.peer.nick;

        for (channel, user) in [
            (json!("#ops\r\nQUIT :obeyed"), json!(null)),
            (json!("#ops :x\r\nQUIT"), json!(null)),
            (json!("#ops\nQUIT :obeyed"), json!("joe\r\nQUIT :obeyed")),
            (json!(null), json!(format!("{nick}\r\nQUIT :obeyed"))),
            (json!("#ops"), json!("joe\r\nQUIT :obeyed")),
        ] {
            let payload = json!({"message": "harmless", "channel": channel, "user": user});
            stage.inject(
                json!({"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": payload}}),
            );
        }

        assert!(stage.peer.hears(ROOM).await.ends_with("harmless"));
        stage.works("undisturbed").await;
        eventually("what goes nowhere is given up", async || {
            let status = stage.gateway.status().await;
            if status["journal"]["dead"] == 4 { Ok(()) } else { Err(format!("{status:#}")) }
        })
        .await;
        assert_eq!(stage.gateway.status().await["chats"]["irc"]["phase"], "up");
    });
}
