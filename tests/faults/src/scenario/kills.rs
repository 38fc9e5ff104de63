//! `kill -9` at random moments under 50 commands a second; the gateway is started again at once.

use std::time::Duration;

use tokio::time::Instant;

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    report::Row,
    stage::{Plan, Stage},
    wait::IN_DOUBT,
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Row> {
    let kills = length.choose(20, 1000);
    let mut stage = Stage::set(site, "kill-random", Plan::default()).await?;
    stage.enter().await?;
    let mut killed = Vec::new();
    for kill in 0..kills {
        // Half of them in the middle of a start, the others when it is over.
        if kill % 2 == 1 {
            stage.give_until_heard(RATE).await?;
        }
        stage.give_for(Duration::from_millis(fastrand::u64(..=LIFE)), RATE).await?;
        stage.kill()?;
        killed.push(Instant::now());
        stage.gateway = Some(stage.launch.start()?);
        if kill % 20 == 19 {
            // StackStorm does not remember all of them for ever.
            stage.look().await?;
        }
    }
    stage.running()?.ready().await?;
    let before = stage.last();
    stage.give_for(Duration::from_secs(1), RATE).await?;
    let due: Vec<u64> = (before + 1..=stage.last()).collect();
    let verdict = stage.settle(&due, IN_DOUBT).await?;
    let worst = recovery(&killed, stage.account.results().collect());
    let did = format!(
        "{kills} x kill -9 under {RATE} commands/s; {} run, {} not heard, {} refused",
        verdict.run,
        verdict.unheard.len(),
        verdict.refused.len()
    );
    let (unheard, run) = (verdict.unheard.iter().filter(|number| due.contains(number)).count(), verdict.run);
    let mut row = Row::new(Scenario::KillRandom, did, verdict, worst);
    row.unless(unheard == 0, || format!("{unheard} commands of the last life are not answered"));
    row.unless(run > kills, || format!("only {run} commands were run"));
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

/// The longest time from a kill to the next result, of those that were followed by one before the next kill.
fn recovery(killed: &[Instant], mut results: Vec<Instant>) -> Option<Duration> {
    results.sort();
    let nexts = killed.iter().skip(1).map(Some).chain([None]);
    let recoveries = killed.iter().zip(nexts).filter_map(|(kill, next)| {
        let first = results.get(results.partition_point(|result| result < kill))?;
        next.is_none_or(|next| first < next).then(|| *first - *kill)
    });
    recoveries.max()
}

/// How many commands are given in a second.
const RATE: u32 = 50;

/// How long a life lasts at most, in milliseconds.
const LIFE: u64 = 1500;
