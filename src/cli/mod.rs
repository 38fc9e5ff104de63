//! The command line.

mod alias;
mod check;
mod demo;
mod log;
mod panics;
mod queue;
mod remote;
mod run;
mod sandbox;
mod service;
mod status;

use std::{
    error::Error,
    io::{self, Write},
    iter,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Parser, Subcommand, builder::BoolishValueParser};

use crate::{backends, config::ConfigError};

/// Fulmar lets people run StackStorm from every chat network their team uses.
///
/// Try it with nothing but this program: `fulmar demo`.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = AFTER_HELP)]
pub struct Cli {
    #[command(subcommand)]
    verb: Verb,
    /// What is logged to standard error, as `info` or `fulmar=debug,warn`.
    #[arg(long, env = "FULMAR_LOG", global = true, value_name = "FILTER")]
    log: Option<String>,
    /// Logs as one JSON object a line.
    #[arg(long, env = "FULMAR_LOG_JSON", global = true, value_parser = BoolishValueParser::new())]
    log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Works on aliases without a StackStorm, for pack authors.
    #[command(subcommand)]
    Alias(alias::Verb),
    /// Reads the configuration and explains everything that is wrong with it.
    Check(check::Arguments),
    /// Shows the gateway at work: a sandbox StackStorm, this terminal as the chat, and a status page.
    Demo,
    /// Shows what a running gateway could not say, and has it tried again or dropped.
    #[command(subcommand)]
    Queue(queue::Verb),
    /// Runs the gateway.
    Run(run::Arguments),
    /// Runs a server that answers like StackStorm, for trying things out. It runs no real commands.
    Sandbox(sandbox::Arguments),
    /// Asks a running gateway how it is.
    Status(status::Arguments),
}

impl Cli {
    /// Does what was asked for. Exit codes: 0 well, 1 failed, 2 bad command line, 70 the gateway gave up, 74 the journal's disk
    /// fails, 75 another process has the journal, 77 it may not be used, 78 bad configuration.
    pub fn run(self) -> ExitCode {
        if let Err(error) = log::begin(&self.log.clone().unwrap_or_else(|| self.verb.usual_log()), self.log_json) {
            return fail(BAD_CONFIGURATION, format_args!("--log: {error}"));
        }
        panics::log();
        match self.verb {
            Verb::Alias(verb) => alias::run(&verb),
            Verb::Check(arguments) => check::run(arguments),
            Verb::Demo => demo::run(),
            Verb::Queue(verb) => queue::run(&verb),
            Verb::Run(arguments) => run::run(arguments),
            Verb::Sandbox(arguments) => sandbox::run(arguments),
            Verb::Status(arguments) => status::run(&arguments),
        }
    }
}

impl Verb {
    /// What is logged unless somebody says otherwise.
    fn usual_log(&self) -> String {
        match self {
            // What strangers send, or the sandbox does to its callers on purpose, is no error of the server under it.
            Self::Run(_) | Self::Sandbox(_) => {
                format!("info,actix_server=warn,actix_http=off,{}", backends::USUAL_LOG)
            }
            Self::Alias(_) | Self::Check(_) | Self::Demo | Self::Queue(_) | Self::Status(_) => {
                "error,actix_http=off".to_owned()
            }
        }
    }
}

/// Which configuration is meant.
#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration; else ./fulmar.toml, then /etc/fulmar/fulmar.toml.
    #[arg(long, short, env = "FULMAR_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Says what went wrong, and with which exit code.
fn fail(code: u8, what: impl std::fmt::Display) -> ExitCode {
    say_aside(format_args!("fulmar: {what}"));
    ExitCode::from(code)
}

/// Says what is wrong with the configuration: a line for each place, as compilers do.
fn bad_configuration(error: &ConfigError) -> ExitCode {
    if !matches!(error, ConfigError::Wrong(_)) {
        return fail(BAD_CONFIGURATION, with_causes(error));
    }
    say_aside(error);
    ExitCode::from(BAD_CONFIGURATION)
}

/// An error and everything that led to it, in one line.
fn with_causes(error: &dyn Error) -> String {
    let all = iter::successors(Some(error), |error| (*error).source());
    all.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Writes a line to standard output; a reader that has gone is no error.
fn say(line: impl std::fmt::Display) {
    drop(writeln!(io::stdout(), "{line}"));
}

/// Writes a line to standard error.
fn say_aside(line: impl std::fmt::Display) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Something failed.
const FAILED: u8 = 1;

/// The gateway gave up: `EX_SOFTWARE` of sysexits.h.
const GAVE_UP: u8 = 70;

/// The disk is full, read-only or broken: `EX_IOERR` of sysexits.h.
const BAD_DISK: u8 = 74;

/// Another process has the journal: `EX_TEMPFAIL` of sysexits.h.
const TAKEN: u8 = 75;

/// The journal may not be used: `EX_NOPERM` of sysexits.h.
const FORBIDDEN: u8 = 77;

/// The configuration is wrong: `EX_CONFIG` of sysexits.h.
const BAD_CONFIGURATION: u8 = 78;

const AFTER_HELP: &str = "\
Examples:
  fulmar demo                              try it, with nothing else
  fulmar check --config fulmar.toml        is the configuration good?
  fulmar run --config fulmar.toml          the gateway
  fulmar status                            how is it?
  fulmar queue list                        what could it not say?

Exit codes: 0 well, 1 failed, 2 bad command line, 70 the gateway gave up, 74 the journal's disk fails,
75 another process has the journal, 77 the journal may not be used, 78 bad configuration.";
