//! A small IRC server: one client at a time, whose peers are the test's calls.

use std::{collections::BTreeSet, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use fulmar_conformance::within;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer, server::WebPkiClientVerifier};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use crate::scram::{Verdict, Verifier};

/// What the server is to be able to do.
#[derive(Clone, Copy)]
pub(crate) struct Able {
    pub(crate) echo: bool,
    pub(crate) account_tag: bool,
    pub(crate) account_notify: bool,
    /// Whether it has forgotten the passwords, and lets everybody in.
    pub(crate) forgets: bool,
    /// The mechanisms, as `PLAIN,EXTERNAL`.
    pub(crate) sasl: &'static str,
    /// It demands TLS, at a port and for so many seconds.
    pub(crate) sts: Option<(u16, u64)>,
    pub(crate) tls: bool,
    /// Whether there is a NickServ.
    pub(crate) nickserv: bool,
}

/// A server that can do nothing special.
pub(crate) const NOTHING: Able = Able {
    account_tag: false,
    account_notify: false,
    echo: false,
    forgets: false,
    nickserv: false,
    sasl: "",
    sts: None,
    tls: false,
};

/// A running server.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The authority that signed the server's certificate, in PEM.
    pub(crate) ca: String,
    /// A certificate that the server knows as that of the account `fulmar`, and its key, in PEM.
    pub(crate) known: (String, String),
    /// What goes to the client, while there is one that is registered.
    client: watch::Receiver<Option<Client>>,
    /// What the client said: target and text.
    said: mpsc::UnboundedReceiver<(String, String)>,
    /// Every line of the client.
    pub(crate) lines: Arc<Mutex<Vec<String>>>,
    accepting: JoinHandle<()>,
}

#[derive(Clone)]
struct Client {
    lines: mpsc::UnboundedSender<Vec<u8>>,
    nick: String,
    rooms: Arc<std::sync::Mutex<BTreeSet<String>>>,
    cut: Arc<tokio::sync::Notify>,
}

impl Server {
    pub(crate) async fn start(able: Able) -> Self {
        let listener = TcpListener::bind("localhost:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (registered, client) = watch::channel(None);
        let (said_in, said) = mpsc::unbounded_channel();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&lines);
        let (ca, known, acceptor) = certificates();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let mut serving = Serving::new(able, registered.clone(), said_in.clone(), Arc::clone(&log));
                if able.tls {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serving.is_known = stream.get_ref().1.peer_certificates().is_some();
                        serving.serve(stream).await;
                    }
                } else {
                    serving.serve(stream).await;
                }
                registered.send_replace(None);
            }
        });
        Self { port, ca, known, client, said, lines, accepting }
    }

    /// Sends the client a line, or anything else.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let client = self.registered().await;
        client.lines.send(bytes.as_ref().to_vec()).unwrap();
    }

    /// Sends the client a line if it is in `room`.
    pub(crate) async fn says_in(&mut self, room: &str, line: String) {
        let Some(client) = self.client.borrow().clone() else { return };
        if client.rooms.lock().unwrap().contains(&room.to_lowercase()) {
            client.lines.send(line.into_bytes()).unwrap();
        }
    }

    /// The client's nick, once it is registered.
    pub(crate) async fn nick(&mut self) -> String {
        self.registered().await.nick
    }

    /// The next text that the client writes to `target`.
    pub(crate) async fn hears(&mut self, target: &str) -> String {
        loop {
            let (there, text) = within("the client to say something", self.said.recv()).await.unwrap();
            if there == target {
                return text;
            }
        }
    }

    /// Returns when there is no client.
    pub(crate) async fn alone(&mut self) {
        self.client.wait_for(Option::is_none).await.unwrap();
    }

    /// Cuts the client's connection.
    pub(crate) async fn sever(&mut self) {
        self.registered().await.cut.notify_one();
    }

    async fn registered(&mut self) -> Client {
        within("a client", self.client.wait_for(Option::is_some)).await.unwrap().clone().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// One client's connection.
struct Serving {
    able: Able,
    registered: watch::Sender<Option<Client>>,
    said: mpsc::UnboundedSender<(String, String)>,
    log: Arc<Mutex<Vec<String>>>,
    lines: mpsc::UnboundedSender<Vec<u8>>,
    outgoing: mpsc::UnboundedReceiver<Vec<u8>>,
    capabilities: BTreeSet<String>,
    negotiating: bool,
    nick: Option<String>,
    rooms: Arc<std::sync::Mutex<BTreeSet<String>>>,
    /// Whether the client showed the certificate that we know.
    is_known: bool,
    mechanism: String,
    verifier: Verifier,
}

impl Serving {
    fn new(
        able: Able,
        registered: watch::Sender<Option<Client>>,
        said: mpsc::UnboundedSender<(String, String)>,
        log: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let (lines, outgoing) = mpsc::unbounded_channel();
        Self {
            able,
            registered,
            said,
            log,
            lines,
            outgoing,
            capabilities: BTreeSet::new(),
            negotiating: false,
            nick: None,
            rooms: Arc::default(),
            is_known: false,
            mechanism: String::new(),
            verifier: Verifier::new("pw"),
        }
    }

    async fn serve(mut self, stream: impl AsyncRead + AsyncWrite) {
        let (reader, mut writer) = tokio::io::split(stream);
        let mut reader = BufReader::new(reader).lines();
        let cut = Arc::new(tokio::sync::Notify::new());
        loop {
            tokio::select! {
                biased;
                () = cut.notified() => return,
                Some(bytes) = self.outgoing.recv() => {
                    if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
                        return;
                    }
                }
                line = reader.next_line() => {
                    let Ok(Some(line)) = line else { return };
                    self.log.lock().await.push(line.clone());
                    if line.starts_with("QUIT") {
                        return;
                    }
                    self.take(&line, &cut);
                }
            }
        }
    }

    fn take(&mut self, line: &str, cut: &Arc<tokio::sync::Notify>) {
        let (head, text) = line.split_once(" :").unwrap_or((line, ""));
        let words: Vec<&str> = head.split(' ').collect();
        let nick = self.nick.clone().unwrap_or_else(|| "*".into());
        match words[0] {
            "CAP" => self.negotiate(&words, text),
            "AUTHENTICATE" => self.authenticate(words[1], &nick),
            "NICK" if words[1] == "taken" => self.reply(&format!(":s.x 433 {nick} taken :In use")),
            "NICK" => self.nick = Some(words[1].to_owned()),
            "JOIN" => words[1].split(',').for_each(|room| {
                self.rooms.lock().unwrap().insert(room.to_lowercase());
                self.reply(&format!(":{nick}!u@h JOIN {room}"));
            }),
            "PART" => {
                self.rooms.lock().unwrap().remove(&words[1].to_lowercase());
                self.reply(&format!(":{nick}!u@h PART {} :{text}", words[1]));
            }
            "PING" => self.reply(&format!(":s.x PONG s.x :{text}")),
            "PRIVMSG" | "NOTICE" => self.said(&nick, words[1], text),
            _ => {}
        }
        let may_enter = matches!(words[0], "NICK" | "USER") || line == "CAP END";
        if may_enter && !self.negotiating && self.nick.is_some() && self.registered.borrow().is_none() {
            self.welcome(cut);
        }
    }

    fn authenticate(&mut self, word: &str, nick: &str) {
        if ["PLAIN", "EXTERNAL", "SCRAM-SHA-256"].contains(&word) {
            self.mechanism = word.into();
            return self.reply("AUTHENTICATE +");
        }
        let message = STANDARD.decode(word.trim_start_matches('+')).unwrap();
        let message = String::from_utf8(message).unwrap();
        let verdict = match self.mechanism.as_str() {
            "PLAIN" if message == "fulmar\0fulmar\0pw" => Verdict::Success,
            "EXTERNAL" if self.is_known => Verdict::Success,
            "SCRAM-SHA-256" if self.able.forgets && message.starts_with("c=") => Verdict::Success,
            "SCRAM-SHA-256" => self.verifier.take(&message),
            _ => Verdict::Failure,
        };
        match verdict {
            Verdict::Challenge(challenge) => self.reply(&format!("AUTHENTICATE {}", STANDARD.encode(challenge))),
            Verdict::Success => {
                self.reply(&format!(":s.x 900 {nick} {nick}!u@h fulmar :Logged in\r\n:s.x 903 {nick} :Done"));
            }
            Verdict::Failure => self.reply(&format!(":s.x 904 {nick} :SASL authentication failed")),
        }
    }

    fn negotiate(&mut self, words: &[&str], list: &str) {
        let able = self.able;
        let (port, duration) = able.sts.unwrap_or_default();
        let offers = [
            (!able.sasl.is_empty(), &*format!("sasl={}", able.sasl)),
            (able.sts.is_some(), &*format!("sts=port={port},duration={duration}")),
            (able.echo, "echo-message"),
            (able.account_tag, "account-tag"),
            (able.account_notify, "account-notify"),
            (able.account_notify, "extended-join"),
            (true, "batch"),
            (true, "server-time"),
        ];
        match words[1] {
            "LS" => {
                self.negotiating = true;
                let offered: Vec<&str> = offers.iter().filter(|offer| offer.0).map(|offer| offer.1).collect();
                self.reply(&format!(":s.x CAP * LS :{}", offered.join(" ")));
            }
            "REQ" => {
                self.capabilities.extend(list.split(' ').map(str::to_owned));
                self.reply(&format!(":s.x CAP * ACK :{list}"));
            }
            "END" => self.negotiating = false,
            other => panic!("CAP {other}"),
        }
    }

    fn welcome(&self, cut: &Arc<tokio::sync::Notify>) {
        let nick = self.nick.clone().unwrap();
        self.reply(&format!(":s.x 001 {nick} :Welcome\r\n:s.x 005 {nick} CASEMAPPING=rfc1459 :are supported"));
        self.reply(&format!(":s.x 422 {nick} :No MOTD"));
        let client =
            Client { lines: self.lines.clone(), nick, rooms: Arc::clone(&self.rooms), cut: Arc::clone(cut) };
        self.registered.send_replace(Some(client));
    }

    fn said(&self, nick: &str, target: &str, text: &str) {
        if target == "#nowhere" {
            self.reply(&format!(":s.x 403 {nick} {target} :No such channel"));
            return;
        }
        if let ("NickServ", true, Some(("IDENTIFY", login))) = (target, self.able.nickserv, text.split_once(' ')) {
            let answer = if login == "fulmar pw" {
                "Password accepted - you are now recognized."
            } else {
                "Password incorrect."
            };
            return self.reply(&format!(":NickServ!s@services NOTICE {nick} :{answer}"));
        }
        if self.capabilities.contains("echo-message") {
            self.reply(&format!("@msgid=m1 :{nick}!u@h PRIVMSG {target} :{text}"));
        }
        drop(self.said.send((target.to_owned(), text.to_owned())));
    }

    fn reply(&self, line: &str) {
        self.lines.send(format!("{line}\r\n").into_bytes()).unwrap();
    }
}

/// A certificate for localhost, which is its own authority, a certificate that is known with its key, and what speaks TLS.
fn certificates() -> (String, (String, String), TlsAcceptor) {
    let known = rcgen::generate_simple_self_signed(vec!["fulmar".into()]).unwrap();
    // As `openssl req -x509` makes it.
    let mut own = CertificateParams::new(vec!["localhost".into()]).unwrap();
    own.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own_key = KeyPair::generate().unwrap();
    let own = own.self_signed(&own_key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(known.cert.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap());
    let key = PrivateKeyDer::try_from(own_key.serialize_der()).unwrap();
    let config = config.with_single_cert(vec![own.der().clone()], key).unwrap();
    let known = (known.cert.pem(), known.signing_key.serialize_pem());
    (own.pem(), known, TlsAcceptor::from(Arc::new(config)))
}
