//! One chat panics every second. What the others notice of it, and what becomes of it.

use std::{collections::HashMap, time::Duration};

use fulmar_load::{
    samples::Samples,
    stackstorm::StackStorm,
    words::{self, Kind},
};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    account::Verdict,
    gateway::Wiring,
    report::Row,
    stage::{Plan, Stage},
    wait::{PATIENCE, until},
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Row> {
    // A few seconds tell nothing of a p99 but that there is one.
    let (pairs, window, limit) = length.choose((3, 3, f64::INFINITY), (10, 30, 1.1));
    let mut street = Street::set(site).await?;
    let mut ratios = Vec::new();
    for pair in 0..pairs {
        // Each kind comes first in half of the pairs.
        let panics_first = pair % 2 == 1;
        let first = street.window(window, panics_first).await?;
        let second = street.window(window, !panics_first).await?;
        ratios.push(if panics_first { first / second } else { second / first });
    }
    ratios.sort_by(f64::total_cmp);
    let median = median(&ratios);
    let restarts = street.restarts().await;
    let parked = street.parks().await?;
    let healed = street.heals(length).await?;
    let did = format!(
        "{pairs} pairs of {window} s with and without a panic of one chat a second ({restarts} lives): median of the \
         others' p99 ratios {median:.2}; parked after {:.0} s, back {:.0} s after the last panic",
        parked.as_secs_f64(),
        healed.as_secs_f64()
    );
    let verdict = Verdict { commands: street.count, ..Verdict::default() };
    let mut row = Row::new(Scenario::Neighbours, did, verdict, Some(healed));
    row.unless(street.lost == 0, || format!("{} of the others' commands were not answered", street.lost));
    row.unless(median <= limit, || format!("the others' p99 is {median:.2} times as long, {ratios:.2?}"));
    row.unless(restarts > 3, || format!("the chat lived only {restarts} lives"));
    Ok(row)
}

/// A gateway with a chat that panics and one beside it, at a StackStorm that costs nothing.
struct Street {
    stage: Stage,
    _stackstorm: StackStorm,
    read: usize,
    count: usize,
    lost: usize,
}

impl Street {
    async fn set(site: &Site) -> Outcome<Self> {
        let mut stage = Stage::set(site, "neighbours", Plan::default()).await?;
        let stackstorm = StackStorm::start()?;
        let wiring = Wiring {
            state: format!("sqlite:{}", stage.folder.join("journal.db").display()),
            results: "direct",
            progress: "30s",
            api: stackstorm.address,
            stream: stackstorm.address,
            web: None,
            chats: vec![
                ("good".into(), stage.network.address, stage.rooms.clone()),
                ("bad".into(), stage.network.address, vec!["#bad".into()]),
            ],
        };
        wiring.write(&stage.launch.config)?;
        stage.enter().await?;
        stage.until_clients(2).await?;
        Ok(Self { stage, _stackstorm: stackstorm, read: 0, count: 0, lost: 0 })
    }

    /// Commands at a steady rate; the p99 from command to result, in milliseconds.
    async fn window(&mut self, seconds: u32, panics: bool) -> Outcome<f64> {
        if panics {
            self.order("/chats/bad/restart").await?;
        }
        let (begin, first) = (Instant::now(), self.count);
        for place in 0..seconds * RATE {
            sleep_until(begin + Duration::from_secs(1) * place / RATE).await;
            if panics && place % RATE == RATE / 2 {
                self.order(PANIC).await?;
            }
            let room = self.stage.rooms.get(self.count % self.stage.rooms.len()).ok_or("there are no rooms")?;
            let command = words::command(self.count as u64, ALIASES);
            self.stage.network.say(&format!("u{}", self.count), room, &command);
            self.count += 1;
        }
        let mut results = HashMap::new();
        let all = seconds * RATE;
        let heard = until("the results of a window", PATIENCE, async || {
            self.hear(&mut results);
            Ok((results.len() >= all as usize).then_some(()))
        });
        if heard.await.is_err() {
            self.lost += all as usize - results.len();
        }
        let mut samples = Samples::default();
        samples.extend((0..all).filter_map(|place| {
            let said = results.get(&(first as u64 + u64::from(place)))?;
            said.checked_duration_since(begin + Duration::from_secs(1) * place / RATE)
        }));
        Ok(samples.spread().ok_or("there were no results")?.p99)
    }

    fn hear(&mut self, results: &mut HashMap<u64, Instant>) {
        let lines = self.stage.network.lines(self.read);
        self.read += lines.len();
        for line in lines {
            if let Some((Kind::Result, number)) = words::recognised(&line.text) {
                results.entry(number).or_insert(line.at);
            }
        }
    }

    async fn order(&mut self, path: &str) -> Outcome<()> {
        let answer = self.stage.running()?.ask("POST", path).await.ok_or("the gateway does not answer")?;
        if answer.status < 300 { Ok(()) } else { Err(format!("{path}: {} {}", answer.status, answer.body).into()) }
    }

    /// How many lives the chat had after its first.
    async fn restarts(&mut self) -> u64 {
        self.child("restarts").await.and_then(|it| it.as_u64()).unwrap_or(0)
    }

    async fn child(&mut self, what: &str) -> Option<Value> {
        let status = self.stage.running().ok()?.status().await?;
        let child = status
            .get("children")?
            .as_array()?
            .iter()
            .find(|child| child.get("name").is_some_and(|name| name == "chat/bad"))?;
        child.get(what).cloned()
    }

    /// It panics until it is parked.
    async fn parks(&mut self) -> Outcome<Duration> {
        self.order("/chats/bad/restart").await?;
        let begin = Instant::now();
        for second in 1.. {
            if self.child("phase").await.is_some_and(|phase| phase == "parked") {
                break;
            }
            if begin.elapsed() > 2 * PATIENCE {
                return Err("a chat that panics every second is never parked".into());
            }
            self.order(PANIC).await?;
            sleep_until(begin + Duration::from_secs(second)).await;
        }
        Ok(begin.elapsed())
    }

    /// It panics no more, and is back; in the short form an operator calls it back.
    async fn heals(&mut self, length: Length) -> Outcome<Duration> {
        let begin = Instant::now();
        if length == Length::Short {
            self.order("/chats/bad/restart").await?;
        }
        until("the return of a parked chat", PARK + PATIENCE, async || {
            let is_up = self.child("phase").await.is_some_and(|phase| phase == "up");
            Ok((is_up && self.stage.network.in_rooms() == 2).then_some(()))
        })
        .await?;
        Ok(begin.elapsed())
    }
}

fn median(sorted: &[f64]) -> f64 {
    let middle = |from: usize| sorted.get(from / 2).copied().unwrap_or(f64::NAN);
    (middle(sorted.len()) + middle(sorted.len().saturating_sub(1))) / 2.0
}

/// How many commands are given in a second.
const RATE: u32 = 50;

/// As many aliases as the stand-in has.
const ALIASES: u64 = 10;

/// How long a chat is parked.
const PARK: Duration = Duration::from_secs(300);

const PANIC: &str = "/test/chat:bad/panic-inside";
