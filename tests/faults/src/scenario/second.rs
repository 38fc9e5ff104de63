//! A second process with the same journal.

use std::time::Duration;

use super::Scenario;
use crate::{
    Outcome, Site,
    report::Row,
    stage::{Plan, Stage},
    wait::{IN_DOUBT, PATIENCE, until},
};

pub(super) async fn play(site: &Site) -> Outcome<Row> {
    let mut stage = Stage::set(site, "second-process", Plan::default()).await?;
    stage.enter().await?;
    let mut second = stage.launch.start()?;
    let status = until("the end of a second process", PATIENCE, async || {
        stage.give(0.0);
        Ok(second.process.ended()?)
    })
    .await?;
    let said = second.process.said()?;
    let due: Vec<u64> = (1..=stage.last()).collect();
    let verdict = stage.settle(&due, IN_DOUBT).await?;
    let code = status.code();
    let did = format!("a second process on the same journal: it ended with code {}", code.unwrap_or(-1));
    let unheard = verdict.unheard.len() + verdict.refused.len();
    let mut row = Row::new(Scenario::SecondProcess, did, verdict, None::<Duration>);
    row.unless(code.is_some_and(|code| code != 0), || format!("the second process ended with {status}"));
    row.unless(said.contains("journal.db") && said.contains("another process"), || format!("no reason in {said}"));
    row.unless(unheard == 0, || format!("{unheard} commands to the first are not answered"));
    Ok(row)
}
