//! The program under test.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use awc::http::Method;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::patience::{eventually, within};

/// A gateway that runs. Killed when dropped; its log is shown if the test fails.
pub(crate) struct Gateway {
    child: Child,
    log: Arc<Mutex<String>>,
    /// Where the admin routes are.
    pub(crate) admin: String,
    _folder: TempDir,
}

/// Who sits at the terminal of a gateway.
pub(crate) struct Terminal {
    input: ChildStdin,
    lines: mpsc::UnboundedReceiver<String>,
    /// Lines that somebody waited past.
    unread: Vec<String>,
}

impl Terminal {
    pub(crate) fn types(&mut self, line: &str) {
        self.input.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line that has `what` in it; those before it can still be read.
    pub(crate) async fn reads(&mut self, what: &str) -> String {
        if let Some(at) = self.unread.iter().position(|line| line.contains(what)) {
            return self.unread.remove(at);
        }
        let line = async {
            loop {
                let line = self.lines.recv().await.expect("the program has ended");
                if line.contains(what) {
                    return line;
                }
                self.unread.push(line);
            }
        };
        within(what, line).await
    }
}

impl Gateway {
    /// `fulmar run` with this configuration, until it serves its admin routes.
    pub(crate) async fn start(config: &str) -> Self {
        Self::start_as(config, |_| {}).await
    }

    /// As [`Gateway::start`], with more arguments.
    pub(crate) async fn start_with(config: &str, arguments: &[&str]) -> Self {
        Self::start_as(config, |program| {
            program.args(arguments);
        })
        .await
    }

    /// As [`Gateway::start`], with somebody at its terminal.
    pub(crate) async fn start_at_terminal(config: &str) -> (Self, Terminal) {
        let mut gateway = Self::start_as(config, |program| {
            program.stdin(Stdio::piped()).stdout(Stdio::piped());
        })
        .await;
        let (input, output) = (gateway.child.stdin.take().unwrap(), gateway.child.stdout.take().unwrap());
        let (tell, lines) = mpsc::unbounded_channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody may want to read it.
                drop(tell.send(line));
            }
        });
        (gateway, Terminal { input, lines, unread: Vec::new() })
    }

    /// As [`Gateway::start`], with what `prepare` adds to the command.
    pub(crate) async fn start_as(config: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let (folder, file) = written(config);
        let mut program = fulmar();
        program.arg("run").arg("--config").arg(file).stdin(Stdio::null());
        prepare(&mut program);
        let mut child = program.env("FULMAR_TEST_SWITCHES", "1").stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::<Mutex<String>>::default();
        let (lines, copy) = (BufReader::new(child.stderr.take().unwrap()).lines(), Arc::clone(&log));
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                copy.lock().unwrap().push_str(&(line + "\n"));
            }
        });
        let mut gateway = Self { child, log, admin: String::new(), _folder: folder };
        gateway.admin = eventually("the admin routes", async || {
            let log = gateway.log();
            let address = log.split_once("started admin=").and_then(|(_, rest)| rest.split_once('\n'));
            address.map(|(address, _)| format!("http://{address}")).ok_or(log)
        })
        .await;
        gateway
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Asks an admin route: status and body.
    pub(crate) async fn ask(&self, method: Method, path: &str, token: Option<&str>) -> (u16, String) {
        let mut request = awc::Client::default().request(method, format!("{}{path}", self.admin));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let mut response = request.send().await.unwrap();
        let body = response.body().limit(1 << 20).await.unwrap();
        (response.status().as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        self.ask(Method::GET, path, None).await
    }

    pub(crate) async fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status").await.1).unwrap()
    }

    /// Waits until the status is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        eventually(what, async || {
            let status = self.status().await;
            if wanted(&status) { Ok(status) } else { Err(format!("{status:#}")) }
        })
        .await
    }

    /// Waits until `/ready` says so.
    pub(crate) async fn until_ready(&self) {
        eventually("readiness", async || match self.get("/ready").await {
            (200, _) => Ok(()),
            (_, body) => Err(body),
        })
        .await;
    }

    /// Has a child panic: in its handler, or (`panic-inside`) in what it hosts.
    pub(crate) async fn panics(&self, child: &str, how: &str) {
        let path = format!("/test/{}/{how}", child.replace('/', ":"));
        assert_eq!(self.ask(Method::POST, &path, None).await.0, 202, "{path}");
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        signal(name, &self.child);
    }

    /// Waits for its end and returns the exit code.
    pub(crate) async fn exits(&mut self) -> Option<i32> {
        let child = &mut self.child;
        let ended = async || child.try_wait().unwrap().ok_or_else(|| "it runs".to_owned());
        eventually("the end of the process", ended).await.code()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        if thread::panicking() {
            eprintln!("--- the gateway's log\n{}---", self.log());
        }
    }
}

/// Sends a signal, by name.
pub(crate) fn signal(name: &str, child: &Child) {
    assert!(Command::new("kill").args([format!("-{name}"), child.id().to_string()]).status().unwrap().success());
}

/// What became of a program that ran to its end.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program to its end, which must come within half a minute.
pub(crate) fn finished(arguments: &[&str], input: &str) -> Finished {
    finished_into(Stdio::piped(), arguments, input)
}

/// As [`finished`], with a standard output of its own.
pub(crate) fn finished_into(out: impl Into<Stdio>, arguments: &[&str], input: &str) -> Finished {
    ended(fulmar_under(&[]).args(arguments).stdout(out), input)
}

/// As [`finished`], by way of another program: `wrapper` and its arguments.
pub(crate) fn finished_under(wrapper: &[&str], arguments: &[&str]) -> Finished {
    ended(fulmar_under(wrapper).args(arguments).stdout(Stdio::piped()), "")
}

fn fulmar_under(wrapper: &[&str]) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--signal=KILL", "60"]).args(wrapper).arg(PROGRAM);
    in_clean_environment(command)
}

fn ended(command: &mut Command, input: &str) -> Finished {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that reads nothing may have ended before.
    drop(child.stdin.take().unwrap().write_all(input.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// Writes a configuration to a folder of its own.
pub(crate) fn written(config: &str) -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("fulmar.toml");
    fs::write(&file, config).unwrap();
    (folder, file)
}

fn fulmar() -> Command {
    in_clean_environment(Command::new(PROGRAM))
}

/// Nothing that the tester has set for Fulmar reaches the program.
fn in_clean_environment(mut command: Command) -> Command {
    for name in ["FULMAR_ADMIN", "FULMAR_ADMIN_TOKEN", "FULMAR_CONFIG", "FULMAR_LOG", "FULMAR_LOG_JSON"] {
        command.env_remove(name);
    }
    command
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_fulmar");
