//! A crash before and after each write of one command's story, told by a switch of the gateway; then it starts again.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::Instant;

use super::Scenario;
use crate::{
    Outcome, Site,
    network::Receipts,
    report::Row,
    stage::{Plan, Stage},
    wait::{PATIENCE, until},
};

pub(super) async fn play(site: &Site) -> Outcome<Vec<Row>> {
    let plans = [
        Plan { receipts: Receipts::Echo, results: "direct" },
        Plan { receipts: Receipts::Pong, results: "direct" },
        Plan { receipts: Receipts::Echo, results: "announcement" },
    ];
    let lanes = plans.iter().flat_map(|plan| [Side::Before, Side::After].map(|side| (*plan, side)));
    // They mostly wait, each for its own StackStorm.
    let lanes = lanes.map(async |(plan, side)| Steps::set(site, plan, side).await?.play().await);
    try_join_all(lanes).await
}

/// All crashes of one kind of story, on one side of each write.
struct Steps {
    stage: Stage,
    plan: Plan,
    side: Side,
    crashes: usize,
    worst: Duration,
    wrong: Vec<String>,
}

/// On which side of a write the crash comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// What became of one crash.
enum Met {
    /// It came, before the command was given.
    Early,
    /// It came, after the command with this number was given.
    Within(u64),
    /// The story ended without it.
    Never,
}

impl Steps {
    async fn set(site: &Site, plan: Plan, side: Side) -> Outcome<Self> {
        let name = format!("crash-steps-{}-{:?}-{side:?}", plan.results, plan.receipts).to_lowercase();
        let stage = Stage::set(site, &name, plan).await?;
        Ok(Self { stage, plan, side, crashes: 0, worst: Duration::ZERO, wrong: Vec::new() })
    }

    async fn play(mut self) -> Outcome<Row> {
        let mut is_first = true;
        for write in 1..=MOST {
            let point = format!("{:?}:{write}", self.side).to_lowercase();
            let due = match self.crash(&point).await? {
                Met::Early => Vec::new(),
                // The first crash after it was given comes before it was written down.
                Met::Within(_) if std::mem::take(&mut is_first) && self.side == Side::Before => Vec::new(),
                Met::Within(number) => vec![number],
                Met::Never => break,
            };
            self.survive(&point, &due).await?;
        }
        self.row()
    }

    /// A gateway without a past lives until it crashes at `point`, or has told all of its story.
    async fn crash(&mut self, point: &str) -> Outcome<Met> {
        let stage = &mut self.stage;
        stage.gateway = None;
        for ending in ["", "-wal", "-shm"] {
            // There may be none.
            drop(std::fs::remove_file(stage.folder.join(format!("journal.db{ending}"))));
        }
        stage.launch.environment = vec![("FULMAR_TEST_CRASH", point.to_owned())];
        stage.gateway = Some(stage.launch.start()?);
        let is_up = until("the gateway", PATIENCE, async || {
            let gateway = stage.running()?;
            let is_up = gateway.ask("GET", "/ready").await.is_some_and(|answer| answer.status == 200);
            Ok(if gateway.process.was_killed()? { Some(false) } else { is_up.then_some(true) })
        });
        if !is_up.await? {
            return Ok(Met::Early);
        }
        stage.announce().await?;
        let number = stage.give(0.0).ok_or("nobody is there to hear the command")?;
        until("a crash, or the end of the story", PATIENCE, async || {
            stage.hear();
            if stage.running()?.process.was_killed()? {
                return Ok(Some(Met::Within(number)));
            }
            let is_over = stage.account.is_answered(number) && stage.running()?.is_done().await;
            Ok(is_over.then_some(Met::Never))
        })
        .await
    }

    /// The gateway starts again, and owes nothing in the end.
    async fn survive(&mut self, point: &str, due: &[u64]) -> Outcome<()> {
        self.crashes += 1;
        self.stage.launch.environment.clear();
        let start = Instant::now();
        self.stage.enter().await?;
        let before = self.stage.account.verdict();
        let verdict = self.stage.settle(due, OVERDUE).await?;
        if verdict.lost.iter().any(|lost| !before.lost.contains(lost)) || !self.all_answered(due) {
            self.wrong.push(format!("{point} ({}): {:?}, due {due:?}", self.plan.results, verdict.lost));
        }
        let said = due.iter().filter_map(|number| self.stage.account.result_at(*number)).max();
        let took = said.and_then(|said| said.checked_duration_since(start));
        self.worst = self.worst.max(took.unwrap_or_default());
        Ok(())
    }

    fn all_answered(&self, due: &[u64]) -> bool {
        due.iter().all(|number| self.stage.account.is_answered(*number))
    }

    fn row(mut self) -> Outcome<Row> {
        let verdict = self.stage.account.verdict();
        let receipts = match self.plan.receipts {
            Receipts::Echo => "echoes",
            Receipts::Pong => "pongs",
        };
        let did = format!(
            "{} crashes, one {} each write; {} results, receipts by {receipts}; {} not heard",
            self.crashes,
            if self.side == Side::Before { "before" } else { "after" },
            self.plan.results,
            verdict.unheard.len()
        );
        let mut row = Row::new(Scenario::CrashSteps, did, verdict, Some(self.worst));
        row.wrong.append(&mut self.wrong);
        row.unless(self.crashes > 4, || format!("only {} crashes", self.crashes));
        row.unless(!self.stage.panicked()?, || "the gateway panicked".into());
        Ok(row)
    }
}

/// How long a story may take from the start after a crash.
const OVERDUE: Duration = Duration::from_secs(30);

/// More writes than a story has.
const MOST: usize = 60;
