//! One run: one case, one subject, started for it and stopped after it.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use tokio::time::{Instant, sleep};

use crate::{
    Outcome,
    case::{Case, Work},
    crowd::Crowd,
    process::{Clock, Cpu, Memory},
    samples::Spread,
    stackstorm::{Order, StackStorm},
    subject::{Kind, Site, Subject},
    tally::{Outcomes, Tally},
};

/// What one or more runs have shown.
#[derive(Default)]
pub(crate) struct Measured {
    outcomes: Outcomes,
    things: f64,
    seconds: f64,
    /// How many things a second, run by run.
    rates: Vec<f64>,
    cpu: Cpu,
    memory: Memory,
}

/// What is told of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    /// How many commands, announcements, lines of talk or events there were.
    pub(crate) things: f64,
    /// How many a second.
    pub(crate) per_second: f64,
    /// The same, run by run.
    pub(crate) rates: Vec<f64>,
    /// Milliseconds from a command to its ack.
    pub(crate) ack: Option<Spread>,
    /// Milliseconds from a command to its result.
    pub(crate) result: Option<Spread>,
    /// Milliseconds from StackStorm's event to the line.
    pub(crate) event_to_line: Option<Spread>,
    /// Never answered.
    pub(crate) lost: usize,
    /// Refused in other words.
    pub(crate) refused: usize,
    /// Answered more than once.
    pub(crate) doubled: usize,
    /// Results before their acks, announcements before earlier ones.
    pub(crate) disordered: usize,
    /// The first line that answered nothing.
    pub(crate) strange: Option<String>,
    /// Processor seconds for each 1,000 things.
    pub(crate) cpu_per_1000: Cpu,
    /// Processors kept busy.
    pub(crate) cpus: f64,
    /// Megabytes.
    pub(crate) memory: Memory,
}

impl Measured {
    /// Runs `case` with a new subject as number `run`.
    pub(crate) async fn run(
        case: &Case,
        kind: Kind,
        site: &Site,
        storm: &StackStorm,
        (run, length): (usize, Duration),
    ) -> Outcome<Self> {
        storm.order(Order::Aliases(case.aliases)).await?;
        let subject = Subject::start(kind, site, run, case.rooms).await?;
        let tally = Arc::new(Tally::new(run as u64 * 1_000_000));
        let names = (subject.nick.as_str(), subject.rooms.as_slice());
        let mut crowd = Crowd::enter(&site.irc, names, case.people, &tally, case.aliases).await?;
        if case.work != Work::Nothing {
            crowd.once().await?;
        }
        tally.warmed_up();
        storm.order(Order::Unrelated(case.unrelated)).await?;
        if case.work == Work::Nothing {
            sleep(SETTLING).await;
        }

        let (began, clock) = (Instant::now(), Clock::read(subject.pid())?);
        work(case, &mut crowd, &tally, storm, (&subject, length)).await?;
        let cpu = &Clock::read(subject.pid())? - &clock;
        let last = tally.last().filter(|last| matches!(case.work, Work::Announce(_)) && *last > began);
        let seconds = last.map_or(began.elapsed(), |last| last - began).as_secs_f64();
        let memory = Memory::of(subject.pid())?;

        storm.order(Order::Unrelated(0)).await?;
        crowd.leave().await?;
        let outcomes = tally.outcomes(&storm.written);
        let things = match case.work {
            Work::Closed | Work::Open(_) | Work::Announce(_) => outcomes.count as f64,
            Work::Nothing => f64::from(case.unrelated) * seconds,
            Work::Talk(rate) => f64::from(rate) * length.as_secs_f64(),
        };
        Ok(Self { outcomes, things, seconds, rates: vec![things / seconds], cpu, memory })
    }

    /// Adds another run of the same.
    pub(crate) fn merge(&mut self, other: Self) {
        self.outcomes.merge(other.outcomes);
        self.things += other.things;
        self.seconds += other.seconds;
        self.rates.extend(other.rates);
        self.cpu.user += other.cpu.user;
        self.cpu.system += other.cpu.system;
        self.memory =
            Memory { now: self.memory.now.max(other.memory.now), peak: self.memory.peak.max(other.memory.peak) };
    }

    /// What is told of it.
    pub(crate) fn figures(self) -> Figures {
        let Self { outcomes, things, seconds, rates, cpu, memory } = self;
        // Nothing costs nothing.
        let thousands = if things > 0.0 { things / 1000.0 } else { f64::INFINITY };
        Figures {
            things,
            per_second: things / seconds,
            rates,
            ack: outcomes.ack.spread(),
            result: outcomes.result.spread(),
            event_to_line: outcomes.event_to_line.spread(),
            lost: outcomes.lost,
            refused: outcomes.refused,
            doubled: outcomes.doubled,
            disordered: outcomes.disordered,
            strange: outcomes.first_strange,
            cpu_per_1000: Cpu { user: cpu.user / thousands, system: cpu.system / thousands },
            cpus: cpu.total() / seconds,
            memory,
        }
    }
}

async fn work(
    case: &Case,
    crowd: &mut Crowd,
    tally: &Tally,
    storm: &StackStorm,
    (subject, length): (&Subject, Duration),
) -> Outcome<()> {
    match case.work {
        Work::Closed => crowd.closed_loop(length).await,
        Work::Open(rate) => crowd.open_loop(rate, length).await,
        Work::Talk(rate) => crowd.talk(rate, length).await,
        Work::Announce(count) => {
            let now = Instant::now();
            let owners = (0..subject.rooms.len()).cycle();
            let numbers: Vec<u64> =
                owners.zip(0..count).map(|(owner, _)| tally.begin(owner, now, false)).collect();
            let (Some(first), Some(last)) = (numbers.first(), numbers.last()) else { return Ok(()) };
            storm.order(Order::Announce(*first..last + 1, subject.rooms.clone())).await?;
            crowd.all_answered().await;
            Ok(())
        }
        Work::Nothing => {
            sleep(length).await;
            Ok(())
        }
    }
}

/// How long a process is left alone before it counts as idle.
const SETTLING: Duration = Duration::from_secs(1);
