//! Many inputs for one target, and what they cost.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    meter::{self, Cost},
    mutate::Mutator,
    parser::Target,
    watch::Watch,
};

/// How many inputs there are.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// This many.
    Inputs(u64),
    /// As many as can be tried in this time.
    Time(Duration),
}

/// What one input may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Time of the processor.
    pub time: Duration,
    /// Bytes at once.
    pub memory: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { time: Duration::from_millis(100), memory: 64 * 1024 * 1024 }
    }
}

/// What a campaign saw.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// How many inputs were tried.
    pub inputs: u64,
    /// How long that took.
    pub elapsed: Duration,
    /// The longest that one took, and which.
    pub slowest: (Duration, Vec<u8>),
    /// The most memory that one took, in bytes.
    pub most: usize,
}

/// An input that breaks a law.
#[derive(Debug)]
pub struct Failure {
    target: &'static str,
    why: String,
    input: PathBuf,
}

impl std::error::Error for Failure {}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { target, why, input } = self;
        write!(f, "{target}: {why}\nagain: fulmar-fuzz {target} --file {}", input.display())
    }
}

/// Tries `seeds`, then what can be made of them. An input that fails is left in `folder`.
///
/// # Errors
/// At the first input that breaks a law or exceeds `limits`, and when `folder` cannot be written.
pub fn run(
    target: &'static Target,
    seeds: &[Vec<u8>],
    budget: Budget,
    (seed, limits): (u64, Limits),
    folder: &Path,
) -> io::Result<Report> {
    meter::listen();
    let watch = Watch::begin(folder.join(format!("{}-{seed}", target.name)))?;
    let quick = quick(target, seeds, limits, &watch)?;
    let mut mutator = Mutator::new(target, &quick, seed)?;
    let (mut report, start) = (Report::default(), Instant::now());
    loop {
        let input = match seeds.get(report.inputs as usize) {
            Some(seed) => seed.clone(),
            None => mutator.next(),
        };
        watch.note(&input)?;
        let cost = cost(target, &input, limits).map_err(|why| {
            io::Error::other(Failure { target: target.name, why, input: watch.path().to_owned() })
        })?;
        report.inputs += 1;
        report.most = report.most.max(cost.memory);
        if cost.time > report.slowest.0 {
            report.slowest = (cost.time, input);
        }
        let is_over = match budget {
            Budget::Inputs(inputs) => report.inputs >= inputs.max(seeds.len() as u64),
            Budget::Time(time) => report.inputs.is_multiple_of(16) && start.elapsed() >= time,
        };
        if is_over {
            watch.note(&report.slowest.1)?;
            std::fs::rename(watch.path(), folder.join(format!("{}-slowest", target.name)))?;
            report.elapsed = start.elapsed();
            return Ok(report);
        }
    }
}

/// The seeds to make inputs of: of those that take long there would be many more. Tries all of them before anything is
/// measured, since what is set up once is no input's fault.
fn quick(target: &Target, seeds: &[Vec<u8>], limits: Limits, watch: &Watch) -> io::Result<Vec<Vec<u8>>> {
    let mut quick = Vec::new();
    for seed in seeds {
        watch.note(seed)?;
        let is_quick = |cost: Cost| cost.time < limits.time / 100;
        if meter::measure(|| (target.run)(seed)).is_ok_and(is_quick) {
            quick.push(seed.clone());
        }
    }
    Ok(quick)
}

/// Tries one input, whose panic, if any, is shown.
///
/// # Errors
/// When it exceeds `limits`.
pub fn once(target: &Target, input: &[u8], limits: Limits) -> Result<Report, String> {
    meter::listen();
    let cost = cost(target, input, limits)?;
    let slowest = (cost.time, input.to_vec());
    Ok(Report { inputs: 1, elapsed: cost.time, slowest, most: cost.memory })
}

/// What `input` costs. What looks slow is tried again: the machine may have been.
fn cost(target: &Target, input: &[u8], limits: Limits) -> Result<Cost, String> {
    let measure = || meter::measure(|| (target.run)(input));
    let mut cost = measure()?;
    for _ in 0..3 {
        if cost.time >= limits.time {
            cost = measure()?;
        }
    }
    if cost.time >= limits.time {
        return Err(format!("takes {:?}, more than {:?}", cost.time, limits.time));
    }
    if cost.memory > limits.memory {
        return Err(format!("takes {} KiB, more than {} KiB", cost.memory / 1024, limits.memory / 1024));
    }
    Ok(cost)
}

/// The beginning of an input, to be shown.
pub fn excerpt(input: &[u8]) -> String {
    let text = String::from_utf8_lossy(input);
    let mut shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() {
        shown.push_str(&format!("... ({} bytes)", input.len()));
    }
    shown
}

/// How many characters of an input are shown.
const SHOWN: usize = 60;
