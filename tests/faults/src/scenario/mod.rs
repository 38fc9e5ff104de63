//! What goes wrong: a scenario is one kind of fault.

mod away;
mod bits;
mod chaos;
mod clocks;
mod disk;
mod half_open;
mod kills;
mod neighbours;
mod second;
mod services;
mod steps;
mod storms;

use clap::ValueEnum;

use crate::{Outcome, Site, report::Row};

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// A flipped bit in the journal.
    BitFlips,
    /// Many faults at once, in an order that chance makes.
    Chaos,
    /// The wall clock jumps.
    Clocks,
    /// A crash at every write.
    CrashSteps,
    /// A disk that is full, read-only, slow.
    Disk,
    /// Links that are silent, and many that return.
    HalfOpen,
    /// `kill -9` at random moments under load.
    KillRandom,
    /// One chat panics all the time.
    Neighbours,
    /// Two processes with one journal.
    SecondProcess,
    /// StackStorm stopped, out of reach, killed.
    Services,
    /// Errors in place of answers.
    Storms,
    /// The stream cut for long.
    StreamAway,
}

/// How much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Length {
    /// To see that all is well.
    Short,
    /// For the figures.
    Long,
}

impl Scenario {
    /// What it is called.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::BitFlips => "bit-flips",
            Self::Chaos => "chaos",
            Self::Clocks => "clocks",
            Self::CrashSteps => "crash-steps",
            Self::Disk => "disk",
            Self::HalfOpen => "half-open",
            Self::KillRandom => "kill-random",
            Self::Neighbours => "neighbours",
            Self::SecondProcess => "second-process",
            Self::Services => "services",
            Self::Storms => "storms",
            Self::StreamAway => "stream-away",
        }
    }

    /// Whether it measures what others would disturb.
    pub(crate) const fn wants_quiet(self) -> bool {
        matches!(self, Self::KillRandom | Self::Neighbours)
    }

    /// Plays it.
    pub(crate) async fn play(self, site: &Site, length: Length) -> Outcome<Vec<Row>> {
        match self {
            Self::BitFlips => bits::play(site, length).await.map(|row| vec![row]),
            Self::Chaos => chaos::play(site, length).await,
            Self::Clocks => clocks::play(site, length).await.map(|row| vec![row]),
            Self::CrashSteps => steps::play(site, length).await,
            Self::Disk => disk::play(site, length).await,
            Self::HalfOpen => half_open::play(site, length).await,
            Self::KillRandom => kills::play(site, length).await.map(|row| vec![row]),
            Self::Neighbours => neighbours::play(site, length).await.map(|row| vec![row]),
            Self::SecondProcess => second::play(site).await.map(|row| vec![row]),
            Self::Services => services::play(site, length).await,
            Self::Storms => storms::play(site, length).await,
            Self::StreamAway => away::play(site, length).await.map(|row| vec![row]),
        }
    }
}

impl Length {
    /// One or the other.
    pub(crate) fn choose<T>(self, short: T, long: T) -> T {
        match self {
            Self::Short => short,
            Self::Long => long,
        }
    }
}
