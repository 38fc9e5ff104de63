//! The command line; `tests/fuzz/run` sets up what it needs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::{Mutex, PoisonError},
    thread,
    time::Duration,
};

use clap::Parser;
use fulmar_fuzz::{
    campaign::{self, Budget, Limits, Report},
    parser::{self, Target},
};

/// What can go wrong here needs no name: it is told to the person at the keyboard.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Clone, Debug, Parser)]
#[command(about = "Every parser of outside input, given what nobody would send")]
struct Arguments {
    /// What to try; everything, if nothing is named.
    targets: Vec<String>,
    /// How many inputs each target gets.
    #[arg(long, conflicts_with = "seconds")]
    inputs: Option<u64>,
    /// How long each target gets inputs.
    #[arg(long)]
    seconds: Option<u64>,
    /// Where chance begins; the same seed makes the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// One input, in a file, instead of many.
    #[arg(long)]
    file: Option<PathBuf>,
    /// How much time of the processor an input may take, in milliseconds.
    #[arg(long, default_value_t = 100)]
    limit: u64,
    /// How many targets are tried at the same time, each by a process of its own.
    #[arg(long, default_value_t = 1, conflicts_with = "file", overrides_with = "jobs")]
    jobs: usize,
    /// Where the inputs are kept that fail.
    #[arg(long, default_value_os_t = std::env::temp_dir().join("fulmar-fuzz"))]
    folder: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // As little stack as the threads have that parse.
    let run = thread::Builder::new().stack_size(STACK).spawn(move || run(&arguments));
    match run.map(thread::JoinHandle::join) {
        Ok(Ok(Ok(()))) => ExitCode::SUCCESS,
        Ok(Ok(Err(error))) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Ok(Err(_)) | Err(_) => ExitCode::FAILURE,
    }
}

fn run(arguments: &Arguments) -> Outcome<()> {
    fs::create_dir_all(&arguments.folder)?;
    let targets = chosen(&arguments.targets)?;
    let limits = Limits { time: Duration::from_millis(arguments.limit), ..Limits::default() };
    if let Some(file) = &arguments.file {
        let input = fs::read(file)?;
        for target in targets {
            show(target, &campaign::once(target, &input, limits)?);
        }
        return Ok(());
    }
    if arguments.jobs > 1 {
        return side_by_side(&targets, arguments.jobs);
    }
    let budget = match (arguments.inputs, arguments.seconds) {
        (Some(inputs), _) => Budget::Inputs(inputs),
        (None, seconds) => Budget::Time(Duration::from_secs(seconds.unwrap_or(10))),
    };
    for target in targets {
        let seeds = seeds(target)?;
        let folder = &arguments.folder;
        show(target, &campaign::run(target, &seeds, budget, (arguments.seed, limits), folder)?);
    }
    Ok(())
}

/// As if each target alone had been asked for: memory is measured for a whole process, and one that fails ends no other.
fn side_by_side(targets: &[&Target], jobs: usize) -> Outcome<()> {
    let program = env::current_exe()?;
    // The last word counts.
    let alone = |target: &Target| {
        let names = parser::ALL.iter().map(|target| target.name).collect::<Vec<_>>();
        let others = env::args().skip(1).filter(|word| !names.contains(&word.as_str()));
        Command::new(&program).args(others).args(["--jobs", "1", target.name]).status()
    };
    let waiting = Mutex::new(targets.iter());
    let job = || -> Outcome<Vec<&str>> {
        let mut failed = Vec::new();
        loop {
            let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(target) = next else { return Ok(failed) };
            if !alone(target)?.success() {
                failed.push(target.name);
            }
        }
    };
    let mut failed = Vec::new();
    thread::scope(|scope| -> Outcome<()> {
        let jobs: Vec<_> = (0..jobs).map(|_| scope.spawn(job)).collect();
        for job in jobs {
            failed.extend(job.join().unwrap_or_else(|_| Err("a job panicked".into()))?);
        }
        Ok(())
    })?;
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

fn chosen(names: &[String]) -> Outcome<Vec<&'static Target>> {
    if names.is_empty() {
        return Ok(parser::ALL.iter().collect());
    }
    let known = || parser::ALL.iter().map(|target| target.name).collect::<Vec<_>>().join(", ");
    let find = |name: &String| parser::ALL.iter().find(|target| target.name == name);
    names
        .iter()
        .map(|name| find(name).ok_or_else(|| format!("no target {name}, only {}", known()).into()))
        .collect()
}

/// The corpus of a target, in the order of its names.
fn seeds(target: &Target) -> Outcome<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut files = fs::read_dir(&folder)
        .map_err(|error| format!("{}: {error}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Outcome<Vec<_>>>()?;
    files.sort();
    files.iter().map(|file| Ok(fs::read(file)?)).collect()
}

fn show(target: &Target, report: &Report) {
    let Report { inputs, elapsed, slowest, most } = report;
    let rate = *inputs as f64 / elapsed.as_secs_f64().max(0.001);
    println!(
        "{:<10} {inputs:>9} inputs {rate:>8.0}/s  slowest {:>6.2} ms of {:?}  most memory {:>5} KiB",
        target.name,
        slowest.0.as_secs_f64() * 1000.0,
        campaign::excerpt(&slowest.1),
        most / 1024
    );
}

/// The stack of tokio's and actix's threads, in bytes.
const STACK: usize = 2 * 1024 * 1024;
