//! The gateway: the program under test.

use std::{
    cell::OnceCell,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::{
    Outcome, http,
    process::Process,
    wait::{PATIENCE, until},
};

/// A gateway that was started.
pub(crate) struct Gateway {
    /// Its process.
    pub(crate) process: Process,
    admin: OnceCell<SocketAddr>,
}

/// How a gateway is started.
#[derive(Clone, Debug)]
pub(crate) struct Launch {
    /// The program.
    pub(crate) program: PathBuf,
    /// What stands before it, such as `faketime -f +1h`.
    pub(crate) wrapper: Vec<String>,
    /// Its configuration.
    pub(crate) config: PathBuf,
    /// Its log.
    pub(crate) log: PathBuf,
    /// Its environment, beside our own.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// What a gateway is connected with.
#[derive(Clone, Debug)]
pub(crate) struct Wiring {
    /// Where the journal is, as `gateway.state` has it.
    pub(crate) state: String,
    /// Who says results, as `stackstorm.default.results` has it.
    pub(crate) results: &'static str,
    /// After how long people are told how things stand, as `gateway.progress` has it.
    pub(crate) progress: &'static str,
    /// Where StackStorm's API is.
    pub(crate) api: SocketAddr,
    /// Where its stream is.
    pub(crate) stream: SocketAddr,
    /// Where its webhooks are to be, if it is to have any.
    pub(crate) web: Option<SocketAddr>,
    /// The chats: name, server, rooms.
    pub(crate) chats: Vec<(String, SocketAddr, Vec<String>)>,
}

impl Launch {
    /// Starts it.
    pub(crate) fn start(&self) -> Outcome<Gateway> {
        let mut words = self.wrapper.iter().map(PathBuf::from).chain([self.program.clone()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).arg("run").arg("--config").arg(&self.config);
        command.env("FULMAR_TEST_SWITCHES", "1").envs(self.environment.iter().cloned());
        Ok(Gateway { process: Process::start(&mut command, &self.log)?, admin: OnceCell::new() })
    }
}

impl Gateway {
    /// Where its admin routes are, as it says; `None` as long as it does not.
    fn admin(&self) -> Option<SocketAddr> {
        if self.admin.get().is_none() {
            let said = self.process.said().ok()?;
            let (_, rest) = said.split_once("started admin=")?;
            let address = rest.split_once('\n')?.0.trim().parse().ok()?;
            return Some(*self.admin.get_or_init(|| address));
        }
        self.admin.get().copied()
    }

    /// Asks an admin route; `None` if it does not answer.
    pub(crate) async fn ask(&self, method: &str, path: &str) -> Option<http::Answer> {
        http::ask(self.admin()?, method, path, ("", "")).await.ok()
    }

    /// What it says of itself; `None` if it does not answer.
    pub(crate) async fn status(&self) -> Option<Value> {
        self.ask("GET", "/status").await.map(|answer| answer.json())
    }

    /// Waits until it says that it is ready; that it ends is an error.
    pub(crate) async fn ready(&mut self) -> Outcome<()> {
        until("the gateway's readiness", PATIENCE, async || {
            if let Some(status) = self.process.ended()? {
                return Err(format!("the gateway ended ({status}): {}", self.process.said()?).into());
            }
            Ok(self.ask("GET", "/ready").await.filter(|answer| answer.status == 200).map(drop))
        })
        .await
    }

    /// Whether nothing is open and nothing is still to be said.
    pub(crate) async fn is_done(&self) -> bool {
        let status = self.status().await.unwrap_or_default();
        ["open", "pending"].iter().all(|name| status.pointer(&format!("/journal/{name}")) == Some(&Value::from(0)))
    }
}

impl Wiring {
    /// The configuration, as a file.
    pub(crate) fn write(&self, to: &Path) -> Outcome<()> {
        let Self { state, results, progress, api, stream, .. } = self;
        let mut text = format!(
            r#"
[gateway]
state = "{state}"
mention = "always"
progress = "{progress}"

[admin]
listen = "127.0.0.1:0"

[stackstorm.default]
auth_url = "http://{api}/auth/v1"
api_url = "http://{api}/api/v1"
stream_url = "http://{stream}/stream/v1"
api_auth = {{ key = "faults" }}
results = "{results}"
"#
        );
        if let Some(web) = self.web {
            text.push_str(&format!("[web]\nlisten = \"{web}\"\n"));
        }
        for (name, server, rooms) in &self.chats {
            let (host, port) = (server.ip(), server.port());
            text.push_str(&format!(
                r#"
[chats.{name}]
kind = "irc"
server = "{host}"
port = {port}
tls = false
nick = "{name}"
rate = 0
rooms = {rooms:?}
"#
            ));
        }
        Ok(std::fs::write(to, text)?)
    }
}
