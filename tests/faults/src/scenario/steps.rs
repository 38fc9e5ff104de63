//! A crash before and after each write of a command's story, told by a switch of the gateway, and another one in the life that
//! follows; a crash while a command or an answer is on the wire. Then the gateway starts again.

mod story;
mod wire;

use std::time::Duration;

use fastrand::Rng;
use futures_util::future::try_join_all;
use tokio::time::{Instant, sleep};

use self::story::{Kind, Story};
use super::{Length, Scenario};
use crate::{
    Outcome, Site,
    network::Receipts,
    report::Row,
    stackstorm,
    stage::{Plan, Stage},
    wait::{IN_DOUBT, PATIENCE, until},
};

pub(super) async fn play(site: &Site, length: Length) -> Outcome<Vec<Row>> {
    let plans = [
        Plan { receipts: Receipts::Echo, results: "direct" },
        Plan { receipts: Receipts::Pong, results: "direct" },
        Plan { receipts: Receipts::Echo, results: "announcement" },
    ];
    let lanes = plans.iter().flat_map(|plan| [Side::Before, Side::After].map(|side| (*plan, side)));
    // They mostly wait, each for its own StackStorm.
    let lanes = lanes.enumerate().map(async |(lane, (plan, side))| {
        let rng = Rng::with_seed(site.seed.wrapping_add(lane as u64));
        let steps = Steps::set(site, plan, &format!("{side:?}"), length).await?;
        let did = format!("one {} each write", format!("{side:?}").to_lowercase());
        steps.play(side, rng, length).await?.row(&did)
    });
    let on_the_wire = plans.iter().map(async |plan| {
        let steps = Steps::set(site, *plan, "wire", length).await?;
        wire::play(steps, length).await?.row("while commands and answers were on their way")
    });
    let (mut rows, wire) = tokio::try_join!(try_join_all(lanes), try_join_all(on_the_wire))?;
    rows.extend(wire);
    Ok(rows)
}

/// All crashes of one kind.
struct Steps {
    stage: Stage,
    plan: Plan,
    /// Gateways without a past.
    lives: usize,
    crashes: usize,
    /// Crashes of the life that followed one.
    second: usize,
    /// Whether what is looked for is waited for: that takes a minute.
    is_patient: bool,
    /// The commands of which it may be said that nobody knows.
    unmarked: Vec<u64>,
    /// The commands of the last story, the journal's or not.
    given: Vec<u64>,
    worst: Duration,
    wrong: Vec<String>,
}

/// On which side of a write the crash comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

/// Where a gateway crashes, as `FULMAR_TEST_CRASH` has it.
type Point = (Side, usize);

/// What became of one crash.
enum Met {
    /// It came, and these must be answered.
    Crashed(Vec<u64>),
    /// The story ended without it.
    Never,
}

impl Steps {
    async fn set(site: &Site, plan: Plan, what: &str, length: Length) -> Outcome<Self> {
        let name = format!("crash-steps-{}-{:?}-{what}", plan.results, plan.receipts).to_lowercase();
        let mut stage = Stage::set(site, &name, plan).await?;
        stage.wiring.progress = "1s";
        Ok(Self {
            stage,
            plan,
            lives: 0,
            crashes: 0,
            second: 0,
            is_patient: length == Length::Long,
            unmarked: Vec::new(),
            given: Vec::new(),
            worst: Duration::ZERO,
            wrong: Vec::new(),
        })
    }

    /// All writes of all stories, each with all of the next life's; or some of each.
    async fn play(mut self, side: Side, mut rng: Rng, length: Length) -> Outcome<Self> {
        if length == Length::Short {
            for kind in Kind::ALL {
                let write = rng.usize(FIRST..=USUAL);
                let second =
                    rng.bool().then(|| (if rng.bool() { Side::Before } else { Side::After }, rng.usize(1..5)));
                self.once(kind, (side, write), second).await?;
            }
            return Ok(self);
        }
        for kind in Kind::ALL {
            let mut write = 1;
            while self.once(kind, (side, write), None).await? && write < MOST {
                for again in [Side::Before, Side::After] {
                    let mut second = 1;
                    while self.once(kind, (side, write), Some((again, second))).await? && second < MOST {
                        second += 1;
                    }
                }
                write += 1;
            }
        }
        Ok(self)
    }

    /// One story with a crash, and perhaps one in the life that follows; whether all of them came.
    async fn once(&mut self, kind: Kind, first: Point, second: Option<Point>) -> Outcome<bool> {
        let name = format!("{kind:?}, {}, then {second:?}", word(first));
        self.begin_anew().await?;
        let Met::Crashed(due) = self.crash(kind, first).await? else { return Ok(false) };
        let came_again = match second {
            Some(second) => self.crash_again(second).await?,
            None => true,
        };
        self.survive(&name, &due, self.is_patient && second.is_none()).await?;
        Ok(came_again)
    }

    /// A gateway without a past is to be started.
    async fn begin_anew(&mut self) -> Outcome<()> {
        let stage = &mut self.stage;
        let journal = stage.folder.join(format!("journal-{}.db", self.lives));
        self.lives += 1;
        stage.wiring.state = format!("sqlite:{}", journal.display());
        stage.wiring.write(&stage.launch.config)?;
        sleep(stackstorm::BLUR).await;
        Ok(())
    }

    /// A gateway lives until it crashes at `point`, or has told all of its story.
    async fn crash(&mut self, kind: Kind, point: Point) -> Outcome<Met> {
        self.start(Some(point))?;
        if !self.is_up().await? {
            return Ok(Met::Crashed(Vec::new()));
        }
        let story = self.live(kind, |stage| stage.running()?.process.was_killed().map_err(Into::into)).await?;
        // Before a write, perhaps it was not even written down.
        Ok(story.map_or(Met::Never, |story| Met::Crashed(story.due(point.0 == Side::After))))
    }

    /// Plays a story until the gateway is dead; `None` if it comes to its end before.
    async fn live(
        &mut self,
        kind: Kind,
        mut is_dead: impl FnMut(&mut Stage) -> Outcome<bool>,
    ) -> Outcome<Option<Story>> {
        let stage = &mut self.stage;
        let mut story = Story::begin(kind, stage)?;
        let end = format!("a crash, or the end of the story {kind:?} in {}", stage.folder.display());
        let dead = until(&end, PATIENCE, async || {
            stage.hear();
            if is_dead(stage)? {
                return Ok(Some(true));
            }
            let status = stage.running()?.status().await.unwrap_or_default();
            story.go_on(stage, status.pointer("/journal/open").is_some_and(|open| *open != 0)).await?;
            Ok((story.is_over(stage) && stage.running()?.is_done().await).then_some(false))
        });
        let dead = dead.await?;
        self.unmarked.extend(story.unmarked());
        self.given = story.given().to_vec();
        Ok(dead.then_some(story))
    }

    /// The next life ends early, too; whether it came to `point`.
    async fn crash_again(&mut self, point: Point) -> Outcome<bool> {
        self.start(Some(point))?;
        let begin = Instant::now();
        let crashed = until("a crash, or some peace", PATIENCE, async || {
            self.stage.hear();
            let process = &mut self.stage.running()?.process;
            Ok(if process.was_killed()? { Some(true) } else { (begin.elapsed() > SECOND_LIFE).then_some(false) })
        });
        let crashed = crashed.await?;
        self.second += usize::from(crashed);
        if !crashed {
            self.stage.kill()?;
        }
        Ok(crashed)
    }

    fn start(&mut self, point: Option<Point>) -> Outcome<()> {
        let launch = &mut self.stage.launch;
        launch.environment = point.map(|point| ("FULMAR_TEST_CRASH", word(point))).into_iter().collect();
        self.stage.gateway = Some(self.stage.launch.start()?);
        Ok(())
    }

    /// Whether the gateway is ready, and has not crashed before.
    async fn is_up(&mut self) -> Outcome<bool> {
        let stage = &mut self.stage;
        until("the gateway", PATIENCE, async || {
            let gateway = stage.running()?;
            let is_up = gateway.ask("GET", "/ready").await.is_some_and(|answer| answer.status == 200);
            Ok(if gateway.process.was_killed()? { Some(false) } else { is_up.then_some(true) })
        })
        .await
    }

    /// The gateway starts again, and owes nothing in the end, but for what it says it is looking for.
    async fn survive(&mut self, point: &str, due: &[u64], is_patient: bool) -> Outcome<()> {
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
            let is_doubtful = self.given.iter().any(|it| stage.account.is_doubtful(*it));
            Ok((is_settled && (is_doubtful || stage.running()?.is_done().await)).then_some(()))
        });
        if met.await.is_err() {
            let verdict = stage.settle(due, Duration::ZERO).await?;
            self.wrong.push(format!("{point} ({}): {:?}, due {due:?}", self.plan.results, verdict.lost));
        }
        if is_patient {
            stage.settle(due, IN_DOUBT).await?;
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

    fn row(mut self, did: &str) -> Outcome<Row> {
        let mut verdict = self.stage.verdict();
        let unclear = verdict.unclear.extract_if(.., |number| self.unmarked.contains(number)).count();
        let receipts = match self.plan.receipts {
            Receipts::Echo => "echoes",
            Receipts::Pong => "pongs",
        };
        let did = format!(
            "{} crashes, {did}, and {} in the lives that followed; {} results, receipts by {receipts}; {} not heard or \
             being looked for, {unclear} of several unclear",
            self.crashes,
            self.second,
            self.plan.results,
            verdict.unheard.len()
        );
        let mut row = Row::new(Scenario::CrashSteps, did, verdict, Some(self.worst));
        row.wrong.append(&mut self.wrong);
        row.unless(self.crashes > 3, || format!("only {} crashes", self.crashes));
        row.unless(!self.stage.panicked()?, || "the gateway panicked".into());
        Ok(row)
    }
}

fn word((side, write): Point) -> String {
    format!("{side:?}:{write}").to_lowercase()
}

/// How long a story may take from the start after a crash.
const OVERDUE: Duration = Duration::from_secs(40);

/// How long a life after a crash lasts if it does not come to the next one: what follows from a crash is over by then.
const SECOND_LIFE: Duration = Duration::from_secs(5);

/// More writes than a story has.
const MOST: usize = 60;

/// The first writes of a life are no story's.
const FIRST: usize = 2;

/// As many writes as most stories have.
const USUAL: usize = 12;
