//! StackStorm answers with errors, many in a row, or not at all though it did what it was asked.

use std::time::Duration;

use tokio::time::Instant;

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    proxy::{Mishap, Way},
    report::Row,
    stage::{Plan, Stage},
    wait::IN_DOUBT,
};

/// One kind of storm.
struct Storm {
    name: &'static str,
    mishaps: Vec<Mishap>,
    /// Whether what is asked for arrives.
    arrives: bool,
}

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Vec<Row>> {
    let mut rows = Vec::new();
    for storm in storms() {
        let name = format!("storms-{}", rows.len());
        let stage = Stage::set(site, &name, Plan::default()).await?;
        rows.push(storm.play(stage, length).await?);
    }
    Ok(rows)
}

fn storms() -> Vec<Storm> {
    let waits =
        ["0", "-1", "1000000000", "Wed, 21 Oct 2015 07:28:00 GMT", "Fri, 31 Dec 2049 23:59:59 GMT", "soon"];
    let busy = waits.iter().map(|wait| answer("429 Too Many Requests", &format!("Retry-After: {wait}\r\n")));
    let without = answer("429 Too Many Requests", "");
    vec![
        Storm { name: "401", mishaps: vec![answer("401 Unauthorized", "")], arrives: false },
        Storm { name: "429", mishaps: busy.chain([without]).collect(), arrives: false },
        Storm { name: "500", mishaps: vec![answer("500 Internal Server Error", "")], arrives: false },
        Storm { name: "a reset after the request", mishaps: vec![Mishap::Reset], arrives: true },
    ]
}

impl Storm {
    async fn play(self, mut stage: Stage, length: Length) -> Outcome<Row> {
        stage.enter().await?;
        let (mut numbers, mut worst) = (Vec::new(), Duration::ZERO);
        for round in 0..length.choose(1, 10) {
            for mishap in &self.mishaps {
                let before = Instant::now();
                let given = self.strike(&mut stage, mishap, round).await?;
                stage.settle(&given, IN_DOUBT).await?;
                worst = worst.max(before.elapsed());
                stage.api.forget();
                numbers.extend(given);
            }
        }
        let over = Instant::now();
        let runs = stage.until_one_runs(PATIENCE).await;
        worst = worst.max(over.elapsed());
        let verdict = stage.settle(&[], IN_DOUBT).await?;
        let did = format!(
            "{} to commands, then to everything; {} run, {} refused",
            self.name,
            verdict.run,
            verdict.refused.len()
        );
        let (unheard, refused) = (verdict.unheard.clone(), verdict.refused.clone());
        let mut row = Row::new(Scenario::Storms, did, verdict, Some(worst));
        row.unless(unheard.is_empty(), || format!("never answered: {unheard:?}"));
        row.unless(runs.is_ok(), || "no command runs when it is over".into());
        row.unless(!self.arrives || refused.is_empty(), || format!("run and refused: {refused:?}"));
        row.unless(!stage.panicked()?, || "the gateway panicked".into());
        Ok(row)
    }

    /// First the commands themselves meet it, then everything that is asked of the API while some of them end unseen.
    async fn strike(&self, stage: &mut Stage, mishap: &Mishap, round: u32) -> Outcome<Vec<u64>> {
        (0..COMMANDS).for_each(|_| stage.api.befalls("/aliasexecution", mishap.clone()));
        let mut given: Vec<u64> = (0..COMMANDS).filter_map(|_| stage.give(0.0)).collect();
        stage.settle(&given, IN_DOUBT).await?;
        if round == 0 {
            given.extend(stage.give(1.0));
            stage.stream.turn(Way::Cut);
            (0..CALLS).for_each(|_| stage.api.befalls("/api/", mishap.clone()));
            given.extend((0..COMMANDS).filter_map(|_| stage.give(0.0)));
            stage.stream.turn(Way::Open);
        }
        Ok(given)
    }
}

fn answer(status: &str, headers: &str) -> Mishap {
    let body = r#"{"faultstring": "not now"}"#;
    Mishap::Answer(format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{headers}Content-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

/// How many commands are given at once.
const COMMANDS: usize = 3;

/// How many calls in a row go wrong.
const CALLS: usize = 8;

/// How long it may take until everybody was told: StackStorm is asked for a lost command for a minute.
const PATIENCE: Duration = Duration::from_secs(100);
