//! XMPP: prosody, with rooms that show who people are, and archives.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use super::{Local, Server, TLS, free_port, list};
use crate::{Client, Outcome, xmpp};

/// A prosody with the accounts [`ACCOUNTS`].
#[derive(Debug)]
pub struct Prosody(Local);

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
        Ok(Local::start(port, folder, command).await?.map(Self))
    }

    /// The address of the room called `name`.
    pub fn room(name: &str) -> String {
        format!("{name}@conference.localhost")
    }
}

impl Server for Prosody {
    const KIND: &'static str = "xmpp";

    async fn kill(&mut self) -> Outcome<()> {
        self.0.program.kill()
    }

    async fn start_again(&mut self) -> Outcome<()> {
        self.0.start_again().await
    }

    fn keys(&self, nick: &str, rooms: &[&str]) -> String {
        let (port, rooms) = (self.0.port, list(rooms));
        format!(
            "jid = \"{nick}@localhost\"\npassword = \"{PASSWORD}\"\nserver = \"localhost:{port}\"\ntls = \"starttls\"\n\
             ca_cert = \"{TLS}/ca.pem\"\nnick = \"{nick}\"\nrooms = {rooms}\n"
        )
    }

    async fn person(&self, name: &str, rooms: &[&str]) -> Outcome<Client> {
        xmpp::enter(&format!("127.0.0.1:{}", self.0.port), "localhost", (name, PASSWORD), rooms).await
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new("prosody");
    command.arg("--config").arg(folder.join("prosody.cfg.lua")).arg("-F");
    command
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
