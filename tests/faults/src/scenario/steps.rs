//! A crash before and after each write of one command's story, told by a switch of the gateway; then it starts again.

use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};

use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    network::Receipts,
    report::Row,
    stage::{Plan, Stage},
    wait::{PATIENCE, until},
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Vec<Row>> {
    let plans = [
        Plan { receipts: Receipts::Echo, results: "direct" },
        Plan { receipts: Receipts::Pong, results: "direct" },
        Plan { receipts: Receipts::Echo, results: "announcement" },
    ];
    let lanes = plans.iter().flat_map(|plan| [Side::Before, Side::After].map(|side| (*plan, side)));
    // They mostly wait, each for its own StackStorm.
    let lanes =
        lanes.map(async |(plan, side)| Steps::set(site, plan, side, length == Length::Long).await?.play().await);
    try_join_all(lanes).await
}

/// All crashes of one kind of story, on one side of each write.
struct Steps {
    stage: Stage,
    plan: Plan,
    side: Side,
    crashes: usize,
    /// Whether what is looked for is waited for: that takes a minute.
    is_patient: bool,
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
    /// It came, after the command with this number was given, and perhaps after that was seen in the journal.
    Within { number: u64, is_heard: bool },
    /// The story ended without it.
    Never,
}

impl Steps {
    async fn set(site: &Site, plan: Plan, side: Side, is_patient: bool) -> Outcome<Self> {
        let name = format!("crash-steps-{}-{:?}-{side:?}", plan.results, plan.receipts).to_lowercase();
        let stage = Stage::set(site, &name, plan).await?;
        Ok(Self { stage, plan, side, crashes: 0, is_patient, worst: Duration::ZERO, wrong: Vec::new() })
    }

    async fn play(mut self) -> Outcome<Row> {
        for write in 1..=MOST {
            let point = format!("{:?}:{write}", self.side).to_lowercase();
            let due = match self.crash(&point).await? {
                Met::Early => Vec::new(),
                // Perhaps it was not even written down.
                Met::Within { is_heard: false, .. } if self.side == Side::Before => Vec::new(),
                Met::Within { number, .. } => vec![number],
                Met::Never => break,
            };
            self.survive(&point, &due).await?;
        }
        self.row()
    }

    /// A gateway without a past lives until it crashes at `point`, or has told all of its story.
    async fn crash(&mut self, point: &str) -> Outcome<Met> {
        let stage = &mut self.stage;
        let journal = stage.folder.join(format!("journal-{point}.db"));
        stage.wiring.state = format!("sqlite:{}", journal.display());
        stage.wiring.write(&stage.launch.config)?;
        // StackStorm's times are seconds: what was announced in this one would be news to who has no past.
        sleep(Duration::from_secs(2)).await;
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
        let number = stage.give(0.0).ok_or("nobody is there to hear the command")?;
        let mut is_heard = false;
        until("a crash, or the end of the story", PATIENCE, async || {
            stage.hear();
            if stage.running()?.process.was_killed()? {
                return Ok(Some(Met::Within { number, is_heard }));
            }
            let status = stage.running()?.status().await.unwrap_or_default();
            let is_open = status.pointer("/journal/open").is_some_and(|open| open != 0);
            if !is_heard && (is_open || stage.account.is_answered(number)) {
                is_heard = true;
                stage.announce().await?;
            }
            let is_over = is_heard && !is_open && !stage.owes();
            Ok((is_over && stage.running()?.is_done().await).then_some(Met::Never))
        })
        .await
    }

    /// The gateway starts again, and owes nothing in the end, but for what it says it is looking for.
    async fn survive(&mut self, point: &str, due: &[u64]) -> Outcome<()> {
        self.crashes += 1;
        let stage = &mut self.stage;
        stage.launch.environment.clear();
        let start = Instant::now();
        stage.enter().await?;
        let met = until("the end of it all", OVERDUE, async || {
            stage.look().await?;
            let account = &stage.account;
            let is_met = due.iter().all(|it| account.is_answered(*it) || account.is_doubtful(*it));
            let is_settled = is_met && account.all_ended() && !stage.owes();
            let is_doubtful = due.iter().any(|it| stage.account.is_doubtful(*it));
            Ok((is_settled && (is_doubtful || stage.running()?.is_done().await)).then_some(()))
        });
        if met.await.is_err() {
            let verdict = stage.settle(due, Duration::ZERO).await?;
            self.wrong.push(format!("{point} ({}): {:?}, due {due:?}", self.plan.results, verdict.lost));
        }
        if self.is_patient {
            stage.settle(due, 2 * PATIENCE).await?;
            let unanswered = due.iter().filter(|it| !stage.account.is_answered(**it)).count();
            if unanswered > 0 {
                self.wrong
                    .push(format!("{point} ({}): {due:?} is looked for and never told of", self.plan.results));
            }
        }
        let said = due.iter().filter_map(|number| stage.account.result_at(*number)).max();
        let took = said.and_then(|said| said.checked_duration_since(start));
        self.worst = self.worst.max(took.unwrap_or_default());
        Ok(())
    }

    fn row(mut self) -> Outcome<Row> {
        let verdict = self.stage.account.verdict();
        let receipts = match self.plan.receipts {
            Receipts::Echo => "echoes",
            Receipts::Pong => "pongs",
        };
        let did = format!(
            "{} crashes, one {} each write; {} results, receipts by {receipts}; {} not heard or being looked for",
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
