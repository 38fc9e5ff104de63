//! A person on a real server.

use std::{collections::VecDeque, path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use fulmar_conformance::within;
use fulmar_transport::{Stream, Trust, certificates, identity};
use rustls::{client::ResolvesClientCert, pki_types::ServerName};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines, ReadHalf, WriteHalf},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// How to get in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Way {
    /// As `host:port`.
    pub(crate) server: String,
    /// The authority to believe, if the server speaks TLS.
    pub(crate) ca: Option<String>,
    /// A certificate to show, and its key, in PEM files.
    pub(crate) certificate: Option<[String; 2]>,
    /// The server's password.
    pub(crate) password: Option<String>,
}

/// A client that is registered.
pub(crate) struct Peer {
    lines: Lines<BufReader<ReadHalf<Box<dyn Stream>>>>,
    writer: WriteHalf<Box<dyn Stream>>,
    pub(crate) nick: String,
    /// Lines that somebody else waited past.
    unread: VecDeque<String>,
}

impl Peer {
    pub(crate) async fn enter(way: &Way, nick: &str) -> Self {
        Self::enter_as(way, nick, None).await
    }

    /// Enters, logged in to an account if there is one.
    pub(crate) async fn enter_as(way: &Way, nick: &str, login: Option<(&str, &str)>) -> Self {
        let (reader, writer) = tokio::io::split(connect(way).await);
        let lines = BufReader::new(reader).lines();
        let mut peer = Self { lines, writer, nick: nick.into(), unread: VecDeque::new() };
        if let Some((account, password)) = login {
            peer.says("CAP REQ :sasl\r\nAUTHENTICATE PLAIN").await;
            peer.until("its challenge", |line| line.contains("AUTHENTICATE ")).await;
            let response = STANDARD.encode(format!("{account}\0{account}\0{password}"));
            peer.says(&format!("AUTHENTICATE {response}")).await;
            peer.until("the login", |line| line.contains(" 903 ")).await;
            peer.says("CAP END").await;
        }
        if let Some(password) = &way.password {
            peer.says(&format!("PASS {password}")).await;
        }
        peer.says(&format!("NICK {nick}\r\nUSER peer 0 * :Peer")).await;
        peer.until("its welcome", |line| line.contains(" 001 ")).await;
        peer
    }

    pub(crate) async fn joins(&mut self, room: &str) {
        self.says(&format!("JOIN {room}")).await;
        self.until("the room", |line| line.contains(" 366 ")).await;
    }

    pub(crate) async fn says(&mut self, line: &str) {
        self.writer.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }

    pub(crate) async fn sends(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    /// The next text that somebody else writes in `room` or, if that is our nick, to us.
    pub(crate) async fn hears(&mut self, room: &str) -> String {
        let target = format!(" PRIVMSG {room} :").to_lowercase();
        let line = self.until("a message", |line| line.to_lowercase().contains(&target)).await;
        line.splitn(3, ':').nth(2).unwrap().to_owned()
    }

    /// The next line, unread ones included, that is `wanted`.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        if let Some(at) = self.unread.iter().position(|line| wanted(line)) {
            return self.unread.remove(at).unwrap();
        }
        loop {
            let line = within(what, self.lines.next_line()).await.unwrap().unwrap();
            if let Some(token) = line.strip_prefix("PING ") {
                self.says(&format!("PONG {token}")).await;
            } else if wanted(&line) {
                return line;
            } else {
                self.unread.push_back(line);
            }
        }
    }
}

async fn connect(way: &Way) -> Box<dyn Stream> {
    let tcp = TcpStream::connect(&way.server).await.unwrap();
    let Some(ca) = &way.ca else { return Box::new(tcp) };
    let trust = Trust::own(certificates(Path::new(ca)).unwrap()).unwrap();
    let shown = way.certificate.as_ref().map(|[chain, key]| identity(chain.as_ref(), key.as_ref()).unwrap());
    let config = trust.client_config(shown.map(|shown| shown as Arc<dyn ResolvesClientCert>)).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    Box::new(TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap())
}
