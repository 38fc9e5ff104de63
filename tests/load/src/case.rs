//! What is tried: each case is one kind of load.

use std::time::Duration;

use clap::ValueEnum;

use crate::subject::Kind;

/// Cases of one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// What a process weighs that has nothing to do.
    Idle,
    /// A command follows when the one before has its result.
    Closed,
    /// Commands come at a rate, faster and faster.
    Open,
    /// Many announcements at once.
    Announcements,
    /// From ten aliases to ten thousand.
    Aliases,
    /// The stream is full of what concerns nobody here.
    Events,
    /// The rooms are full of talk that is not for us.
    Talk,
    /// What it costs that nothing is forgotten: the closed loop beside a journal in memory.
    Durability,
}

/// How long things take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// How often each case is tried, by turns.
    pub(crate) rounds: usize,
    /// How long each try takes.
    pub(crate) length: Duration,
    /// The rates of the open loop, in commands a second.
    pub(crate) rates: &'static [u32],
}

/// What people and StackStorm do in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Everybody gives a command as soon as the one before has its result.
    Closed,
    /// So many commands a second.
    Open(u32),
    /// So many announcements at once.
    Announce(u64),
    /// Nothing.
    Nothing,
    /// So many lines a second among people.
    Talk(u32),
}

/// One kind of load.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What it belongs to.
    pub(crate) scenario: Scenario,
    /// What people call it.
    pub(crate) name: String,
    /// What is measured by turns.
    pub(crate) subjects: &'static [Kind],
    /// How many people there are.
    pub(crate) people: usize,
    /// How many rooms they are in.
    pub(crate) rooms: usize,
    /// How many aliases there are.
    pub(crate) aliases: u64,
    /// How many events a second are published that concern nobody here.
    pub(crate) unrelated: u32,
    /// What is done.
    pub(crate) work: Work,
    /// How many times as often as other cases it is tried, as its ratios are small.
    pub(crate) times: usize,
}

/// A minute.
pub(crate) const QUICK: Pace = Pace { rounds: 1, length: Duration::from_secs(1), rates: &[250, 1000, 2000] };

/// Some minutes.
pub(crate) const FULL: Pace = Pace {
    rounds: 3,
    length: Duration::from_secs(5),
    rates: &[100, 250, 500, 1000, 1500, 2000, 3000, 4000, 6000, 8000],
};

impl Scenario {
    /// Its cases.
    pub(crate) fn cases(self, pace: &Pace) -> Vec<Case> {
        match self {
            Self::Idle => vec![Case::new(self, "nothing to do", &BOTH, 1, 1, Work::Nothing)],
            Self::Closed => {
                let spread = [1, 8, 32, 128].map(|people| {
                    let name = format!("closed loop, {people} at a time");
                    Case::new(self, &name, &ALL, people, people.min(32), Work::Closed)
                });
                let one = Case::new(self, "closed loop, 32 at a time in one room", &ALL, 32, 1, Work::Closed);
                spread.into_iter().chain([one]).collect()
            }
            Self::Open => {
                let at = |rate: &u32| {
                    let name = format!("open loop, {rate} a second");
                    Case::new(self, &name, &ALL, 128, 32, Work::Open(*rate))
                };
                pace.rates.iter().map(at).collect()
            }
            Self::Announcements => [1, 8]
                .map(|rooms| {
                    let name = format!("2,000 announcements at once, rooms: {rooms}");
                    Case::new(self, &name, &WITH_STORM, rooms, rooms, Work::Announce(2000))
                })
                .into(),
            Self::Aliases => [10, 1000, 10_000]
                .map(|aliases| {
                    let name = format!("{aliases} aliases, 32 at a time");
                    Case { aliases, ..Case::new(self, &name, &[Kind::Gateway], 32, 32, Work::Closed) }
                })
                .into(),
            Self::Events => [(8, Work::Closed), (1, Work::Nothing)]
                .map(|(people, work)| {
                    let beside = if work == Work::Nothing { "nothing else" } else { "8 at a time" };
                    let name = format!("5,000 unrelated events a second and {beside}");
                    Case { unrelated: 5000, ..Case::new(self, &name, &WITH_STORM, people, people, work) }
                })
                .into(),
            Self::Durability => [1, 128]
                .map(|people| {
                    let name = format!("the cost of durability, {people} at a time");
                    let case = Case::new(self, &name, &REMEMBERING, people, people.min(32), Work::Closed);
                    Case { times: 4, ..case }
                })
                .into(),
            Self::Talk => {
                vec![Case::new(self, "1,000 lines a second of talk among others", &BOTH, 8, 8, Work::Talk(1000))]
            }
        }
    }
}

impl Case {
    fn new(
        scenario: Scenario,
        name: &str,
        subjects: &'static [Kind],
        people: usize,
        rooms: usize,
        work: Work,
    ) -> Self {
        Self { scenario, name: name.into(), subjects, people, rooms, aliases: 10, unrelated: 0, work, times: 1 }
    }
}

const ALL: [Kind; 3] = [Kind::Reflector, Kind::Relay, Kind::Gateway];
const REMEMBERING: [Kind; 2] = [Kind::Forgetful, Kind::Gateway];
const BOTH: [Kind; 2] = [Kind::Reflector, Kind::Gateway];
const WITH_STORM: [Kind; 2] = [Kind::Relay, Kind::Gateway];
