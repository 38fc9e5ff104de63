//! What is measured, and the stand-in for Telegram: processes of their own.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fulmar_load::Outcome;
use fulmar_networks::Telegram;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep},
};

use crate::subject::{admin, run, surroundings};

/// A gateway. Killed when dropped.
pub(super) struct Gateway {
    child: Child,
    address: String,
}

/// A stand-in for the Bot API. Killed when dropped.
pub(super) struct Botapi {
    child: Child,
    pub(super) server: Telegram,
}

impl Gateway {
    /// Starts `program` for the StackStorm at `storm`, with these chats.
    pub(super) async fn start(program: &Path, folder: &Path, storm: &str, chats: &str) -> Outcome<Self> {
        let (file, log) = (folder.join("networks.toml"), folder.join("networks.log"));
        let config = format!("[gateway]\nstate = \"memory\"\n\n{}{chats}", surroundings(storm));
        fs::write(&file, config)?;
        let output = fs::File::create(&log)?;
        let mut command = run(program, &file);
        let child = command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output).spawn()?;
        let mut gateway = Self { child, address: String::new() };
        let deadline = Instant::now() + PATIENCE;
        loop {
            let said = fs::read_to_string(&log)?;
            if let Some(address) = admin(&said) {
                gateway.address = address.to_owned();
                return Ok(gateway);
            }
            if Instant::now() > deadline || gateway.child.try_wait()?.is_some() {
                return Err(format!("the gateway did not start: {said}").into());
            }
            sleep(GLANCE).await;
        }
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until these chats are up, and StackStorm is there.
    pub(super) async fn until_up(&self, chats: &[&str]) -> Outcome<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status().await?;
            let at = |path: &str| status.pointer(path).cloned().unwrap_or_default();
            let is_up = |chat: &&str| {
                let rooms = at(&format!("/chats/{chat}/rooms"));
                at(&format!("/chats/{chat}/phase")) == "up" && rooms.as_array().is_some_and(|it| !it.is_empty())
            };
            let is_there = at("/stackstorm/default/aliases").is_u64();
            if chats.iter().all(is_up) && is_there && at("/stackstorm/default/stream/phase") == "open" {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("not all is up: {status:#}").into());
            }
            sleep(GLANCE).await;
        }
    }

    async fn status(&self) -> Outcome<Value> {
        let mut stream = TcpStream::connect(&self.address).await?;
        let request = format!("GET /status HTTP/1.0\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
        Ok(serde_json::from_str(body)?)
    }
}

impl Botapi {
    pub(super) fn start(program: &Path) -> Outcome<Self> {
        let mut child = Command::new(program).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut line)?;
        let (url, token) = line.trim().split_once(" token=").ok_or("the stand-in did not start")?;
        let url = url.trim_start_matches("url=");
        let server = Telegram::at(url, token).map_err(|error| error.to_string())?;
        Ok(Self { child, server })
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

impl Drop for Botapi {
    fn drop(&mut self) {
        stop(&mut self.child);
    }
}

/// It may have ended by itself.
fn stop(child: &mut Child) {
    drop(child.kill());
    drop(child.wait());
}

/// The forum of the stand-in in which the bot hears everything.
pub(super) const OPS: &str = "-1001000000001";

/// Somebody there.
pub(super) const ADA: &str = "1001";

/// How long the gateway is left alone before it counts as idle.
pub(super) const SETTLING: Duration = Duration::from_secs(10);

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(120);

const GLANCE: Duration = Duration::from_millis(50);
