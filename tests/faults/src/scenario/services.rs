//! StackStorm's services go and come, one by one: they are stopped, out of reach, killed.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    proxy::Way,
    report::Row,
    stage::{Plan, Stage},
    wait::{IN_DOUBT, PATIENCE},
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Vec<Row>> {
    let away = length.choose(Duration::from_secs(3), Duration::from_secs(40));
    Ok(vec![
        frozen(Stage::set(site, "services-frozen", Plan::default()).await?, away).await?,
        cut(Stage::set(site, "services-cut", Plan::default()).await?, away, length).await?,
        killed(Stage::set(site, "services-killed", Plan::default()).await?, away).await?,
    ])
}

/// All of StackStorm stands still, and goes on.
async fn frozen(mut stage: Stage, away: Duration) -> Outcome<Row> {
    stage.enter().await?;
    let before = stage.last();
    stage.give_for(LEAD, RATE).await?;
    stage.stackstorm.process.signal("STOP")?;
    // More would fill the calls that may be open at once: that is for another test.
    stage.give_for(LEAD, RATE).await?;
    sleep(away).await;
    stage.stackstorm.process.signal("CONT")?;
    let back = Instant::now();
    stage.give_for(LEAD, RATE).await?;
    let all: Vec<u64> = (before + 1..=stage.last()).collect();
    let verdict = stage.settle(&all, IN_DOUBT).await?;
    let worst = stage.account.results().max().map(|last| last.saturating_duration_since(back));
    let did = format!("StackStorm stopped for {} s and continued, under {RATE} commands/s", away.as_secs());
    let (unheard, refused) = (verdict.unheard.len(), verdict.refused.len());
    let mut row = Row::new(Scenario::Services, did, verdict, worst);
    row.unless(unheard + refused == 0, || format!("{unheard} not answered, {refused} refused"));
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

/// The API is out of reach, then the stream, then both.
async fn cut(mut stage: Stage, away: Duration, length: Length) -> Outcome<Row> {
    stage.enter().await?;
    let (before, mut worst) = (stage.last(), Duration::ZERO);
    for _ in 0..length.choose(1, 5) {
        for services in [[true, false], [false, true], [true, true]] {
            stage.give(away.as_secs_f64() / 2.0);
            stage.give_for(LEAD, RATE).await?;
            turn(&stage, services, Way::Cut);
            stage.give_for(away, RATE).await?;
            turn(&stage, services, Way::Open);
            let back = Instant::now();
            let first = stage.last() + 1;
            stage.give_for(LEAD, RATE).await?;
            stage.settle(&(first..=stage.last()).collect::<Vec<_>>(), IN_DOUBT).await?;
            worst = worst.max(back.elapsed());
        }
    }
    let all: Vec<u64> = (before + 1..=stage.last()).collect();
    let verdict = stage.settle(&all, IN_DOUBT).await?;
    let did = format!(
        "API, stream, both out of reach for {} s, under {RATE} commands/s; {} run, {} refused",
        away.as_secs(),
        verdict.run,
        verdict.refused.len()
    );
    let unheard = verdict.unheard.len();
    let mut row = Row::new(Scenario::Services, did, verdict, Some(worst));
    row.unless(unheard == 0, || format!("{unheard} not answered"));
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

/// StackStorm dies and forgets what it ran: everybody who waits is told.
async fn killed(mut stage: Stage, away: Duration) -> Outcome<Row> {
    stage.enter().await?;
    let before = stage.last();
    let waiting: Vec<u64> = (0..10).filter_map(|_| stage.give(3600.0)).collect();
    stage.give_for(LEAD, RATE).await?;
    stage.look().await?;
    stage.stackstorm.process.kill()?;
    // A proxy before nothing would close connections; nothing refuses them.
    turn(&stage, [true, true], Way::Cut);
    stage.account.forgotten();
    stage.give_for(away, RATE).await?;
    stage.stackstorm.return_again().await?;
    turn(&stage, [true, true], Way::Open);
    let back = Instant::now();
    stage.until_one_runs(PATIENCE).await?;
    let worst = back.elapsed();
    let all: Vec<u64> = (before + 1..=stage.last()).collect();
    let mut verdict = stage.settle(&all, IN_DOUBT).await?;
    let told = verdict.unclear.extract_if(.., |number| waiting.contains(number)).count();
    let did = format!(
        "StackStorm killed and started again {} s later, its memory gone; {told} of {} who waited were told, {} refused",
        away.as_secs(),
        waiting.len(),
        verdict.refused.len()
    );
    let unheard = verdict.unheard.len();
    let mut row = Row::new(Scenario::Services, did, verdict, Some(worst));
    row.unless(unheard == 0, || format!("{unheard} not answered"));
    row.unless(told == waiting.len(), || "somebody waits for what is forgotten".into());
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

fn turn(stage: &Stage, [api, stream]: [bool; 2], way: Way) {
    [(&stage.api, api), (&stage.stream, stream)]
        .into_iter()
        .filter(|(_, is_meant)| *is_meant)
        .for_each(|(proxy, _)| proxy.turn(way));
}

/// How many commands are given in a second.
const RATE: u32 = 10;

/// How long commands are given before something happens.
const LEAD: Duration = Duration::from_secs(1);
