//! IRC: inspircd, without services.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use super::{Local, Server, free_port, list};
use crate::{Client, Outcome, irc};

/// An inspircd.
#[derive(Debug)]
pub struct Inspircd(Local);

impl Inspircd {
    /// Starts one; `None` if there is no such program.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Outcome<Option<Self>> {
        let (port, folder) = (free_port(), TempDir::new()?);
        fs::write(folder.path().join("inspircd.conf"), settings(port, &folder))?;
        Ok(Local::start(port, folder, command).await?.map(Self))
    }
}

impl Server for Inspircd {
    const KIND: &'static str = "irc";

    async fn kill(&mut self) -> Outcome<()> {
        self.0.program.kill()
    }

    async fn start_again(&mut self) -> Outcome<()> {
        self.0.start_again().await
    }

    fn keys(&self, nick: &str, rooms: &[&str]) -> String {
        let (port, rooms) = (self.0.port, list(rooms));
        format!(
            "server = \"127.0.0.1\"\nport = {port}\ntls = false\nnick = \"{nick}\"\nrate = 0\nrooms = {rooms}\n"
        )
    }

    async fn person(&self, name: &str, rooms: &[&str]) -> Outcome<Client> {
        irc::enter(&format!("127.0.0.1:{}", self.0.port), name, rooms).await
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("inspircd");
    // Nothing but a test runs it, and tests may run as root.
    command.args(["--runasroot", "--nofork"]).arg(format!("--config={}/inspircd.conf", folder.display()));
    command
}

fn settings(port: u16, folder: &TempDir) -> String {
    let folder = folder.path().display();
    format!(
        r#"<server name="inspircd.test" description="Test" network="FulmarTest" id="0FT">
<admin name="test" nick="test" email="test@localhost">
<bind address="127.0.0.1" port="{port}" type="clients">
<module name="cap"><module name="ircv3"><module name="ircv3_echomessage"><module name="ircv3_msgid">
<module name="ircv3_servertime"><module name="ircv3_batch"><module name="ircv3_ctctags">
<connect name="all" allow="*" timeout="10" pingfreq="30" threshold="1000000" commandrate="100000000" fakelag="no"
  softsendq="4194304" hardsendq="4194304" maxchans="100" recvq="65536" localmax="1000" globalmax="1000"
  resolvehostnames="no" useident="no" modes="">
<performance nouserdns="yes">
<options casemapping="ascii">
<path configdir="{folder}" datadir="{folder}" logdir="{folder}" runtimedir="{folder}">
<log method="file" type="*" level="default" target="{folder}/inspircd.log">
<pid file="{folder}/pid">
"#
    )
}
