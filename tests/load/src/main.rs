//! The load run: Fulmar beside bare reflectors on the same IRC server, in the same minutes, by turns.
//!
//! `tests/load/run` sets up what this needs. It is a measurement and no timed test: figures that are missed are
//! printed, and only what is lost, doubled or out of order fails.

mod case;
mod crowd;
mod irc;
mod networks;
mod process;
mod reflector;
mod relay;
mod report;
mod run;
mod subject;
mod tally;
mod target;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use fulmar_load::{Outcome, samples, stackstorm, words};
use tokio::runtime;

use self::{
    case::{Case, FULL, Pace, QUICK, Scenario},
    run::{Figures, Measured},
    stackstorm::StackStorm,
    subject::{Kind, Site},
    target::{Shown, Target},
};

#[derive(Debug, Parser)]
#[command(about = "Fulmar beside bare reflectors on the same IRC server")]
enum Arguments {
    /// Measures.
    Run(Run),
    /// Measures what the gateway adds on each network.
    Networks(networks::Arguments),
    /// A bot that answers by itself.
    #[command(hide = true)]
    Reflector(Bot),
    /// A bot that passes on what StackStorm says.
    #[command(hide = true)]
    Relay {
        #[command(flatten)]
        bot: Bot,
        #[arg(long)]
        stackstorm: String,
    },
}

#[derive(Debug, clap::Args)]
struct Run {
    /// The IRC server, as HOST:PORT.
    #[arg(long)]
    irc: String,
    /// The program `fulmar`.
    #[arg(long)]
    gateway: PathBuf,
    /// For configurations and logs.
    #[arg(long)]
    folder: PathBuf,
    /// All in about a minute, each case once and short.
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// Each case three times and longer (the default).
    #[arg(long)]
    full: bool,
    /// Only this; may be given several times.
    #[arg(long)]
    scenario: Vec<Scenario>,
    /// Prints JSON at the end; the tables go to standard error.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Bot {
    #[arg(long)]
    irc: String,
    #[arg(long)]
    nick: String,
    rooms: Vec<String>,
}

fn main() -> ExitCode {
    let done = runtime::Builder::new_current_thread().enable_all().build().map_err(Into::into);
    let done = done.and_then(|runtime| runtime.block_on(obey(Arguments::parse())));
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

async fn obey(arguments: Arguments) -> Outcome<ExitCode> {
    match arguments {
        Arguments::Run(run) => measure(run).await,
        Arguments::Networks(wish) => networks::measure(wish).await,
        Arguments::Reflector(bot) => {
            reflector::reflect(&bot.irc, &bot.nick, &bot.rooms).await?;
            Ok(ExitCode::SUCCESS)
        }
        Arguments::Relay { bot, stackstorm } => {
            relay::relay(&bot.irc, &bot.nick, &bot.rooms, &stackstorm).await?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn measure(run: Run) -> Outcome<ExitCode> {
    let pace = if run.quick { QUICK } else { FULL };
    let storm = StackStorm::start()?;
    let site =
        Site { irc: run.irc, gateway: run.gateway, stackstorm: storm.address.to_string(), folder: run.folder };
    let mut bench = Bench { site, storm, pace, runs: 0, overrun: Vec::new() };
    let mut all: Vec<(Shown, Vec<Target>)> = Vec::new();
    for scenario in Scenario::value_variants() {
        if !run.scenario.is_empty() && !run.scenario.contains(scenario) {
            continue;
        }
        bench.overrun.clear();
        let mut family: Vec<Shown> = Vec::new();
        for case in scenario.cases(&pace) {
            let shown = bench.play(case).await?;
            let targets = shown.targets(&family);
            let table = report::table(&shown, &targets);
            if run.json {
                eprint!("{table}");
            } else {
                print!("{table}");
            }
            family.push(shown.clone());
            all.push((shown, targets));
        }
    }
    if run.json {
        println!("{:#}", report::json(&all));
    }
    let wrong: Vec<&str> =
        all.iter().filter(|(shown, _)| shown.is_wrong()).map(|(shown, _)| shown.case.name.as_str()).collect();
    if wrong.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("lost, refused, doubled or out of order in: {}", wrong.join("; "));
    Ok(ExitCode::FAILURE)
}

/// Where cases are played.
struct Bench {
    site: Site,
    storm: StackStorm,
    pace: Pace,
    runs: usize,
    /// Who could not keep up with a rate; greater ones are not tried.
    overrun: Vec<Kind>,
}

impl Bench {
    /// Plays a case with each subject by turns.
    async fn play(&mut self, case: Case) -> Outcome<Shown> {
        let kinds: Vec<Kind> = case.subjects.iter().copied().filter(|kind| !self.overrun.contains(kind)).collect();
        let mut measured: Vec<(Kind, Measured)> = kinds.iter().map(|kind| (*kind, Measured::default())).collect();
        for _ in 0..self.pace.rounds * case.times {
            for (kind, sum) in &mut measured {
                self.runs += 1;
                let turn = (self.runs, self.pace.length);
                let one = Measured::run(&case, *kind, &self.site, &self.storm, turn).await;
                sum.merge(one.map_err(|error| format!("{} with {}: {error}", case.name, kind.name()))?);
            }
        }
        let figures: Vec<(Kind, Figures)> =
            measured.into_iter().map(|(kind, sum)| (kind, sum.figures())).collect();
        let shown = Shown { case, figures };
        if shown.case.scenario == Scenario::Open {
            self.overrun.extend(kinds.into_iter().filter(|kind| shown.is_overrun(*kind)));
        }
        Ok(shown)
    }
}
