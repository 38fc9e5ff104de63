//! The chat's table of configuration.

mod login;

use std::sync::Arc;

use fulmar_contract::{Backend, Options, Secret};
use fulmar_transport::{Trust, certificates, identity};
use rustls::{client::ResolvesClientCert, pki_types::ServerName};

use crate::{Irc, outbound};

pub(crate) use login::{Credentials, Login, Way};

/// Everything an operator can say about an IRC chat.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) server: Server,
    /// The server's own password (`PASS`).
    pub(crate) password: Option<Secret>,
    pub(crate) nick: String,
    pub(crate) username: String,
    pub(crate) realname: String,
    pub(crate) login: Option<Login>,
    /// Lines a second; 0 is no limit.
    pub(crate) rate: u32,
    /// Lines that may be sent at once.
    pub(crate) burst: u32,
    /// Whether good and bad news have colours.
    pub(crate) colours: bool,
    /// Whether marks are shown: bold, italic, code.
    pub(crate) marks: bool,
    pub(crate) rooms: Vec<Wanted>,
}

/// Where to connect to.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whether to speak TLS from the start; a server can demand it later.
    pub(crate) tls: bool,
    /// Whom to believe over TLS.
    pub(crate) trust: Trust,
    /// What to show over TLS.
    pub(crate) certificate: Option<Arc<dyn ResolvesClientCert>>,
}

/// A room to be in.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) key: Option<Secret>,
}

impl Wanted {
    /// Whether the key, if any, is one that can be sent.
    pub(crate) fn has_good_key(&self) -> bool {
        let is_good = |key: &str| !key.is_empty() && !key.contains([' ', ',', ':', '\r', '\n', '\0']);
        self.key.as_ref().is_none_or(|key| is_good(key.reveal()))
    }
}

/// Reads a chat.
pub(crate) fn build(options: &mut Options) -> Option<Arc<dyn Backend>> {
    read(options).map(|config| Arc::new(Irc::new(config)) as Arc<dyn Backend>)
}

/// Reads a chat's keys, noting every problem.
pub(crate) fn read(options: &mut Options) -> Option<Config> {
    let shows = options.keys().iter().any(|key| key == "client_cert");
    let server = server(options);
    let nick_line = options.line_of("nick");
    let nick = options.required("nick", "the name to be known by, as \"fulmar\"");
    if !nick.is_empty() && !outbound::is_nick(&nick) {
        options.complain(nick_line, "nick", format!("expected a nick, got \"{nick}\""));
    }
    let config = Config {
        password: options.secret("password"),
        username: username(options),
        realname: options.text("realname").unwrap_or_else(|| "Fulmar, a ChatOps gateway".into()),
        login: login::read(options, &nick, &server, shows),
        rate: number(options, "rate", 2),
        burst: number(options, "burst", 5),
        colours: options.flag("colors", false),
        marks: options.flag("marks", true),
        rooms: rooms(options),
        server,
        nick,
    };
    options.is_good().then_some(config)
}

fn server(options: &mut Options) -> Server {
    let line = options.line_of("server");
    let host = options.required("server", "a host name, as \"irc.example.org\"");
    if !host.is_empty() && ServerName::try_from(host.as_str()).is_err() {
        options.complain(line, "server", format!("expected a host name or an address, got \"{host}\""));
    }
    let tls = options.flag("tls", true);
    let port = options.port("port", if tls { 6697 } else { 6667 });
    let trust = Trust::read(options);
    let certificate = certificate(options, tls);
    Server { host, port, tls, trust, certificate }
}

/// Reads `client_cert` and `client_key`, which belong together.
fn certificate(options: &mut Options, tls: bool) -> Option<Arc<dyn ResolvesClientCert>> {
    let (chain_line, key_line) = (options.line_of("client_cert"), options.line_of("client_key"));
    let (chain, key) = match (options.file("client_cert"), options.file("client_key")) {
        (Some(chain), Some(key)) => (chain, key),
        (Some(_), None) => {
            options.missing("client_key", "the key of client_cert");
            return None;
        }
        (None, Some(_)) => {
            options.missing("client_cert", "the certificate of client_key");
            return None;
        }
        (None, None) => return None,
    };
    if !tls {
        options.complain(chain_line, "client_cert", "is of use only with tls = true");
    }
    if let Err(why) = certificates(&chain) {
        options.complain(chain_line, "client_cert", why.to_string());
        return None;
    }
    match identity(&chain, &key) {
        Ok(identity) => Some(identity),
        Err(why) => {
            options.complain(key_line, "client_key", why.to_string());
            None
        }
    }
}

fn rooms(options: &mut Options) -> Vec<Wanted> {
    let line = options.line_of("rooms");
    let mut rooms = Vec::new();
    for text in options.texts("rooms").unwrap_or_default() {
        let (name, key) = text.split_once(' ').map_or((text.as_str(), None), |(name, key)| (name, Some(key)));
        let wanted = Wanted { name: name.to_owned(), key: key.map(Secret::new) };
        if outbound::is_room_name(name) && wanted.has_good_key() {
            rooms.push(wanted);
        } else {
            // A key is not shown.
            options.complain(line, "rooms", format!("expected rooms as \"#ops\" or \"#ops key\", got \"{name}\""));
        }
    }
    rooms
}

fn username(options: &mut Options) -> String {
    let line = options.line_of("username");
    let name = word(options, "username").unwrap_or_else(|| "fulmar".into());
    if name.len() > outbound::LONGEST_USERNAME {
        let most = outbound::LONGEST_USERNAME;
        options.complain(line, "username", format!("expected at most {most} bytes, got \"{name}\""));
    }
    name
}

fn word(options: &mut Options, key: &str) -> Option<String> {
    let line = options.line_of(key);
    let text = options.text(key)?;
    let is_word = !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ':');
    if !is_word {
        options.complain(line, key, format!("expected a word without spaces, got \"{text}\""));
    }
    Some(text)
}

fn number(options: &mut Options, key: &str, default: u32) -> u32 {
    options.number(key, 0, 1000).and_then(|number| u32::try_from(number).ok()).unwrap_or(default)
}

#[cfg(test)]
mod tests;
