//! What operators see.

use fulmar::sandbox::Sandbox;
use serde_json::Value;

use crate::stage::{AS_USER, Stage, WITH_KEY, sandbox, story};

#[test]
fn the_status_tells_the_truth() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!quietly x").await;
        stage.hears().await;
        let status = stage.until("it is posted", |status| status["chats"]["mem"]["posted"] == 1).await;

        assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(status["chats"]["mem"]["rooms"], Value::from(vec![stage.room().as_str()]));
        assert_eq!(status["chats"]["mem"]["heard"], 1);
        assert_eq!(status["stackstorm"]["default"]["auth"], "good");
        assert_eq!(status["stackstorm"]["default"]["aliases"], 17);
        assert_eq!(status["stackstorm"]["default"]["stream"]["phase"], "open");
        assert_eq!(status["journal"]["open"], 0);
        assert!(status["children"].as_array().unwrap().iter().all(|child| child["phase"] == "up"), "{status:#}");
        stage.ends().await;
    });
}

#[test]
fn a_key_is_called_good_only_when_stackstorm_has_taken_it() {
    story(async || {
        let away = Stage::against(Sandbox::start(sandbox()).unwrap(), "http://127.0.0.1:1", WITH_KEY);
        let there = Stage::new(sandbox(), WITH_KEY);
        there.until_ready().await;

        let untried =
            away.until("it is not reached", |status| !status["stackstorm"]["default"]["error"].is_null()).await;
        let tried = there.status().await;

        assert_eq!(untried["stackstorm"]["default"]["auth"], "untried");
        assert_eq!(tried["stackstorm"]["default"]["auth"], "good");
        away.ends().await;
        there.ends().await;
    });
}

#[test]
fn metrics_count_what_happened() {
    story(async || {
        let stage = Stage::ready().await;

        stage.says("!quietly x").await;
        stage.hears().await;
        stage.until("it is posted", |status| status["chats"]["mem"]["posted"] == 1).await;
        let (code, metrics) = stage.get("/metrics").await;

        assert_eq!(code, 200);
        for line in [
            "fulmar_heard_total{chat=\"mem\"} 1",
            "fulmar_posted_total{chat=\"mem\"} 1",
            "fulmar_commands_total{outcome=\"submitted\"} 1",
            "fulmar_child_up{child=\"chat/mem\"} 1.0",
            "fulmar_aliases{stackstorm=\"default\"} 17.0",
            "fulmar_journal_open{} 0.0",
            "fulmar_journal_damaged{} 0.0",
            "fulmar_journal_trouble{} 0.0",
            "fulmar_calls_in_flight{stackstorm=\"default\"} 0",
            "fulmar_calls_waiting{stackstorm=\"default\"} 0",
        ] {
            assert!(metrics.lines().any(|it| it == line), "{line} is not in\n{metrics}");
        }
        stage.ends().await;
    });
}

/// Prometheus' `increase` sees a rise only of what was there before.
#[test]
fn what_can_be_counted_is_there_before_it_is() {
    story(async || {
        let stage = Stage::ready().await;

        let metrics = stage.get("/metrics").await.1;

        for line in [
            "fulmar_failed_total{chat=\"mem\"} 0",
            "fulmar_commands_total{outcome=\"unknown\"} 0",
            "fulmar_announcements_total{outcome=\"nowhere\"} 0",
            "fulmar_refused_total{why=\"late\"} 0",
        ] {
            assert!(metrics.lines().any(|it| it == line), "{line} is not in\n{metrics}");
        }
        stage.ends().await;
    });
}

#[test]
fn no_secret_is_shown_anywhere() {
    story(async || {
        let stage = Stage::new(sandbox(), AS_USER);
        stage.until_ready().await;

        for path in ["/", "/live", "/ready", "/status", "/metrics"] {
            let (code, body) = stage.get(path).await;
            assert_eq!(code, 200, "{path}");
            assert!(!body.contains("s3cret"), "{path}: {body}");
        }
        stage.ends().await;
    });
}

#[test]
fn the_page_shows_the_status_and_no_markup_of_others() {
    story(async || {
        let stage = Stage::ready().await;

        stage.network.remove("ops", "<script>alert(1)</script>").await;
        stage
            .until("it is left", |status| !status["chats"]["mem"]["missing"].as_object().unwrap().is_empty())
            .await;
        let (_, page) = stage.get("/").await;

        assert!(page.contains("mem") && page.contains("&lt;script&gt;"), "{page}");
        assert!(!page.contains("<script>"), "{page}");
        assert_eq!(stage.get("/ready").await.0, 503);
        stage.ends().await;
    });
}

#[test]
fn unknown_chats_and_paths_are_not_found() {
    story(async || {
        let stage = Stage::ready().await;

        assert_eq!(stage.post("/chats/nobody/restart").await.0, 404);
        assert_eq!(stage.get("/nothing").await.0, 404);
        stage.ends().await;
    });
}
