//! A person on an IRC server.

use std::collections::VecDeque;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::patience::within;

/// A plain client that is registered.
pub(crate) struct Peer {
    pub(crate) nick: String,
    lines: Lines<BufReader<OwnedReadHalf>>,
    writer: OwnedWriteHalf,
    /// Lines that somebody waited past.
    unread: VecDeque<String>,
}

impl Peer {
    pub(crate) async fn enter(server: &str, nick: &str) -> Self {
        let mut peer = Self::connect(server, nick).await;
        peer.register().await;
        peer
    }

    /// Enters, logged in to an account.
    pub(crate) async fn enter_as(server: &str, nick: &str, (account, password): (&str, &str)) -> Self {
        let mut peer = Self::connect(server, nick).await;
        peer.sends("CAP REQ :sasl\r\nAUTHENTICATE PLAIN").await;
        peer.until("a challenge", |line| line.contains("AUTHENTICATE ")).await;
        let response = STANDARD.encode(format!("{account}\0{account}\0{password}"));
        peer.sends(&format!("AUTHENTICATE {response}")).await;
        peer.until("the login", |line| line.contains(" 903 ")).await;
        peer.sends("CAP END").await;
        peer.register().await;
        peer
    }

    async fn connect(server: &str, nick: &str) -> Self {
        let (reader, writer) = TcpStream::connect(server).await.unwrap().into_split();
        Self { nick: nick.into(), lines: BufReader::new(reader).lines(), writer, unread: VecDeque::new() }
    }

    async fn register(&mut self) {
        self.sends(&format!("NICK {}\r\nUSER peer 0 * :Peer", self.nick)).await;
        self.until("the welcome", |line| line.contains(" 001 ")).await;
    }

    pub(crate) async fn joins(&mut self, room: &str) {
        self.sends(&format!("JOIN {room}")).await;
        self.until("the room", |line| line.contains(" 366 ") && line.contains(room)).await;
    }

    /// Writes `text` in a room or to somebody.
    pub(crate) async fn says(&mut self, to: &str, text: &str) {
        self.sends(&format!("PRIVMSG {to} :{text}")).await;
    }

    pub(crate) async fn sends(&mut self, line: &str) {
        self.writer.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }

    /// The next text that somebody else writes in `room`.
    pub(crate) async fn hears(&mut self, room: &str) -> String {
        let target = format!(" PRIVMSG {room} :");
        let line = self.until(&format!("a text in {room}"), |line| line.contains(&target)).await;
        line.split_once(&target).unwrap().1.to_owned()
    }

    /// Texts of `room` until one contains `what`, which is returned.
    pub(crate) async fn hears_of(&mut self, room: &str, what: &str) -> String {
        let target = format!(" PRIVMSG {room} :");
        let wanted = |line: &str| line.split_once(&target).is_some_and(|(_, text)| text.contains(what));
        self.until(what, wanted).await.split_once(&target).unwrap().1.to_owned()
    }

    /// What somebody writes to us alone.
    pub(crate) async fn hears_directly(&mut self) -> String {
        let me = self.nick.clone();
        self.hears(&me).await
    }

    /// Waits until `nick` leaves the server, and returns the line that says so.
    pub(crate) async fn sees_quit(&mut self, nick: &str) -> String {
        let quit = format!(":{nick}!");
        self.until("a QUIT", |line| line.starts_with(&quit) && line.contains(" QUIT")).await
    }

    /// All lines that came so far and were not waited for.
    pub(crate) async fn unread(&mut self) -> Vec<String> {
        self.sends("PING :all-read").await;
        self.until("a PONG", |line| line.contains("PONG") && line.contains("all-read")).await;
        self.unread.iter().cloned().collect()
    }

    /// The next line, unread ones included, that is `wanted`.
    async fn until(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        if let Some(at) = self.unread.iter().position(|line| wanted(line)) {
            return self.unread.remove(at).unwrap();
        }
        let Self { lines, writer, unread, .. } = self;
        let found = async {
            loop {
                let line = lines.next_line().await.unwrap().expect("the server closed the connection");
                if let Some(token) = line.strip_prefix("PING ") {
                    writer.write_all(format!("PONG {token}\r\n").as_bytes()).await.unwrap();
                } else if wanted(&line) {
                    return line;
                } else {
                    unread.push_back(line);
                }
            }
        };
        within(what, found).await
    }
}
