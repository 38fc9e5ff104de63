//! What is measured: the gateway, and the bots that are its floor. Each is a process of its own, new for each run.

use std::{
    env, fs, io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde::Serialize;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::Outcome;

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Answers by itself.
    Reflector,
    /// Asks StackStorm and passes on what it says.
    Relay,
    /// Fulmar.
    Gateway,
    /// Fulmar with its journal in memory.
    Forgetful,
}

/// Where everything is.
pub(crate) struct Site {
    /// The IRC server.
    pub(crate) irc: String,
    /// The program `fulmar`.
    pub(crate) gateway: PathBuf,
    /// StackStorm.
    pub(crate) stackstorm: String,
    /// For files.
    pub(crate) folder: PathBuf,
}

/// A process that is in its rooms.
pub(crate) struct Subject {
    child: Child,
    /// Its nick.
    pub(crate) nick: String,
    /// Its rooms.
    pub(crate) rooms: Vec<String>,
    /// Names the process, for whoever cleans up when this one is killed.
    mark: PathBuf,
}

impl Kind {
    /// What people call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Reflector => "reflector",
            Self::Relay => "reflector + http",
            Self::Gateway => "fulmar",
            Self::Forgetful => "fulmar in memory",
        }
    }
}

impl Subject {
    /// Starts one as number `run`, and waits until it is in so many rooms.
    pub(crate) async fn start(kind: Kind, site: &Site, run: usize, rooms: usize) -> Outcome<Self> {
        let nick = format!("bot{run}");
        let rooms: Vec<String> = (0..rooms).map(|number| format!("#room{run}-{number}")).collect();
        let log = site.folder.join(format!("{run}-{}.log", kind.name().replace(" + ", "-").replace(' ', "-")));
        let mut command = match kind {
            Kind::Reflector => bot("reflector", site, &nick, &rooms)?,
            Kind::Relay => {
                let mut command = bot("relay", site, &nick, &rooms)?;
                command.args(["--stackstorm", &site.stackstorm]);
                command
            }
            Kind::Gateway => {
                let file = site.folder.join(format!("{nick}.db"));
                gateway(site, &nick, &rooms, &format!("sqlite:{}", file.display()))?
            }
            Kind::Forgetful => gateway(site, &nick, &rooms, "memory")?,
        };
        let file = fs::File::create(&log)?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        let mark = site.folder.join("subject.pid");
        fs::write(&mark, child.id().to_string())?;
        let mut subject = Self { child, nick, rooms, mark };
        subject.ready(kind, &log).await?;
        Ok(subject)
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    async fn ready(&mut self, kind: Kind, log: &Path) -> Outcome<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = fs::read_to_string(log)?;
            if let Some(status) = self.child.try_wait()? {
                return Err(format!("{} ended ({status}): {said}", kind.name()).into());
            }
            let is_ready = match (kind, admin(&said)) {
                (Kind::Gateway | Kind::Forgetful, Some(address)) => answers_ready(address).await.unwrap_or(false),
                (Kind::Gateway | Kind::Forgetful, None) => false,
                (Kind::Reflector | Kind::Relay, _) => said.contains("ready"),
            };
            if is_ready {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{} is not ready: {said}", kind.name()).into());
            }
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
        drop(fs::remove_file(&self.mark));
    }
}

fn bot(what: &str, site: &Site, nick: &str, rooms: &[String]) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([what, "--irc", &site.irc, "--nick", nick]).args(rooms);
    Ok(command)
}

fn gateway(site: &Site, nick: &str, rooms: &[String], state: &str) -> io::Result<Command> {
    let (host, port) = site.irc.rsplit_once(':').ok_or(io::ErrorKind::InvalidInput)?;
    let surroundings = surroundings(&site.stackstorm);
    let config = format!(
        r#"
[gateway]
name = "{nick}"
state = {state:?}

{surroundings}
[chats.irc]
kind = "irc"
server = "{host}"
port = {port}
tls = false
nick = "{nick}"
rate = 0
rooms = {rooms:?}
"#
    );
    let file = site.folder.join(format!("{nick}.toml"));
    fs::write(&file, config)?;
    Ok(run(&site.gateway, &file))
}

/// What a gateway here is told of its admin routes, and of the StackStorm at `storm`.
pub(crate) fn surroundings(storm: &str) -> String {
    format!(
        r#"[admin]
listen = "127.0.0.1:0"

[stackstorm.default]
auth_url = "http://{storm}/auth"
api_url = "http://{storm}/api"
stream_url = "http://{storm}/stream"
api_auth = {{ key = "load" }}
"#
    )
}

/// Has the gateway `program` run as the configuration in `file` says.
pub(crate) fn run(program: &Path, file: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("run").arg("--config").arg(file).env_remove("FULMAR_LOG");
    command
}

/// Where the gateway says that its admin routes are.
pub(crate) fn admin(log: &str) -> Option<&str> {
    let (_, rest) = log.split_once("started admin=")?;
    rest.split_once('\n').map(|(address, _)| address.trim())
}

async fn answers_ready(address: &str) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    stream
        .write_all(format!("GET /ready HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);
