//! Many faults at once, one over the other, in an order that chance makes, under commands of every kind. Then all is well again,
//! and the account must hold.

mod crowd;
mod script;

use std::{net::TcpListener, time::Duration};

use fastrand::Rng;
use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep, sleep_until};

use self::{
    crowd::Crowd,
    script::{End, Fault, Script, Turn},
};
use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    account::Verdict,
    mount::{Disk, Trouble},
    network::Receipts,
    proxy::Way,
    report::Row,
    stackstorm,
    stage::{Plan, Stage},
    wait::until,
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Vec<Row>> {
    let rounds = length.choose(1, 100);
    let mut rows = Vec::new();
    for first in (0..rounds).step_by(AT_ONCE) {
        // They mostly wait, each for its own StackStorm.
        let seeds = (first..rounds.min(first + AT_ONCE)).map(|round| site.seed.wrapping_add(round as u64));
        rows.extend(try_join_all(seeds.map(|seed| round(site, seed))).await?);
    }
    Ok(rows)
}

/// All that one seed makes.
async fn round(site: &Site, seed: u64) -> Outcome<Row> {
    let mut rng = Rng::with_seed(seed);
    let plan = Plan {
        receipts: if rng.bool() { Receipts::Echo } else { Receipts::Pong },
        results: if rng.u32(..3) > 0 { "direct" } else { "announcement" },
    };
    let script = Script::draw(&mut rng, LENGTH);
    let mut round = Round::set(site, seed, plan, &script, rng).await?;
    round.stage.enter().await?;
    sleep(stackstorm::BLUR).await;
    round.suffer(&script).await?;
    let over = Instant::now();
    let healed = round.heal().await;
    let due = round.last_words().await?;
    let verdict = round.stage.settle(&due, OVERDUE).await?;
    let unheard = verdict.unheard.clone();
    let mut row = round.row(healed.err().map(|error| error.to_string()), verdict, &due, over)?;
    row.unless(unheard.is_empty() || script.deafens(), || format!("heard and never answered: {unheard:?}"));
    if !row.wrong.is_empty() {
        let folder = round.stage.folder.display();
        eprintln!("chaos: seed {seed}, {plan:?}, in {folder}\n{script}{:#?}", row.wrong);
    }
    Ok(row)
}

/// One round.
struct Round {
    seed: u64,
    stage: Stage,
    crowd: Crowd,
    rng: Rng,
    disk: Option<Disk>,
    /// Whether nobody has ended the gateway.
    is_to_run: bool,
    /// Whether the disk is full.
    is_full: bool,
    wrong: Vec<String>,
}

impl Round {
    async fn set(site: &Site, seed: u64, plan: Plan, script: &Script, mut rng: Rng) -> Outcome<Self> {
        let mut stage = Stage::set(site, &format!("chaos-{seed}"), plan).await?;
        let disk = script.has_disk().then(|| Disk::mount(&site.folder, &format!("chaos-{seed}"), Trouble::Full));
        // Where nobody may mount anything, nothing is ever full.
        let disk = disk.and_then(|disk| disk.inspect_err(|error| eprintln!("chaos: no full disk: {error}")).ok());
        if let Some(disk) = &disk {
            stage.wiring.state = format!("sqlite:{}", disk.state().join("journal.db").display());
        }
        let web = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        stage.wiring.web = Some(web);
        stage.wiring.progress = "3s";
        stage.wiring.write(&stage.launch.config)?;
        let crowd = Crowd::new(rng.fork(), web);
        Ok(Self { seed, stage, crowd, rng, disk, is_to_run: true, is_full: false, wrong: Vec::new() })
    }

    /// Plays the script while people give commands.
    async fn suffer(&mut self, script: &Script) -> Outcome<()> {
        let begin = Instant::now();
        for (at, turn) in script.turns() {
            self.live_until(begin + at).await?;
            match turn {
                Turn::Begin(fault) => self.strike(fault).await?,
                Turn::Over(fault) => self.relieve(fault).await?,
            }
        }
        self.live_until(begin + LENGTH).await
    }

    /// People give commands, and the gateway is started again should it have ended by itself.
    async fn live_until(&mut self, deadline: Instant) -> Outcome<()> {
        loop {
            let next = Instant::now() + BETWEEN.mul_f64(2.0 * self.rng.f64());
            if next >= deadline {
                sleep_until(deadline).await;
                return Ok(());
            }
            sleep_until(next).await;
            self.stage.hear();
            self.crowd.act(&mut self.stage);
            self.watch()?;
        }
    }

    /// Starts the gateway again should it have ended by itself, which it may only while it cannot open its journal.
    fn watch(&mut self) -> Outcome<()> {
        let Some(gateway) = self.stage.gateway.as_mut().filter(|_| self.is_to_run) else { return Ok(()) };
        let Some(status) = gateway.process.ended()? else { return Ok(()) };
        if !self.is_full {
            self.wrong.push(format!("the gateway ended by itself: {status}"));
        }
        self.start()
    }

    fn start(&mut self) -> Outcome<()> {
        self.stage.gateway = Some(self.stage.launch.start()?);
        self.is_to_run = true;
        Ok(())
    }

    async fn strike(&mut self, fault: &Fault) -> Outcome<()> {
        let stage = &mut self.stage;
        match fault {
            Fault::Api(way) => stage.api.turn(*way),
            Fault::Chat(way) => stage.chat.turn(*way),
            Fault::Disk => {
                self.disk.as_ref().map_or(Ok(()), Disk::suffer)?;
                self.is_full = true;
            }
            Fault::Gateway(end) => self.end(*end).await?,
            Fault::Network => stage.network.die(),
            Fault::Sandbox(fault) => {
                let (address, fault) = (stage.stackstorm.address, fault.clone());
                // It may stand still.
                drop(tokio::spawn(async move { stackstorm::suffer(address, &fault).await.is_ok() }));
            }
            Fault::StackStorm => stage.stackstorm.process.signal("STOP")?,
            Fault::Stream(way) => stage.stream.turn(*way),
        }
        Ok(())
    }

    async fn relieve(&mut self, fault: &Fault) -> Outcome<()> {
        let stage = &mut self.stage;
        match fault {
            Fault::Api(_) => stage.api.turn(Way::Open),
            Fault::Chat(_) => stage.chat.turn(Way::Open),
            Fault::Disk => {
                if let Some(disk) = &self.disk {
                    disk.recover().await?;
                }
                self.is_full = false;
            }
            Fault::Gateway(End::Stop) => {
                self.stopped().await?;
                self.start()?;
            }
            Fault::Gateway(_) => self.start()?,
            Fault::Network => stage.network.return_again().await,
            Fault::Sandbox(_) => {}
            Fault::StackStorm => stage.stackstorm.process.signal("CONT")?,
            Fault::Stream(_) => stage.stream.turn(Way::Open),
        }
        Ok(())
    }

    /// The gateway ends.
    async fn end(&mut self, end: End) -> Outcome<()> {
        self.is_to_run = false;
        match end {
            End::Kill => self.stage.kill()?,
            End::KillTwice(after) => {
                self.stage.kill()?;
                self.stage.gateway = Some(self.stage.launch.start()?);
                sleep(after).await;
                self.stage.kill()?;
            }
            End::Stop => self.stage.running()?.process.signal("TERM")?,
            End::StopAndKill(after) => {
                self.stage.running()?.process.signal("TERM")?;
                sleep(after).await;
                self.stage.kill()?;
            }
        }
        Ok(())
    }

    /// A gateway that was told to ends.
    async fn stopped(&mut self) -> Outcome<()> {
        let process = &mut self.stage.running()?.process;
        let status =
            until("the end of a gateway that was told to", STOPPING, async || Ok(process.ended()?)).await?;
        if !status.success() {
            self.wrong.push(format!("a gateway that was told to end did so by {status}"));
        }
        Ok(())
    }

    /// All is well again, and the gateway ready.
    async fn heal(&mut self) -> Outcome<()> {
        let address = self.stage.stackstorm.address;
        until("an end of the sandbox's faults", OVERDUE, async || Ok(stackstorm::heal(address).await.ok()))
            .await?;
        until("the gateway's readiness", OVERDUE, async || {
            self.stage.hear();
            self.watch()?;
            let answer = self.stage.running()?.ask("GET", "/ready").await;
            Ok(answer.filter(|answer| answer.status == 200).map(drop))
        })
        .await?;
        // What is said into a link of which it is not known yet that it is dead, nobody hears.
        until("a command that runs", OVERDUE, async || {
            let number = self.stage.give(0.0);
            sleep(Duration::from_secs(2)).await;
            self.stage.hear();
            Ok(number.and_then(|number| self.stage.account.result_at(number)).map(drop))
        })
        .await
    }

    /// Somebody gives a command in each room; these must be answered.
    async fn last_words(&mut self) -> Outcome<Vec<u64>> {
        self.crowd.finish(&mut self.stage).await;
        Ok((0..self.stage.rooms.len()).filter_map(|_| self.stage.give(0.0)).collect())
    }

    fn row(&mut self, ill: Option<String>, mut verdict: Verdict, due: &[u64], over: Instant) -> Outcome<Row> {
        let told = verdict.unclear.extract_if(.., |number| self.crowd.unmarked.contains(number)).count();
        let inversions = self.stage.account.inversions().len();
        let unanswered = due.iter().filter(|it| self.stage.account.result_at(**it).is_none()).count();
        let last = self.stage.account.results().max();
        let worst = last.map(|last| last.saturating_duration_since(over));
        let did = format!(
            "seed {}: {} run, {} refused, {} not heard, {told} of several unclear, {inversions} results after those of what \
             ended later",
            self.seed,
            verdict.run,
            verdict.refused.len(),
            verdict.unheard.len()
        );
        let mut row = Row::new(Scenario::Chaos, did, verdict, worst);
        row.wrong.extend(ill);
        row.wrong.append(&mut self.wrong);
        row.unless(due.len() == self.stage.rooms.len(), || "nobody hears commands when all is well".into());
        row.unless(unanswered == 0, || format!("{unanswered} commands are not run when all is well"));
        row.unless(!self.stage.panicked()?, || "the gateway panicked".into());
        Ok(row)
    }
}

/// How long everything goes wrong.
const LENGTH: Duration = Duration::from_secs(35);

/// How long there is between two commands, as a rule.
const BETWEEN: Duration = Duration::from_millis(300);

/// How long it may take until everybody was told: StackStorm is asked for a lost command for a minute, a silent link is
/// noticed in a minute, and refused credentials rest.
const OVERDUE: Duration = Duration::from_secs(200);

/// How long a gateway may take to end.
const STOPPING: Duration = Duration::from_secs(20);

/// How many rounds are played beside each other.
const AT_ONCE: usize = 6;
