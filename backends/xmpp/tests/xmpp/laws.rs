//! The laws against prosody.

use std::sync::Arc;

use async_trait::async_trait;
use fulmar_conformance::{Harness, Seen};
use fulmar_contract::{Backend, File, MessageId, RoomId, Sender, ThreadId};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use xmpp_parsers::{minidom::Element, ns};

use crate::{
    peer::{Peer, Way, body, tls},
    place::{self, Place},
};

/// prosody: STARTTLS, stream management, archives.
struct Prosody {
    place: Place,
    impostor: Option<Peer>,
}

impl Prosody {
    /// From whom a message of ours comes in `room`.
    fn source(&self, room: &RoomId) -> String {
        if room.as_str() == self.place.peer.jid {
            format!("{}@localhost", self.place.account)
        } else {
            format!("{room}/fulmar")
        }
    }
}

#[async_trait]
impl Harness for Prosody {
    async fn start() -> Option<Self> {
        Some(Self { place: place::prosody().await?, impostor: None })
    }

    fn backend(&self) -> Arc<dyn Backend> {
        self.place.chat().build()
    }

    fn backend_with_bad_login(&self) -> Arc<dyn Backend> {
        self.place.chat().text("password", "wrong").build()
    }

    fn room(&self) -> &str {
        &self.place.room
    }

    fn other_room(&self) -> &str {
        &self.place.other
    }

    fn unknown_room(&self) -> &str {
        "there-is-no-such-room@conference.localhost"
    }

    async fn peer_says(&mut self, room: &RoomId, text: &str) {
        let peer = &mut self.place.peer;
        peer.says(room.as_str(), "groupchat", text, "").await;
        // Until the room shows it, it is not said.
        let last = peer.last.clone();
        let is_it = |it: &Element| it.attr("id") == Some(&last) && it.attr("type") == Some("groupchat");
        peer.until("its own words", is_it).await;
    }

    async fn peer_says_directly(&mut self, me: &Sender, text: &str) {
        self.place.peer.says(me.identity.as_str(), "chat", text, "").await;
    }

    async fn peer_hears(&mut self, room: &RoomId) -> String {
        body(&self.place.peer.hears(&self.source(room), false).await)
    }

    async fn peer_sees_edit(&mut self, room: &RoomId) -> String {
        body(&self.place.peer.hears(&self.source(room), true).await)
    }

    async fn peer_sees(&mut self, room: &RoomId) -> Seen {
        let message = self.place.peer.hears(&self.source(room), false).await;
        let url = message.get_child("x", ns::OOB).and_then(|x| x.get_child("url", ns::OOB)).map(Element::text);
        let mut seen = seen(&message);
        if let Some(url) = url {
            seen.file = Some(file(&self.place.way, &url).await);
        }
        seen
    }

    async fn peer_says_in_thread(&mut self, room: &RoomId, text: &str) {
        self.place.peer.says(room.as_str(), "groupchat", text, "<thread>the thread</thread>").await;
    }

    async fn peer_edits(&mut self, room: &RoomId, _: &MessageId, text: &str) {
        let last = format!("<replace xmlns='{}' id='{}'/>", ns::MESSAGE_CORRECT, self.place.peer.last);
        self.place.peer.says(room.as_str(), "groupchat", text, &last).await;
    }

    async fn peer_reacts(&mut self, room: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let stamp = message.as_str().split(' ').next().unwrap();
        let emoji = emoji.map(|emoji| format!("<reaction>{emoji}</reaction>")).unwrap_or_default();
        let reactions = format!("<reactions xmlns='{}' id='{stamp}'>{emoji}</reactions>", ns::REACTIONS);
        self.place.peer.sends(&format!("<message to='{room}' type='groupchat'>{reactions}</message>")).await;
    }

    async fn peer_sees_reaction(&mut self, room: &RoomId, message: &MessageId, emoji: Option<&str>) {
        let source = self.source(room);
        let is_it = |it: &Element| {
            let reactions = it.get_child("reactions", ns::REACTIONS);
            let all: Option<Vec<String>> = reactions.map(|all| all.children().map(Element::text).collect());
            it.attr("from") == Some(&source)
                && reactions.and_then(|all| all.attr("id")) == Some(message.as_str())
                && all == Some(emoji.map(str::to_owned).into_iter().collect())
        };
        self.place.peer.until("a reaction", is_it).await;
    }

    async fn peer_is_renamed(&mut self) {
        let me = format!("{}/countess", self.place.room);
        self.place.peer.sends(&format!("<presence to='{me}'/>")).await;
        self.place.peer.until("the new nick", |it| it.name() == "presence" && it.attr("from") == Some(&me)).await;
    }

    async fn impostor_says(&mut self, room: &RoomId, name: &str, text: &str) {
        let mut impostor = Peer::enter(&self.place.way, &format!("i{}", self.place.account)).await;
        impostor.enters(room.as_str(), name).await;
        impostor.says(room.as_str(), "groupchat", text, "").await;
        self.impostor = Some(impostor);
    }

    async fn forget(&mut self, room: &RoomId, message: &MessageId) {
        let retract = format!("<retract xmlns='urn:xmpp:message-retract:1' id='{message}'/>");
        self.place.peer.sends(&format!("<message to='{room}' type='groupchat'>{retract}</message>")).await;
    }

    async fn sees_us_leave(&mut self) {
        let rooms = [&self.place.room, &self.place.other].map(|room| format!("{room}/fulmar"));
        let is_it = |it: &Element| {
            it.name() == "presence"
                && it.attr("type") == Some("unavailable")
                && it.attr("from").is_some_and(|from| rooms.iter().any(|room| room == from))
        };
        self.place.peer.until("us to leave", is_it).await;
    }

    async fn sever(&mut self) {
        self.place.proxy.cut();
    }

    async fn garbage(&mut self) {
        let (room, us) = (self.place.room.clone(), format!("{}@localhost", self.place.account));
        let deep = format!("{}{}", "<a xmlns='x'>".repeat(500), "</a>".repeat(500));
        for stanza in [
            format!("<message to='{room}' type='groupchat'/>"),
            format!("<message to='{us}' type='chat' id='LONG'><body>x</body></message>"),
            format!("<message to='{room}' type='groupchat'><body/>{deep}</message>"),
            format!("<message to='{us}'><result xmlns='{}'/></message>", ns::MAM),
            format!("<message to='{us}'><received xmlns='{}'/></message>", ns::CARBONS),
            format!("<message to='{us}' type='error' id='x'/>"),
            format!("<message to='{us}' type='odd'><body>x</body></message>"),
            format!("<message to='{us}'><reactions xmlns='{}'/>{deep}</message>", ns::REACTIONS),
            format!("<presence to='{us}' type='subscribe'/>"),
            format!("<presence to='{us}'><x xmlns='{}'><item jid='@'/></x></presence>", ns::MUC_USER),
            format!("<iq to='{us}' type='get' id='x'><query xmlns='odd'/></iq>"),
            format!("<iq to='{us}/fulmar' type='result' id='x'><query xmlns='odd'/></iq>"),
            format!("<iq to='{us}/fulmar' type='set' id='LONG'><query xmlns='odd'/></iq>"),
        ] {
            let id = if stanza.contains("LONG") { "x".repeat(20_000) } else { "x".into() };
            self.place.peer.sends_as(&stanza, &id).await;
        }
    }
}

/// The file at `url`, as somebody who opens it gets it.
async fn file(way: &Way, url: &str) -> File {
    let (server, path) = url.strip_prefix("https://").unwrap().split_once('/').unwrap();
    let tcp = TcpStream::connect(server).await.unwrap();
    let mut stream = tls(&way.ca).connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    // The end may come without a farewell.
    stream.read_to_end(&mut answer).await.unwrap_or_default();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let (head, content) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head).into_owned();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let media_type = head.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap().to_owned();
    File { name: path.rsplit('/').next().unwrap().to_owned(), media_type, content: Arc::from(content) }
}

/// What a person's program shows of a message.
fn seen(message: &Element) -> Seen {
    let text = body(message);
    let is_styled = !message.has_child("unstyled", "urn:xmpp:styling:0");
    let bold = text.split('*').skip(1).step_by(2).filter(|_| is_styled).map(str::to_owned).collect();
    let reply = message.get_child("reply", "urn:xmpp:reply:0");
    Seen {
        text,
        bold,
        thread: message.get_child("thread", ns::JABBER_CLIENT).map(|thread| ThreadId::new(thread.text())),
        answers: reply.and_then(|reply| reply.attr("id")).map(MessageId::new),
        file: None,
    }
}

fulmar_conformance::laws!(
    Prosody,
    except refuses_to_edit_what_is_gone: "a server does not know what was said, and takes any correction",
);
