//! A person on a real server.

use std::{borrow::Cow, collections::VecDeque, path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use fulmar_conformance::within;
use fulmar_transport::{Trust, certificates};
use futures_util::{SinkExt, StreamExt};
use rustls::pki_types::ServerName;
use tokio::{io::BufStream, net::TcpStream};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tokio_xmpp::xmlstream::{ReadError, StreamHeader, Timeouts, XmlStream, initiate_stream};
use xmpp_parsers::{
    minidom::{
        Element,
        rxml::{Namespace, NcName},
    },
    ns,
};

type Stream = XmlStream<BufStream<TlsStream<TcpStream>>, Element>;

/// Where a server is.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// As `host:port`, by STARTTLS.
    pub(crate) server: String,
    /// As `host:port`, by TLS at once.
    pub(crate) direct: String,
    /// The authority to believe.
    pub(crate) ca: String,
}

/// A client that is logged in.
pub(crate) struct Peer {
    stream: Stream,
    /// Its account.
    pub(crate) jid: String,
    /// What it called its last message.
    pub(crate) last: String,
    said: usize,
    /// What somebody else waited past.
    unread: VecDeque<Element>,
}

impl Peer {
    /// Makes an account. Its password is its name.
    pub(crate) async fn register(way: &Way, name: &str) {
        let mut stream = open(way).await;
        let query = format!(
            "<iq xmlns='jabber:client' type='set' id='r'><query xmlns='jabber:iq:register'><username>{name}</username>\
             <password>{name}</password></query></iq>"
        );
        let answer = question(&mut stream, &query).await;
        assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    }

    /// Logs in to an account that is made for it.
    pub(crate) async fn enter(way: &Way, name: &str) -> Self {
        Self::register(way, name).await;
        Self::enter_again(way, name).await
    }

    pub(crate) async fn enter_again(way: &Way, name: &str) -> Self {
        let mut stream = open(way).await;
        let response = STANDARD.encode(format!("\0{name}\0{name}"));
        let auth = format!("<auth xmlns='{}' mechanism='PLAIN'>{response}</auth>", ns::SASL);
        let answer = question(&mut stream, &auth).await;
        assert_eq!(answer.name(), "success", "{answer:?}");
        let opening = stream.initiate_reset().send_header(header()).await.unwrap();
        let (_, mut stream): (_, Stream) = opening.recv_features().await.unwrap();
        let bind = format!("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='{}'/></iq>", ns::BIND);
        question(&mut stream, &bind).await;
        let jid = format!("{name}@localhost");
        let mut peer = Self { stream, jid, last: String::new(), said: 0, unread: VecDeque::new() };
        peer.sends("<presence/>").await;
        peer
    }

    /// Joins a room, or makes it: one that shows who people are, and stays.
    pub(crate) async fn joins(&mut self, room: &str, nick: &str) {
        self.enters(room, nick).await;
        self.configures(room, &[("whois", "anyone")]).await;
    }

    pub(crate) async fn enters(&mut self, room: &str, nick: &str) {
        self.sends(&format!("<presence to='{room}/{nick}'><x xmlns='{}'/></presence>", ns::MUC)).await;
        let me = format!("{room}/{nick}");
        self.until("the room", |it| it.name() == "presence" && it.attr("from") == Some(&me)).await;
    }

    /// Sets some of a room's `muc#roomconfig_`.
    pub(crate) async fn configures(&mut self, room: &str, values: &[(&str, &str)]) {
        let mut fields = String::new();
        for (name, value) in values.iter().chain(&[("persistentroom", "1"), ("enablelogging", "1")]) {
            fields.push_str(&format!("<field var='muc#roomconfig_{name}'><value>{value}</value></field>"));
        }
        let query = format!(
            "<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='{}' type='submit'><field var='FORM_TYPE'>\
             <value>http://jabber.org/protocol/muc#roomconfig</value></field>{fields}</x></query>",
            ns::DATA_FORMS
        );
        let id = self.request(room, &query).await;
        let answer = self.until("the configuration", |it| it.attr("id") == Some(&id)).await;
        assert_eq!(answer.attr("type"), Some("result"), "{answer:?}");
    }

    /// Asks for something to be set, and returns the id of the request.
    pub(crate) async fn request(&mut self, to: &str, payload: &str) -> String {
        self.said += 1;
        let id = format!("q{}", self.said);
        self.sends(&format!("<iq type='set' to='{to}' id='{id}'>{payload}</iq>")).await;
        id
    }

    /// Says something in a room, or to somebody; `more` stands in the message, too.
    pub(crate) async fn says(&mut self, to: &str, kind: &str, text: &str, more: &str) {
        self.said += 1;
        self.last = format!("m{}", self.said);
        let mut body = Element::bare("body", ns::JABBER_CLIENT);
        body.append_text_node(text);
        let body = String::from(&body);
        self.sends(&format!("<message to='{to}' type='{kind}' id='{}'>{body}{more}</message>", self.last)).await;
    }

    pub(crate) async fn sends(&mut self, stanza: &str) {
        self.stream.send(&read(stanza)).await.unwrap();
    }

    /// Sends a stanza with an id that may be longer than a parser takes.
    pub(crate) async fn sends_as(&mut self, stanza: &str, id: &str) {
        let mut stanza = read(stanza);
        stanza.set_attr(Namespace::NONE, NcName::try_from("id").unwrap(), id);
        self.stream.send(&stanza).await.unwrap();
    }

    /// The next stanza, unread ones included, that is `wanted`.
    pub(crate) async fn until(&mut self, what: &str, wanted: impl Fn(&Element) -> bool) -> Element {
        if let Some(at) = self.unread.iter().position(&wanted) {
            return self.unread.remove(at).unwrap();
        }
        loop {
            match within(what, self.stream.next()).await.unwrap() {
                Ok(stanza) if wanted(&stanza) => return stanza,
                Ok(stanza) => self.unread.push_back(stanza),
                Err(ReadError::SoftTimeout) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// The next message from `from` with a body, that corrects or does not.
    pub(crate) async fn hears(&mut self, from: &str, corrects: bool) -> Element {
        let is_it = |it: &Element| {
            let there = it.attr("from").and_then(|from| from.split('/').next());
            there == Some(from.split('/').next().unwrap())
                && (!from.contains('/') || it.attr("from") == Some(from))
                && it.has_child("body", ns::JABBER_CLIENT)
                && it.attr("type") != Some("error")
                && it.has_child("replace", ns::MESSAGE_CORRECT) == corrects
        };
        self.until("a message", is_it).await
    }
}

/// The text of a message.
pub(crate) fn body(message: &Element) -> String {
    message.get_child("body", ns::JABBER_CLIENT).unwrap().text()
}

fn read(stanza: &str) -> Element {
    let (start, rest) = stanza.split_at(stanza.find([' ', '>', '/']).unwrap());
    format!("{start} xmlns='jabber:client'{rest}").parse().unwrap()
}

async fn question(stream: &mut Stream, said: &str) -> Element {
    stream.send(&said.parse::<Element>().unwrap()).await.unwrap();
    within("an answer", stream.next()).await.unwrap().unwrap()
}

async fn open(way: &Way) -> Stream {
    let tcp = TcpStream::connect(&way.direct).await.unwrap();
    let stream = tls(&way.ca).connect(ServerName::try_from("localhost").unwrap(), tcp).await.unwrap();
    let stream = BufStream::new(stream);
    let opening = initiate_stream(stream, ns::JABBER_CLIENT, header(), Timeouts::default()).await.unwrap();
    opening.recv_features().await.unwrap().1
}

pub(crate) fn tls(ca: &str) -> TlsConnector {
    let trust = Trust::own(certificates(Path::new(ca)).unwrap()).unwrap();
    TlsConnector::from(Arc::new(trust.client_config(None).unwrap()))
}

fn header() -> StreamHeader<'static> {
    StreamHeader { to: Some(Cow::Borrowed("localhost")), from: None, id: None }
}
