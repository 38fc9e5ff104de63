//! What outlives the process.

use std::fs;

use tempfile::TempDir;

use crate::{
    patience::{eventually, story},
    program::{Gateway, finished, written},
    stage::{ROOM, Small},
};

/// A [`Small`] stage on which the gateway can be started again.
struct Lasting {
    small: Small,
    config: String,
    folder: TempDir,
}

impl Lasting {
    async fn ready() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mut config = String::new();
        let small = Small::configured(|usual| {
            let file = folder.path().join("journal.db");
            config = usual.replace("\"memory\"", &format!("\"sqlite:{}\"", file.display()));
            config.clone()
        });
        let small = small.await?;
        Some(Self { small, config, folder })
    }

    /// Ends the gateway by a signal, and starts it again once StackStorm has ended its work.
    async fn starts_again_after(&mut self, signal: &str) {
        self.small.gateway.signal(signal);
        self.small.gateway.exits().await;
        eventually("the end of the execution", async || {
            let executions = self.small.sandbox.executions();
            let is_over = executions.iter().all(|it| it.get("status").is_some_and(|status| status == "succeeded"));
            if is_over { Ok(()) } else { Err(format!("{executions:#?}")) }
        })
        .await;
        self.small.gateway = Gateway::start(&self.config).await;
    }
}

#[test]
fn a_command_given_before_a_kill_has_its_result_said_after_a_restart() {
    story(async || {
        for signal in ["KILL", "TERM"] {
            let Some(mut stage) = Lasting::ready().await else { return };

            stage.small.begins_deploy(1_500).await;
            stage.small.gateway.until("the ack is confirmed", |status| status["journal"]["pending"] == 0).await;
            stage.starts_again_after(signal).await;

            let result = stage.small.peer.hears(ROOM).await;
            assert!(result.starts_with("\u{2}web\u{2} "), "{signal}: {result}");
            assert_eq!(stage.small.sandbox.executions().len(), 1, "{signal}");
            stage.small.works("again").await;
        }
    });
}

#[test]
fn what_could_not_be_said_before_a_kill_is_said_after_a_restart() {
    story(async || {
        let Some(mut stage) = Lasting::ready().await else { return };

        stage.small.begins_deploy(500).await;
        stage.small.gateway.until("the ack is confirmed", |status| status["journal"]["pending"] == 0).await;
        stage.small.server.freeze();
        stage.small.gateway.until("it is to be said", |status| status["journal"]["pending"] == 1).await;
        stage.small.gateway.signal("KILL");
        stage.small.gateway.exits().await;
        stage.small.server.thaw();
        stage.small.gateway = Gateway::start(&stage.config).await;

        stage.small.peer.hears_of(ROOM, "\u{2}web\u{2} ").await;
    });
}

#[test]
fn a_second_gateway_on_one_journal_is_refused_and_told_why() {
    story(async || {
        let Some(stage) = Lasting::ready().await else { return };
        let (_folder, file) = written(&stage.config);

        let second = finished(&["run", "--config", file.to_str().unwrap()], "");

        assert_eq!(second.code, Some(75), "{second:?}");
        let journal = stage.folder.path().join("journal.db");
        let why = format!("another process has {} open; is Fulmar running already?", journal.display());
        assert!(second.err.contains(&why), "{}", second.err);
        assert_eq!(stage.small.gateway.get("/ready").await.0, 200);
    });
}

#[test]
fn a_polite_end_leaves_one_file() {
    story(async || {
        let Some(mut stage) = Lasting::ready().await else { return };
        stage.small.works("well").await;

        stage.small.gateway.signal("TERM");
        let code = stage.small.gateway.exits().await;

        let files: Vec<_> = fs::read_dir(stage.folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
        assert_eq!((code, files), (Some(0), vec!["journal.db".into()]));
    });
}
