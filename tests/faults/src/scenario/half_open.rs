//! Links that are open at our end only: nothing is closed, and nothing comes. And what many chats do when their server is
//! back.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    account::Verdict,
    gateway::Wiring,
    proxy::Way,
    report::Row,
    stage::{Plan, Stage},
    wait::IN_DOUBT,
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Vec<Row>> {
    let stage = Stage::set(site, "half-open", Plan::default()).await?;
    let many = Stage::set(site, "reconnects", Plan::default()).await?;
    let rounds = length.choose(1, 5);
    // Both are mostly waiting.
    let (hole, spread) = tokio::join!(hole(stage, rounds), spread(many, length));
    Ok(vec![hole?, spread?])
}

/// The stream and the chat fall silent at once, while a command runs and others are given.
async fn hole(mut stage: Stage, rounds: usize) -> Outcome<Row> {
    stage.enter().await?;
    let (mut noticed, mut worst) = ([Duration::ZERO; 2], Duration::ZERO);
    for _ in 0..rounds {
        let running = stage.give(10.0).ok_or("nobody is there to hear a command")?;
        stage.until_account("the ack", |account| account.is_acknowledged(running)).await?;
        stage.stream.turn(Way::Hole);
        stage.chat.turn(Way::Hole);
        let silent = Instant::now();
        for (place, is_up) in noticed.iter_mut().zip([stream_is_open, chat_is_up]) {
            stage.until_status("a silent link to be given up", |status| !is_up(status)).await?;
            *place = (*place).max(silent.elapsed());
        }
        stage.stream.turn(Way::Open);
        stage.chat.turn(Way::Open);
        let healed = Instant::now();
        stage.until_status("both links", |status| stream_is_open(status) && chat_is_up(status)).await?;
        stage.running()?.ready().await?;
        let after = stage.give(0.0).ok_or("nobody is there to hear a command")?;
        stage.settle(&[running, after], IN_DOUBT).await?;
        worst = worst.max(healed.elapsed());
    }
    let [stream, chat] = noticed.map(|it| it.as_secs_f64());
    let did = format!(
        "{rounds} x both links silent; the stream was given up after {stream:.0} s, the chat by {chat:.0} s"
    );
    let verdict = stage.settle(&[], IN_DOUBT).await?;
    let refused = verdict.refused.len() + verdict.unheard.len();
    let mut row = Row::new(Scenario::HalfOpen, did, verdict, Some(worst));
    row.unless(noticed.iter().all(|it| *it <= LIMIT), || "a silent link was noticed too late".into());
    row.unless(refused == 0, || format!("{refused} commands are not answered"));
    row.unless(!stage.panicked()?, || "the gateway panicked".into());
    Ok(row)
}

/// The server of many chats dies and comes back: not all of them return in the same moment.
async fn spread(mut stage: Stage, length: Length) -> Outcome<Row> {
    let wiring = Wiring {
        state: "memory".into(),
        results: "direct",
        progress: "30s",
        api: stage.api.address,
        stream: stage.stream.address,
        web: None,
        chats: (0..CHATS)
            .map(|number| (format!("bot{number}"), stage.network.address, vec![format!("#bot{number}")]))
            .collect(),
    };
    wiring.write(&stage.launch.config)?;
    stage.enter().await?;
    stage.until_clients(CHATS).await?;
    stage.network.die();
    sleep(length.choose(Duration::from_secs(10), Duration::from_secs(60))).await;
    stage.network.return_again().await;
    let back = Instant::now();
    stage.until_clients(CHATS).await?;
    let mut entries: Vec<f64> =
        stage.network.entries().iter().map(|entry| (*entry - back).as_secs_f64()).collect();
    entries.sort_by(f64::total_cmp);
    let (first, last) = (entries.first().copied().unwrap_or(0.0), entries.last().copied().unwrap_or(0.0));
    let most = crowd(&entries);
    let did = format!(
        "the server of {CHATS} chats died and came back: they returned {first:.1} to {last:.1} s later, at most {most} \
         within a second"
    );
    let mut row = Row::new(Scenario::HalfOpen, did, Verdict::default(), Some(Duration::from_secs_f64(last)));
    row.unless(most <= CHATS / 2, || format!("{most} of {CHATS} chats returned within a second"));
    Ok(row)
}

/// How many there are at most within a second.
fn crowd(sorted: &[f64]) -> usize {
    let within = |first: &f64| sorted.iter().filter(|it| (*first..first + 1.0).contains(*it)).count();
    sorted.iter().map(within).max().unwrap_or(0)
}

fn stream_is_open(status: &Value) -> bool {
    status.pointer("/stackstorm/default/stream/phase").is_some_and(|phase| phase == "open")
}

fn chat_is_up(status: &Value) -> bool {
    status.pointer("/chats/fulmar/phase").is_some_and(|phase| phase == "up")
}

/// Within what time a silent link is to be noticed: a minute, and a tick of its clock.
const LIMIT: Duration = Duration::from_secs(62);

/// How many chats there are.
const CHATS: usize = 20;
