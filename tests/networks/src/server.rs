//! Servers that a test, or a measurement, has for itself.

mod inspircd;
mod prosody;
mod synapse;
mod telegram;

use std::{
    env, fs, io,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};

pub use self::{inspircd::Inspircd, prosody::Prosody, synapse::Synapse, telegram::Telegram};

use crate::{Client, Outcome};

/// A network's server.
pub trait Server {
    /// The network, as in `kind = "..."`.
    const KIND: &'static str;

    /// Kills it without a word.
    fn kill(&mut self) -> impl Future<Output = Outcome<()>>;

    /// Starts it once more as it was, in the same place.
    fn start_again(&mut self) -> impl Future<Output = Outcome<()>>;

    /// The keys of a chat called `nick` there that is in these rooms.
    fn keys(&self, nick: &str, rooms: &[&str]) -> String;

    /// Somebody called `name`, in these rooms.
    fn person(&self, name: &str, rooms: &[&str]) -> impl Future<Output = Outcome<Client>>;

    /// A bare bot called `name`, in these rooms.
    fn bot(&self, name: &str, rooms: &[&str]) -> impl Future<Output = Outcome<Client>> {
        self.person(name, rooms)
    }
}

/// A server that is a program on one port, with all its files in a folder of its own.
#[derive(Debug)]
struct Local {
    command: fn(&Path) -> Command,
    program: Program,
    port: u16,
    folder: TempDir,
}

impl Local {
    /// Starts what `command` makes of the folder; `None` if there is no such program.
    async fn start(port: u16, folder: TempDir, command: fn(&Path) -> Command) -> Outcome<Option<Self>> {
        let Some(program) = Program::run(&mut command(folder.path()), folder.path())? else { return Ok(None) };
        listens(port).await?;
        Ok(Some(Self { command, program, port, folder }))
    }

    async fn start_again(&mut self) -> Outcome<()> {
        let folder = self.folder.path();
        self.program = Program::run(&mut (self.command)(folder), folder)?.ok_or("the program is gone")?;
        listens(self.port).await
    }
}

/// A program that runs. Killed when dropped.
#[derive(Debug)]
struct Program(Child);

impl Program {
    /// Runs `command` in `folder`; `None` if there is no such program.
    fn run(command: &mut Command, folder: &Path) -> Outcome<Option<Self>> {
        let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("server.log"))?;
        let path = format!("{}:/usr/sbin:/usr/local/sbin", env::var("PATH").unwrap_or_default());
        command.current_dir(folder).env("PATH", path).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        match command.spawn() {
            Ok(child) => Ok(Some(Self(child))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn kill(&mut self) -> Outcome<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits until somebody listens on a port of loopback.
async fn listens(port: u16) -> Outcome<()> {
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await.is_err() {
        if Instant::now() > deadline {
            return Err(format!("nobody listens on port {port}").into());
        }
        sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// A port below those that the system gives to outgoing connections, so that it stays free.
fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| fastrand::u16(10_000..20_000)).take(100);
    ports.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("no port is free")
}

/// A list of texts, as TOML has it.
fn list(texts: &[&str]) -> String {
    format!("{texts:?}")
}

/// The folder with certificates for `localhost`.
const TLS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tls");

/// How long a server may take to start.
const PATIENCE: Duration = Duration::from_secs(60);
