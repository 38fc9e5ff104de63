//! The fault run: what is lost or done twice when things go wrong.
//!
//! It drives the real program as a process of its own, against its own sandbox as a StackStorm that lives on, and an IRC
//! server in this process that sees every line. Figures come as rows of one Markdown table; it fails when anything is
//! lost, run twice, or said twice without a mark. `tests/faults/run` sets up what this needs.

mod account;
mod gateway;
mod http;
mod mount;
mod network;
mod process;
mod proxy;
mod report;
mod scenario;
mod stackstorm;
mod stage;
mod wait;

use std::{fmt::Display, path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use fulmar_load::Outcome;
use futures_util::future::join_all;
use tokio::runtime;

use self::scenario::{Length, Scenario};

#[derive(Debug, Parser)]
#[command(about = "What is lost or done twice when things go wrong")]
struct Arguments {
    /// Only these scenarios.
    scenario: Vec<Scenario>,
    /// Hours, for the figures; without it some minutes, to see that all is well.
    #[arg(long)]
    long: bool,
    /// The program `fulmar`.
    #[arg(long)]
    gateway: PathBuf,
    /// For configurations, journals and logs.
    #[arg(long)]
    folder: PathBuf,
    /// What chance begins with; told at the start.
    #[arg(long)]
    seed: Option<u64>,
}

/// Where everything is.
pub(crate) struct Site {
    /// The program `fulmar`.
    pub(crate) gateway: PathBuf,
    /// For files.
    pub(crate) folder: PathBuf,
    /// What chance begins with.
    pub(crate) seed: u64,
}

fn main() -> ExitCode {
    let done = runtime::Builder::new_current_thread().enable_all().build().map_err(Into::into);
    let done = done.and_then(|runtime| runtime.block_on(play(Arguments::parse())));
    done.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

async fn play(arguments: Arguments) -> Outcome<ExitCode> {
    let Arguments { scenario, long, gateway, folder, seed } = arguments;
    let length = if long { Length::Long } else { Length::Short };
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("seed {seed}");
    fastrand::seed(seed);
    let site = Site { gateway, folder, seed };
    let chosen: Vec<Scenario> = if scenario.is_empty() { Scenario::value_variants().to_vec() } else { scenario };
    println!("{}", report::HEAD);
    let (alone, together): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|scenario| length == Length::Long || scenario.wants_quiet());
    let mut wrong = join_all(together.into_iter().map(|scenario| tell(scenario, &site, length))).await.concat();
    for scenario in alone {
        wrong.extend(tell(scenario, &site, length).await);
    }
    wrong.iter().for_each(|what| eprintln!("WRONG {what}"));
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Plays a scenario and prints its rows; what was wrong.
async fn tell(scenario: Scenario, site: &Site, length: Length) -> Vec<String> {
    let named = |what: &dyn Display| format!("{}: {what}", scenario.name());
    match scenario.play(site, length).await {
        Ok(rows) => {
            rows.iter().for_each(|row| println!("{}", row.line()));
            rows.iter().flat_map(|row| &row.wrong).map(|what| named(what)).collect()
        }
        Err(error) => vec![named(&error)],
    }
}
