//! The wall clock jumps by an hour, forwards and back, while commands run; the gateway is killed and started in between.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    report::Row,
    stage::{Plan, Stage},
    wait::IN_DOUBT,
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Row> {
    let Some(library) = library() else {
        return Ok(Row::skipped(Scenario::Clocks, "there is no libfaketime"));
    };
    let rounds = length.choose(1, 10);
    let mut stage = Stage::set(site, "clocks", Plan::default()).await?;
    let clock = stage.folder.join("clock");
    turn(&clock, "+0")?;
    stage.launch.environment = vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".into()),
        // Time itself goes on as always: only what the clock on the wall shows jumps.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
        ("DONT_FAKE_MONOTONIC", "1".into()),
    ];
    stage.enter().await?;
    let mut due = Vec::new();
    for _ in 0..rounds {
        for jump in ["+3600", "+0", "-3600", "+0"] {
            let running: Vec<u64> = (0..5).filter_map(|_| stage.give(2.0)).collect();
            stage
                .until_account("the acks", |account| running.iter().all(|it| account.is_acknowledged(*it)))
                .await?;
            turn(&clock, jump)?;
            let before = stage.last();
            stage.give_for(Duration::from_secs(1), RATE).await?;
            due.extend(running);
            due.extend(before + 1..=stage.last());
            stage.settle(&due, IN_DOUBT).await?;
        }
        for jump in ["+3600", "+0"] {
            let running: Vec<u64> = (0..5).filter_map(|_| stage.give(1.0)).collect();
            stage
                .until_account("the acks", |account| running.iter().all(|it| account.is_acknowledged(*it)))
                .await?;
            stage.kill()?;
            turn(&clock, jump)?;
            stage.announce().await?;
            stage.enter().await?;
            stage.settle(&running, IN_DOUBT).await?;
            due.extend(running);
        }
    }
    let verdict = stage.settle(&due, IN_DOUBT).await?;
    let did = format!(
        "{} jumps of the wall clock by an hour, forwards and back, a third of them while no gateway ran",
        6 * rounds
    );
    let unanswered = verdict.unheard.len() + verdict.refused.len();
    let mut row = Row::new(Scenario::Clocks, did, verdict, None);
    row.unless(unanswered == 0, || format!("{unanswered} commands did not run"));
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

fn turn(clock: &Path, by: &str) -> Outcome<()> {
    // At once, so that nobody reads half of it.
    let new = clock.with_extension("new");
    fs::write(&new, by)?;
    Ok(fs::rename(new, clock)?)
}

/// Where Debian has it.
fn library() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").ok()?;
    let libraries = folders.filter_map(|entry| Some(entry.ok()?.path().join("faketime/libfaketimeMT.so.1")));
    libraries.into_iter().find(|library| library.exists())
}

/// How many commands are given in a second.
const RATE: u32 = 10;
