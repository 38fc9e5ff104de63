//! What goes wrong: a scenario is one kind of fault.

mod kills;

use clap::ValueEnum;

use crate::{Outcome, Site, report::Row};

/// The scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// `kill -9` at random moments under load.
    KillRandom,
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
            Self::KillRandom => "kill-random",
        }
    }

    /// Plays it.
    pub(crate) async fn play(self, site: &Site, length: Length) -> Outcome<Vec<Row>> {
        match self {
            Self::KillRandom => kills::play(site, length).await.map(|row| vec![row]),
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
