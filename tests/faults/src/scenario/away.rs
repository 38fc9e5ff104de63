//! StackStorm's stream is away while executions finish and announcements are made.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    proxy::Way,
    report::Row,
    stage::{Plan, Stage},
    wait::{IN_DOUBT, PATIENCE, until},
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Row> {
    let (executions, away) = length.choose((40, Duration::from_secs(15)), (200, Duration::from_secs(600)));
    let mut stage = Stage::set(site, "stream-away", Plan::default()).await?;
    stage.enter().await?;
    let numbers = begin(&mut stage, executions, away).await?;
    stage.stream.turn(Way::Cut);
    let cut = Instant::now();
    for place in 0..ANNOUNCEMENTS {
        sleep_until(cut + away * place / ANNOUNCEMENTS).await;
        stage.announce().await?;
    }
    sleep_until(cut + away).await;
    // All have ended by now, unless StackStorm is late; results that were asked for are there already.
    until("the ends of all executions", PATIENCE, async || {
        stage.look().await?;
        Ok(stage.account.all_ended().then_some(()))
    })
    .await?;
    let early = stage.account.results().count();
    stage.stream.turn(Way::Open);
    let back = Instant::now();
    let verdict = stage.settle(&numbers, LIMIT + IN_DOUBT).await?;
    let worst = stage.account.results().max().map(|last| last.saturating_duration_since(back));
    let did = format!(
        "stream cut for {} s while {executions} executions ended and {ANNOUNCEMENTS} announcements were made; {early} \
         said before it was back",
        away.as_secs()
    );
    let missing = numbers.iter().filter(|number| stage.account.result_at(**number).is_none()).count();
    let inversions = stage.account.inversions();
    let mut row = Row::new(Scenario::StreamAway, did, verdict, worst);
    row.unless(missing == 0, || format!("{missing} results are missing"));
    row.unless(inversions.is_empty(), || format!("not in the order of their ends: {inversions:?}"));
    row.unless(worst.is_some_and(|worst| worst <= LIMIT), || "the last came too late".into());
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

/// Gives commands that end one after the other while the stream will be away; all of them are acknowledged.
async fn begin(stage: &mut Stage, count: u32, away: Duration) -> Outcome<Vec<u64>> {
    let mut numbers = Vec::new();
    for place in 0..count {
        let part = f64::from(place + 1) / f64::from(count + 1);
        // In another order than that in which they were given.
        let part = (part * 7.0) % 1.0;
        let seconds = MARGIN + away.as_secs_f64() * 0.9 * part;
        numbers.push(stage.give(seconds).ok_or("nobody is there to hear a command")?);
    }
    stage.until_account("all acks", |account| numbers.iter().all(|it| account.is_acknowledged(*it))).await?;
    Ok(numbers)
}

/// How many announcements are made.
const ANNOUNCEMENTS: u32 = 50;

/// How long after the stream is back everything is to be said.
const LIMIT: Duration = Duration::from_secs(60);

/// How long executions take at least, in seconds: until all commands are acknowledged.
const MARGIN: f64 = 2.0;
