//! Matrix: synapse, as `tests/servers/matrix.sh` sets it up.

use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{Program, Server, list, listens};
use crate::{Client, Outcome, matrix::Account};

/// A synapse.
#[derive(Debug)]
pub struct Synapse {
    program: Program,
    url: String,
    python: String,
    folder: TempDir,
}

impl Synapse {
    /// Starts one.
    ///
    /// # Errors
    /// When it cannot be installed, or does not start.
    pub async fn start() -> Outcome<Self> {
        let folder = TempDir::new()?;
        let started = Command::new(SCRIPT).arg("start").arg(folder.path()).stderr(Stdio::inherit()).output()?;
        let said = String::from_utf8(started.stdout)?;
        let value = |key: &str| -> Outcome<String> {
            let line = said.lines().find_map(|line| line.strip_prefix(&format!("export {key}=")));
            Ok(line.ok_or_else(|| format!("matrix.sh did not say {key}, but {said:?}"))?.to_owned())
        };
        let (url, python) = (value("FULMAR_TEST_SYNAPSE")?, value("FULMAR_TEST_NIO")?);
        // From now on it is a child of ours, which can be killed.
        Command::new(SCRIPT).arg("stop").arg(folder.path()).status()?;
        let program = run(&python, &folder)?;
        let mut synapse = Self { program, url, python, folder };
        synapse.answers().await?;
        Ok(synapse)
    }

    /// Makes a room that everybody may enter, as somebody who is called `by`. Returns its id; its alias is
    /// `#name:localhost`.
    ///
    /// # Errors
    /// When there is one already.
    pub async fn make_room(&self, by: &str, name: &str) -> Outcome<String> {
        Account::open(&self.url, by, PASSWORD).await?.make_room(name).await
    }

    /// Makes sure that there is an account called `name`.
    ///
    /// # Errors
    /// When the server does not take it.
    pub async fn register(&self, name: &str) -> Outcome<()> {
        Account::open(&self.url, name, PASSWORD).await.map(drop)
    }

    async fn answers(&mut self) -> Outcome<()> {
        let port = self.url.rsplit(':').next().ok_or("no port")?.parse()?;
        listens(port).await
    }
}

impl Server for Synapse {
    const KIND: &'static str = "matrix";

    async fn kill(&mut self) -> Outcome<()> {
        self.program.kill()
    }

    async fn start_again(&mut self) -> Outcome<()> {
        self.program = run(&self.python, &self.folder)?;
        self.answers().await
    }

    fn keys(&self, nick: &str, rooms: &[&str]) -> String {
        let (url, rooms, folder) = (&self.url, list(rooms), self.folder.path().display());
        format!(
            "homeserver = \"{url}\"\nuser = \"{nick}\"\npassword = \"{PASSWORD}\"\nstore = \"{folder}/of-{nick}\"\n\
             rooms = {rooms}\n"
        )
    }

    async fn person(&self, name: &str, rooms: &[&str]) -> Outcome<Client> {
        Account::open(&self.url, name, PASSWORD).await?.enter(rooms).await
    }
}

fn run(python: &str, folder: &TempDir) -> Outcome<Program> {
    let mut command = Command::new(python);
    command.args(["-m", "synapse.app.homeserver", "--config-path"]).arg(folder.path().join("homeserver.yaml"));
    Ok(Program::run(&mut command, folder.path())?.ok_or("the virtual environment is gone")?)
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../servers/matrix.sh");

const PASSWORD: &str = "correct-horse";
