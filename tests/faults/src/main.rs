//! The fault run: what is lost or done twice when things go wrong.
//!
//! It drives the real program as a process of its own, against its own sandbox as a StackStorm that lives on, and an IRC
//! server in this process that sees every line. Figures come as rows of one Markdown table; it fails when anything is
//! lost, run twice, or said twice without a mark. `tests/faults/run` sets up what this needs.

mod account;
mod gateway;
mod http;
mod network;
mod process;
mod proxy;
mod report;
mod scenario;
mod stackstorm;
mod stage;
mod wait;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, ValueEnum};
use fulmar_load::Outcome;
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
    let site = Site { gateway, folder };
    let chosen: Vec<Scenario> = if scenario.is_empty() { Scenario::value_variants().to_vec() } else { scenario };
    let mut wrong = Vec::new();
    println!("{}", report::HEAD);
    for scenario in chosen {
        match scenario.play(&site, length).await {
            Ok(rows) => {
                for row in rows {
                    println!("{}", row.line());
                    wrong.extend(row.wrong.iter().map(|what| format!("{}: {what}", scenario.name())));
                }
            }
            Err(error) => wrong.push(format!("{}: {error}", scenario.name())),
        }
    }
    wrong.iter().for_each(|what| eprintln!("WRONG {what}"));
    Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
