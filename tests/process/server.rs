//! Real IRC servers.

use std::{
    env, fs, io,
    net::TcpListener,
    process::{self, Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
};

use fulmar_conformance::skip;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::{patience::eventually, peer::Peer, program::signal};

/// inspircd with anope, as `tests/servers/irc.sh` starts them: TLS, SASL, echo-message, account-tag.
pub(crate) struct Inspircd {
    tls_port: String,
    plain: String,
    ca: String,
    pub(crate) account: String,
    pub(crate) password: String,
}

impl Inspircd {
    pub(crate) fn find() -> Option<Self> {
        let Ok(server) = env::var("FULMAR_TEST_INSPIRCD") else {
            skip("a real inspircd (FULMAR_TEST_INSPIRCD)");
            return None;
        };
        let needed = |key: &str| env::var(key).unwrap_or_else(|_| panic!("{key} is not set"));
        Some(Self {
            tls_port: server.rsplit(':').next().unwrap().to_owned(),
            plain: needed("FULMAR_TEST_INSPIRCD_PLAIN"),
            ca: needed("FULMAR_TEST_CA"),
            account: needed("FULMAR_TEST_ACCOUNT"),
            password: needed("FULMAR_TEST_PASSWORD"),
        })
    }

    /// The configuration of a chat: TLS, an authority of our own, SASL.
    pub(crate) fn chat(&self, name: &str, nick: &str, rooms: &[&str]) -> String {
        let Self { tls_port, ca, account, password, .. } = self;
        format!(
            r#"
[chats.{name}]
kind = "irc"
server = "localhost"
port = {tls_port}
ca_cert = "{ca}"
nick = "{nick}"
sasl = "plain"
account = "{account}"
sasl_password = "{password}"
rate = 0
rooms = {rooms:?}
"#
        )
    }

    /// A person with the services account.
    pub(crate) async fn known_peer(&self) -> Peer {
        Peer::enter_as(&self.plain, &unique("k"), (&self.account, &self.password)).await
    }
}

/// An ngircd of one test, which may kill it.
pub(crate) struct Ngircd {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Ngircd {
    /// Starts one, if there is the program.
    pub(crate) async fn start() -> Option<Self> {
        let (port, folder) = (free_port(), TempDir::new().unwrap());
        fs::write(folder.path().join("ngircd.conf"), settings(port)).unwrap();
        let child = match run(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                skip("the program ngircd");
                return None;
            }
            child => child.unwrap(),
        };
        let server = Self { child, port, folder };
        server.listens().await;
        Some(server)
    }

    /// Kills it without a word.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it without ending it: connections stay and nothing is answered.
    pub(crate) fn freeze(&self) {
        signal("STOP", &self.child);
    }

    /// Lets it go on.
    pub(crate) fn thaw(&self) {
        signal("CONT", &self.child);
    }

    /// Starts it once more, on the same port.
    pub(crate) async fn start_again(&mut self) {
        self.child = run(&self.folder).unwrap();
        self.listens().await;
    }

    async fn listens(&self) {
        eventually("ngircd", async || {
            TcpStream::connect(("127.0.0.1", self.port)).await.map(drop).map_err(|error| error.to_string())
        })
        .await;
    }

    /// The configuration of a chat on it.
    pub(crate) fn chat(&self, name: &str, nick: &str, rooms: &[&str]) -> String {
        let port = self.port;
        format!(
            r#"
[chats.{name}]
kind = "irc"
server = "127.0.0.1"
port = {port}
tls = false
nick = "{nick}"
rate = 0
rooms = {rooms:?}
"#
        )
    }

    pub(crate) async fn peer(&self) -> Peer {
        Peer::enter(&format!("127.0.0.1:{}", self.port), &unique("p")).await
    }
}

impl Drop for Ngircd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn run(folder: &TempDir) -> io::Result<Child> {
    let log = fs::File::create(folder.path().join("ngircd.log"))?;
    Command::new("ngircd")
        .args(["--nodaemon", "--config"])
        .arg(folder.path().join("ngircd.conf"))
        .env("PATH", format!("{}:/usr/sbin:/usr/local/sbin", env::var("PATH").unwrap_or_default()))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
}

fn settings(port: u16) -> String {
    format!(
        "[Global]\nName = ngircd.test\nInfo = Test\nListen = 127.0.0.1\nPorts = {port}\nMotdPhrase = hello\n\
         [Limits]\nMaxConnectionsIP = 0\nMaxNickLength = 30\nMaxPenaltyTime = 0\nMaxJoins = 0\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\n"
    )
}

/// A port below those that the system gives to outgoing connections, so that it stays free.
pub(crate) fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| fastrand::u16(10_000..20_000)).take(100);
    ports.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("no port is free")
}

/// A name that nobody else has on a server that tests share.
pub(crate) fn unique(start: &str) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("{start}{}x{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}
