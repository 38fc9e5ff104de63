//! IRC: inspircd, without services.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::{Program, Server, free_port, list, listens};
use crate::{Client, Outcome, irc};

/// An inspircd.
#[derive(Debug)]
pub struct Inspircd {
    program: Program,
    port: u16,
    folder: TempDir,
}

impl Inspircd {
    /// Starts one; `None` if there is no such program.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Outcome<Option<Self>> {
        let (port, folder) = (free_port(), TempDir::new()?);
        fs::write(folder.path().join("inspircd.conf"), settings(port, &folder))?;
        let Some(program) = run(&folder)? else { return Ok(None) };
        listens(port).await?;
        Ok(Some(Self { program, port, folder }))
    }
}

impl Server for Inspircd {
    const KIND: &'static str = "irc";

    async fn kill(&mut self) -> Outcome<()> {
        self.program.kill()
    }

    async fn start_again(&mut self) -> Outcome<()> {
        self.program = run(&self.folder)?.ok_or("the program is gone")?;
        listens(self.port).await
    }

    fn keys(&self, nick: &str, rooms: &[&str]) -> String {
        let (port, rooms) = (self.port, list(rooms));
        format!(
            "server = \"127.0.0.1\"\nport = {port}\ntls = false\nnick = \"{nick}\"\nrate = 0\nrooms = {rooms}\n"
        )
    }

    async fn person(&self, name: &str, rooms: &[&str]) -> Outcome<Client> {
        irc::enter(&format!("127.0.0.1:{}", self.port), name, rooms).await
    }
}

fn run(folder: &TempDir) -> Outcome<Option<Program>> {
    let mut command = Command::new("inspircd");
    // Nothing but a test runs it, and tests may run as root.
    command.args(["--runasroot", "--nofork"]).arg(format!("--config={}/inspircd.conf", folder.path().display()));
    Program::run(&mut command, folder.path())
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
