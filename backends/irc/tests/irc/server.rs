//! A small IRC server: one client at a time, whose peers are the test's calls.

use std::{collections::BTreeSet, sync::Arc};

use fulmar_conformance::within;
use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::TcpListener,
    sync::{Mutex, mpsc, watch},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// What the server is to be able to do.
#[derive(Clone, Copy)]
pub(crate) struct Able {
    pub(crate) echo: bool,
    pub(crate) account_tag: bool,
    pub(crate) account_notify: bool,
    pub(crate) sasl: bool,
    pub(crate) tls: bool,
}

/// A running server.
pub(crate) struct Server {
    pub(crate) port: u16,
    /// The authority that signed the server's certificate, in PEM.
    pub(crate) ca: String,
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
        let (ca, acceptor) = certificate();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let serving = Serving::new(able, registered.clone(), said_in.clone(), Arc::clone(&log));
                if able.tls {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        serving.serve(stream).await;
                    }
                } else {
                    serving.serve(stream).await;
                }
                registered.send_replace(None);
            }
        });
        Self { port, ca, client, said, lines, accepting }
    }

    /// Sends the client a line, or anything else.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let client = self.registered().await;
        client.lines.send(bytes.as_ref().to_vec()).unwrap();
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
}

impl Serving {
    fn new(
        able: Able,
        registered: watch::Sender<Option<Client>>,
        said: mpsc::UnboundedSender<(String, String)>,
        log: Arc<Mutex<Vec<String>>>,
    ) -> Self {
        let (lines, outgoing) = mpsc::unbounded_channel();
        let capabilities = BTreeSet::new();
        Self { able, registered, said, log, lines, outgoing, capabilities, negotiating: false, nick: None }
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
            "AUTHENTICATE" if words[1] == "PLAIN" => self.reply("AUTHENTICATE +"),
            "AUTHENTICATE" if words[1] == GOOD_LOGIN => {
                self.reply(&format!(":s.x 900 {nick} {nick}!u@h fulmar :Logged in\r\n:s.x 903 {nick} :Done"));
            }
            "AUTHENTICATE" => self.reply(&format!(":s.x 904 {nick} :SASL authentication failed")),
            "NICK" if words[1] == "taken" => self.reply(&format!(":s.x 433 {nick} taken :In use")),
            "NICK" => self.nick = Some(words[1].to_owned()),
            "JOIN" => words[1].split(',').for_each(|room| self.reply(&format!(":{nick}!u@h JOIN {room}"))),
            "PING" => self.reply(&format!(":s.x PONG s.x :{text}")),
            "PRIVMSG" | "NOTICE" => self.said(&nick, words[1], text),
            _ => {}
        }
        let may_enter = matches!(words[0], "NICK" | "USER") || line == "CAP END";
        if may_enter && !self.negotiating && self.nick.is_some() && self.registered.borrow().is_none() {
            self.welcome(cut);
        }
    }

    fn negotiate(&mut self, words: &[&str], list: &str) {
        let able = self.able;
        let offers = [
            (able.sasl, "sasl"),
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
        let client = Client { lines: self.lines.clone(), nick, cut: Arc::clone(cut) };
        self.registered.send_replace(Some(client));
    }

    fn said(&self, nick: &str, target: &str, text: &str) {
        if target == "#nowhere" {
            self.reply(&format!(":s.x 403 {nick} {target} :No such channel"));
            return;
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

/// A certificate for localhost: its authority, and what speaks TLS with it.
fn certificate() -> (String, TlsAcceptor) {
    let signed = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let key = PrivateKeyDer::try_from(signed.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![signed.cert.der().clone()], key).unwrap();
    (signed.cert.pem(), TlsAcceptor::from(Arc::new(config)))
}

/// `fulmar` with the password `pw`.
const GOOD_LOGIN: &str = "ZnVsbWFyAGZ1bG1hcgBwdw==";
