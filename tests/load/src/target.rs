//! The figures that we want, beside those that were seen.

use serde::Serialize;

use crate::{
    case::{Case, Scenario, Work},
    run::Figures,
    subject::Kind,
};

/// A figure that we want, and what was seen.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Target {
    /// What it is about.
    pub(crate) what: String,
    /// It is to be no greater than this.
    pub(crate) limit: f64,
    /// What was seen; `None` if nothing was.
    pub(crate) seen: Option<f64>,
}

/// A case and what it has shown, by subject.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    /// The case.
    pub(crate) case: Case,
    /// What it has shown.
    pub(crate) figures: Vec<(Kind, Figures)>,
}

impl Target {
    fn new(what: &str, limit: f64, seen: Option<f64>) -> Self {
        Self { what: what.into(), limit, seen }
    }

    /// Whether the figure is as wanted.
    pub(crate) fn is_met(&self) -> bool {
        self.seen.is_some_and(|seen| seen <= self.limit)
    }
}

impl Shown {
    /// The figures of one subject.
    pub(crate) fn of(&self, kind: Kind) -> Option<&Figures> {
        self.figures.iter().find(|(it, _)| *it == kind).map(|(_, figures)| figures)
    }

    /// The gateway's figure as a multiple of the floor's.
    fn ratio(&self, floor: Kind, figure: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
        Some(figure(self.of(Kind::Gateway)?)? / figure(self.of(floor)?)?)
    }

    /// The median of the ratios of two subjects' rates, run by run.
    fn median_ratio(&self, one: Kind, other: Kind) -> Option<f64> {
        let rates = self.of(one)?.rates.iter().zip(&self.of(other)?.rates);
        let mut ratios: Vec<f64> = rates.map(|(one, other)| one / other).collect();
        ratios.sort_by(f64::total_cmp);
        ratios.get(ratios.len() / 2).copied()
    }

    /// What is wanted of this case; `before` are those shown already.
    pub(crate) fn targets(&self, before: &[Self]) -> Vec<Target> {
        let gateway = self.of(Kind::Gateway);
        match self.case.scenario {
            Scenario::Idle => vec![Target::new("megabytes when idle", 15.0, gateway.map(|it| it.memory.now))],
            Scenario::Closed => vec![
                Target::new("processor seconds per 1,000 commands", 0.05, gateway.map(cpu)),
                Target::new("p99 of the result / the reflector's", 2.0, self.ratio(Kind::Reflector, p99)),
                Target::new("milliseconds from event to line, p50", 0.3, gateway.and_then(event_to_line)),
            ],
            Scenario::Aliases => match before.iter().find(|other| other.case.scenario == Scenario::Aliases) {
                Some(ten) => ["processor seconds", "p50 of the result"]
                    .into_iter()
                    .zip([cpu as fn(&Figures) -> f64, |it| p50(it).unwrap_or(f64::NAN)])
                    .map(|(what, figure)| {
                        let seen = ten.of(Kind::Gateway).zip(gateway).map(|(ten, now)| figure(now) / figure(ten));
                        Target::new(&format!("{what} / with ten aliases"), 1.1, seen)
                    })
                    .collect(),
                None => Vec::new(),
            },
            Scenario::Announcements => {
                let astray = gateway.map(|it| (it.lost + it.refused + it.disordered) as f64);
                vec![Target::new("announcements lost or out of order", 0.0, astray)]
            }
            Scenario::Durability => {
                let slower = self.median_ratio(Kind::Forgetful, Kind::Gateway);
                vec![Target::new("commands a second in memory / those in a file, median", 1.0 / 0.85, slower)]
            }
            Scenario::Open | Scenario::Events | Scenario::Talk => Vec::new(),
        }
    }

    /// Whether the gateway did something wrong, however fast.
    pub(crate) fn is_wrong(&self) -> bool {
        let may_refuse = matches!(self.case.work, Work::Open(_));
        self.of(Kind::Gateway)
            .is_some_and(|it| it.lost + it.doubled + it.disordered > 0 || it.refused > 0 && !may_refuse)
    }

    /// Whether a subject could not keep up with the rate it was given.
    pub(crate) fn is_overrun(&self, kind: Kind) -> bool {
        self.of(kind).is_none_or(|it| it.lost + it.refused > 0 || it.result.is_none_or(|it| it.p99 > TOO_LATE))
    }
}

fn cpu(figures: &Figures) -> f64 {
    figures.cpu_per_1000.total()
}

fn p50(figures: &Figures) -> Option<f64> {
    figures.result.map(|it| it.p50)
}

fn p99(figures: &Figures) -> Option<f64> {
    figures.result.map(|it| it.p99)
}

fn event_to_line(figures: &Figures) -> Option<f64> {
    figures.event_to_line.map(|it| it.p50)
}

/// Whoever is slower than this at a rate, in milliseconds at p99, is not tried at a greater one.
const TOO_LATE: f64 = 250.0;
