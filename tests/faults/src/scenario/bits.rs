//! One flipped bit somewhere in a journal with open commands and things still to be said. The gateway starts, or says why
//! not; what it cannot read it reports.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::future::try_join_all;
use serde_json::Value;
use tokio::time::Instant;

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    account::Verdict,
    gateway::{Launch, Wiring},
    proxy::Way,
    report::Row,
    stage::{Plan, Stage},
    wait::{PATIENCE, until},
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Row> {
    let mut stage = Stage::set(site, "bit-flips", Plan::default()).await?;
    let killed = journal(&mut stage, "killed", "KILL").await?;
    let stopped = journal(&mut stage, "stopped", "TERM").await?;
    [&stage.api, &stage.stream, &stage.chat].into_iter().for_each(|proxy| proxy.turn(Way::Cut));
    let count = length.choose(10, 2500);
    let lanes = [&killed, &stopped, &killed, &stopped].into_iter().enumerate();
    let lanes: Vec<Lane> =
        lanes.map(|(number, journal)| Lane::new(&stage, number, journal, count)).collect::<Outcome<_>>()?;
    let begin = Instant::now();
    let tallies = try_join_all(lanes.into_iter().map(Lane::play)).await?;
    let sum = tallies.into_iter().fold(Tally::default(), Tally::and);
    let did = format!("{sum}; {:.0} s", begin.elapsed().as_secs_f64());
    let mut row = Row::new(Scenario::BitFlips, did, Verdict::default(), Some(sum.slowest));
    row.wrong.extend(sum.wrong);
    row.unless(sum.unharmed + sum.reported + sum.refused > 0, || "nothing was tried".into());
    Ok(row)
}

/// Makes a journal with commands that run and results that wait to be said, left by a gateway that ended in this way.
async fn journal(stage: &mut Stage, name: &str, signal: &str) -> Outcome<PathBuf> {
    let folder = stage.folder.join(name);
    fs::create_dir_all(&folder)?;
    stage.wiring.state = format!("sqlite:{}", folder.join("journal.db").display());
    stage.wiring.write(&stage.launch.config)?;
    stage.enter().await?;
    let running: Vec<u64> = (0..ROWS).filter_map(|_| stage.give(3600.0)).collect();
    let ending: Vec<u64> = (0..ROWS).filter_map(|_| stage.give(2.0)).collect();
    let all = [running, ending].concat();
    stage.until_account("all acks", |account| all.iter().all(|it| account.is_acknowledged(*it))).await?;
    stage.network.die();
    stage
        .until_status("results that wait", |status| counts(status).is_some_and(|[_, pending]| pending == ROWS))
        .await?;
    stage.running()?.process.signal(signal)?;
    until("the end of the gateway", PATIENCE, async || Ok(stage.running()?.process.ended()?)).await?;
    stage.gateway = None;
    stage.network.return_again().await;
    Ok(folder)
}

/// Flips bits one after the other.
struct Lane {
    launch: Launch,
    journal: PathBuf,
    copy: PathBuf,
    count: usize,
}

/// What came of flipped bits.
#[derive(Debug, Default)]
struct Tally {
    unharmed: usize,
    reported: usize,
    refused: usize,
    /// Commands and deliveries that were lost, all of them reported.
    lost: u64,
    slowest: Duration,
    wrong: Vec<String>,
}

impl Lane {
    /// A lane with its own copies. Nobody can be reached from it, so that nothing happens but a start.
    fn new(stage: &Stage, number: usize, journal: &Path, count: usize) -> Outcome<Self> {
        let copy = stage.folder.join(format!("lane{number}"));
        fs::create_dir_all(&copy)?;
        let state = format!("sqlite:{}", copy.join("journal.db").display());
        Wiring { state, ..stage.wiring.clone() }.write(&copy.join("fulmar.toml"))?;
        let launch =
            Launch { config: copy.join("fulmar.toml"), log: copy.join("gateway.log"), ..stage.launch.clone() };
        Ok(Self { launch, journal: journal.to_owned(), copy, count })
    }

    async fn play(self) -> Outcome<Tally> {
        let mut tally = Tally::default();
        let whole = self.start(&mut tally, None).await?.ok_or("an unharmed journal is refused")?;
        for _ in 0..self.count {
            let (file, bit) = self.choose()?;
            let place = format!("{} bit {bit} of {}", self.journal.display(), file.display());
            let Some(counts) = self.start(&mut tally, Some((&file, bit))).await? else { continue };
            let lost: u64 = whole.iter().zip(counts).map(|(whole, now)| whole.abs_diff(now)).sum();
            let is_reported = self.said()?.contains("journal");
            tally.lost += lost;
            match (lost, is_reported) {
                (0, false) => tally.unharmed += 1,
                (_, true) => tally.reported += 1,
                (_, false) => tally.wrong.push(format!("{place}: {lost} rows are missing and nothing is said")),
            }
        }
        Ok(tally)
    }

    /// A file of the journal and a bit in it.
    fn choose(&self) -> Outcome<(PathBuf, u64)> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.journal)? {
            let entry = entry?;
            files.push((PathBuf::from(entry.file_name()), entry.metadata()?.len() * 8));
        }
        files.sort();
        let all: u64 = files.iter().map(|(_, bits)| bits).sum();
        let mut bit = fastrand::u64(..all);
        for (file, bits) in files {
            if bit < bits {
                return Ok((file, bit));
            }
            bit -= bits;
        }
        Err("there is no journal".into())
    }

    /// Starts a gateway on a copy with a flipped bit: how many commands are open and deliveries pending; none if it ended.
    async fn start(&self, tally: &mut Tally, flip: Option<(&Path, u64)>) -> Outcome<Option<[u64; 2]>> {
        for ending in ["", "-wal", "-shm"] {
            let name = format!("journal.db{ending}");
            drop(fs::remove_file(self.copy.join(&name)));
            if self.journal.join(&name).exists() {
                fs::copy(self.journal.join(&name), self.copy.join(&name))?;
            }
        }
        if let Some((file, bit)) = flip {
            let mut bytes = fs::read(self.copy.join(file))?;
            let byte = usize::try_from(bit / 8)?;
            bytes.get_mut(byte).into_iter().for_each(|byte| *byte ^= 1 << (bit % 8));
            fs::write(self.copy.join(file), bytes)?;
        }
        fs::write(&self.launch.log, "")?;
        let begin = Instant::now();
        let mut gateway = self.launch.start()?;
        let started = until("a start", LIMIT, async || {
            if gateway.process.ended()?.is_some() {
                return Ok(Some(None));
            }
            Ok(gateway.status().await.as_ref().and_then(counts).map(Some))
        })
        .await;
        tally.slowest = tally.slowest.max(begin.elapsed());
        let said = self.said()?;
        let place = format!("{flip:?}");
        if said.contains("panicked at") {
            tally.wrong.push(format!("{place}: a panic: {said}"));
        }
        match started {
            Ok(Some(counts)) => return Ok(Some(counts)),
            Ok(None) if said.contains("journal") => tally.refused += 1,
            Ok(None) => tally.wrong.push(format!("{place}: it ended without a reason: {said}")),
            Err(_) => tally.wrong.push(format!("{place}: neither up nor ended in {LIMIT:?}: {said}")),
        }
        Ok(None)
    }

    /// What the gateway has said of its journal, but for the configuration's own lines.
    fn said(&self) -> Outcome<String> {
        let all = fs::read_to_string(&self.launch.log)?;
        Ok(all.lines().filter(|line| !line.contains(" INFO ")).collect::<Vec<_>>().join("\n"))
    }
}

impl Tally {
    fn and(mut self, other: Self) -> Self {
        self.unharmed += other.unharmed;
        self.reported += other.reported;
        self.refused += other.refused;
        self.lost += other.lost;
        self.slowest = self.slowest.max(other.slowest);
        self.wrong.extend(other.wrong);
        self
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { unharmed, reported, refused, lost, .. } = self;
        let all = unharmed + reported + refused;
        write!(
            to,
            "{all} flipped bits: {unharmed} without effect, {reported} reported with {lost} rows lost in all, {refused} \
             times no start and a reason"
        )
    }
}

/// How many commands are open and deliveries pending.
fn counts(status: &Value) -> Option<[u64; 2]> {
    let count = |name: &str| status.pointer(&format!("/journal/{name}"))?.as_u64();
    Some([count("open")?, count("pending")?])
}

/// How many commands run in the journal, and how many results wait in it.
const ROWS: u64 = 20;

/// Within what time the gateway is up or has said why not.
const LIMIT: Duration = Duration::from_secs(5);
