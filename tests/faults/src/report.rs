//! What is told of a scenario: a row of a table.

use std::time::Duration;

use crate::{account::Verdict, scenario::Scenario};

/// A scenario and what came of it.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    scenario: &'static str,
    did: String,
    verdict: Verdict,
    worst: Option<Duration>,
    /// What should not have been.
    pub(crate) wrong: Vec<String>,
}

impl Row {
    /// What came of a scenario; whatever was lost or done twice is wrong in each.
    pub(crate) fn new(scenario: Scenario, did: String, verdict: Verdict, worst: Option<Duration>) -> Self {
        let mut row = Self { scenario: scenario.name(), did, worst, wrong: Vec::new(), verdict };
        let Verdict { lost, run_twice, said_twice, unclear, disordered, in_vain, .. } = row.verdict.clone();
        row.unless(lost.is_empty(), || format!("lost: {}", lost.join(", ")));
        row.unless(run_twice.is_empty(), || format!("run twice: {run_twice:?}"));
        row.unless(said_twice.is_empty(), || format!("said twice without a mark: {}", said_twice.join(", ")));
        row.unless(unclear.is_empty(), || format!("run, but said to be unclear: {unclear:?}"));
        row.unless(disordered.is_empty(), || format!("results before their acks: {disordered:?}"));
        row.unless(in_vain.is_empty(), || format!("waited for in vain: {}", in_vain.join("; ")));
        row
    }

    /// A scenario that cannot be played here; where all of them should be, that is wrong.
    pub(crate) fn skipped(scenario: Scenario, why: &str) -> Self {
        eprintln!("!! SKIPPED: {}: {why}", scenario.name());
        let mut row = Self::new(scenario, format!("SKIPPED: {why}"), Verdict::default(), None);
        row.unless(std::env::var_os("CI").is_none(), || format!("skipped: {why}"));
        row
    }

    /// Something is wrong unless it `is_well`.
    pub(crate) fn unless(&mut self, is_well: bool, what: impl FnOnce() -> String) {
        if !is_well {
            self.wrong.push(what());
        }
    }

    /// The row of the table.
    pub(crate) fn line(&self) -> String {
        let Self { scenario, did, verdict, worst, .. } = self;
        let Verdict { commands, announcements, lost, run_twice, said_twice, marked, .. } = verdict;
        let given =
            if *announcements > 0 { format!("{commands} + {announcements}") } else { commands.to_string() };
        let worst = worst.map_or("-".into(), |worst| format!("{:.2} s", worst.as_secs_f64()));
        let [lost, run_twice, said_twice] = [lost.len(), run_twice.len(), said_twice.len()];
        format!("| {scenario} | {did} | {given} | {lost} | {run_twice} | {said_twice} | {marked} | {worst} |")
    }
}

/// The head of the table.
pub(crate) const HEAD: &str = "\
| scenario | what was done | commands (+ announcements) | lost | run twice | said twice unmarked | marked repeats | worst recovery |
|---|---|---|---|---|---|---|---|";
