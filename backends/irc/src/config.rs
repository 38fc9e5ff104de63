//! The chat's table of configuration.

use std::{net::IpAddr, sync::Arc};

use fulmar_contract::{Backend, Options, Secret};
use rustls::pki_types::ServerName;

use crate::{Irc, outbound, tls::Trust};

/// Everything an operator can say about an IRC chat.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) server: Server,
    /// The server's own password (`PASS`).
    pub(crate) password: Option<Secret>,
    pub(crate) nick: String,
    pub(crate) username: String,
    pub(crate) realname: String,
    pub(crate) sasl: Option<Sasl>,
    /// Lines a second; 0 is no limit.
    pub(crate) rate: u32,
    /// Lines that may be sent at once.
    pub(crate) burst: u32,
    /// Whether good and bad news have colours.
    pub(crate) colours: bool,
    pub(crate) rooms: Vec<Wanted>,
}

/// Where to connect to.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Whom to believe over TLS; `None` is no TLS.
    pub(crate) trust: Option<Trust>,
}

/// A login to the network's services.
#[derive(Clone, Debug)]
pub(crate) enum Sasl {
    /// By account and password.
    Plain { account: String, password: Secret },
}

/// A room to be in.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) key: Option<Secret>,
}

#[derive(Clone, Copy)]
enum Mechanism {
    Plain,
}

/// Reads a chat.
pub(crate) fn build(options: &mut Options) -> Option<Arc<dyn Backend>> {
    read(options).map(|config| Arc::new(Irc::new(config)) as Arc<dyn Backend>)
}

fn read(options: &mut Options) -> Option<Config> {
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
        sasl: sasl(options, &nick, &server),
        rate: number(options, "rate", 2),
        burst: number(options, "burst", 5),
        colours: options.flag("colors", false),
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
    let line = options.line_of("ca_cert");
    let trust = match options.file("ca_cert") {
        Some(_) if !tls => {
            options.complain(line, "ca_cert", "is of use only with tls = true");
            None
        }
        Some(path) => Trust::read(&path)
            .map_err(|error| options.complain(line, "ca_cert", format!("cannot read {}: {error}", path.display())))
            .ok(),
        None => tls.then_some(Trust::System),
    };
    Server { host, port, trust }
}

fn sasl(options: &mut Options, nick: &str, server: &Server) -> Option<Sasl> {
    let line = options.line_of("sasl");
    let mechanism = options.word("sasl", None, &[("plain", Some(Mechanism::Plain))]);
    let account_line = options.line_of("account");
    let account = word(options, "account");
    let password_line = options.line_of("sasl_password");
    let password = options.secret("sasl_password");
    let Some(Mechanism::Plain) = mechanism else {
        if account.is_some() {
            options.complain(account_line, "account", "is of use only with sasl = \"plain\"");
        }
        if password.is_some() {
            options.complain(password_line, "sasl_password", "is of use only with sasl = \"plain\"");
        }
        return None;
    };
    if server.trust.is_none() && !is_loopback(&server.host) {
        options.complain(line, "sasl", "would show the password to the network: expected tls = true with it");
    }
    let Some(password) = password else {
        options.missing("sasl_password", "the account's password");
        return None;
    };
    Some(Sasl::Plain { account: account.unwrap_or_else(|| nick.to_owned()), password })
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn rooms(options: &mut Options) -> Vec<Wanted> {
    let line = options.line_of("rooms");
    let mut rooms = Vec::new();
    for text in options.texts("rooms").unwrap_or_default() {
        let (name, key) = text.split_once(' ').map_or((text.as_str(), None), |(name, key)| (name, Some(key)));
        let good_key = key.is_none_or(|key| !key.is_empty() && !key.contains([' ', ',', ':', '\r', '\n', '\0']));
        if outbound::is_room_name(name) && good_key {
            rooms.push(Wanted { name: name.to_owned(), key: key.map(Secret::new) });
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
