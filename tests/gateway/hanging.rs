//! A journal on a disk that hangs.

use std::time::Duration;

use fulmar::supervise::Shutdown;
use serde_json::json;
use tokio::time::Instant;

use crate::stage::{AS_USER, Stage, config, story};

#[test]
fn a_disk_that_hangs_holds_up_new_commands_only_and_they_never_run() {
    story(async || {
        let stage = Stage::ready().await;
        stage.inject(json!({"fault": "delay-results", "millis": 11_000}));
        stage.says("!deploy web").await;
        stage.hears_of("Deploying web.").await;

        stage.disk.hangs();
        stage.says("!quietly one").await;
        let first = stage.hears().await;
        let (began, ready) = (Instant::now(), stage.get("/ready").await);
        stage.says("!quietly two").await;
        let second = stage.hears().await;
        stage.hears_of("web ").await;
        let took = began.elapsed();
        stage.disk.goes_on();
        stage.until_ready().await;

        assert_eq!([first, second], ["Not run: journal: the disk does not answer."; 2]);
        assert!(ready.0 == 503 && ready.1.contains("the disk does not answer"), "{ready:?}");
        assert!(took < Duration::from_secs(8), "{took:?}");
        stage.gateway.supervisor.send(Shutdown).await.unwrap();
        let config = config(&stage.sandbox.url(), AS_USER, &stage.network);
        let next = Stage::kept(&stage.disk, stage.sandbox.clone(), stage.network.clone(), &config);
        next.until_ready().await;
        next.inject(json!({"fault": "delay-results", "millis": 0}));
        next.says("!quietly three").await;
        assert_eq!(next.hears().await, "three");
        assert_eq!(next.sandbox.made(), 2);
        next.ends().await;
    });
}
