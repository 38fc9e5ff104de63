//! XMPP: prosody, with rooms that show who people are, and archives.

use std::{fs, process::Command};

use tempfile::TempDir;

use super::{Program, Server, TLS, free_port, list, listens};
use crate::{Client, Outcome, xmpp};

/// A prosody with the accounts [`ACCOUNTS`].
#[derive(Debug)]
pub struct Prosody {
    program: Program,
    port: u16,
    folder: TempDir,
}

impl Prosody {
    /// Starts one; `None` if there is no such program.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Outcome<Option<Self>> {
        let (port, folder) = (free_port(), TempDir::new()?);
        let accounts = folder.path().join("data/localhost/accounts");
        fs::create_dir_all(&accounts)?;
        for name in ACCOUNTS {
            fs::write(accounts.join(format!("{name}.dat")), format!("return {{ password = \"{PASSWORD}\" }};"))?;
        }
        fs::write(folder.path().join("prosody.cfg.lua"), settings(port, &folder))?;
        let Some(program) = run(&folder)? else { return Ok(None) };
        listens(port).await?;
        Ok(Some(Self { program, port, folder }))
    }

    /// The address of the room called `name`.
    pub fn room(name: &str) -> String {
        format!("{name}@conference.localhost")
    }
}

impl Server for Prosody {
    const KIND: &'static str = "xmpp";

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
            "jid = \"{nick}@localhost\"\npassword = \"{PASSWORD}\"\nserver = \"localhost:{port}\"\ntls = \"starttls\"\n\
             ca_cert = \"{TLS}/ca.pem\"\nnick = \"{nick}\"\nrooms = {rooms}\n"
        )
    }

    async fn person(&self, name: &str, rooms: &[&str]) -> Outcome<Client> {
        xmpp::enter(&format!("127.0.0.1:{}", self.port), "localhost", (name, PASSWORD), rooms).await
    }
}

fn run(folder: &TempDir) -> Outcome<Option<Program>> {
    let mut command = Command::new("prosody");
    command.arg("--config").arg(folder.path().join("prosody.cfg.lua")).arg("-F");
    Program::run(&mut command, folder.path())
}

fn settings(port: u16, folder: &TempDir) -> String {
    let folder = folder.path().display();
    format!(
        r#"pidfile = "{folder}/prosody.pid"
data_path = "{folder}/data"
run_as_root = true
interfaces = {{ "127.0.0.1" }}
c2s_ports = {{ {port} }}; c2s_direct_tls_ports = {{}}; s2s_ports = {{}}; http_ports = {{}}; https_ports = {{}}
modules_enabled = {{ "saslauth", "tls", "disco", "ping", "posix", "time", "version", "smacks", "carbons", "mam" }}
modules_disabled = {{ "s2s" }}
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "internal_plain"
storage = "internal"
default_archive_policy = true
log = {{ info = "{folder}/prosody.log" }}
ssl = {{ certificate = "{TLS}/server.pem", key = "{TLS}/server.key" }}
VirtualHost "localhost"
Component "conference.localhost" "muc"
  modules_enabled = {{ "muc_mam" }}
  muc_log_by_default = true
  restrict_room_creation = false
  muc_room_locking = false
  muc_room_default_public_jids = true
  muc_room_default_persistent = true
"#
    )
}

/// Who has an account.
const ACCOUNTS: [&str; 6] = ["fulmar", "joe", "ann", "reflector", "alice", "bob"];

const PASSWORD: &str = "correct-horse";
