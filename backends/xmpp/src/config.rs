//! The chat's table of configuration.

use std::sync::Arc;

use fulmar_contract::{Backend, Options, Secret};
use fulmar_transport::Trust;
use jid::{BareJid, ResourcePart};

use crate::Xmpp;

/// Everything an operator can say about an XMPP chat.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// Our account.
    pub(crate) account: BareJid,
    pub(crate) password: Secret,
    /// What distinguishes this session from others of the account.
    pub(crate) resource: String,
    pub(crate) server: Server,
    /// What we are called in rooms.
    pub(crate) nick: String,
    pub(crate) rooms: Vec<Wanted>,
    pub(crate) anonymous: Anonymous,
    /// The longest text of a message, in bytes.
    pub(crate) longest: usize,
    /// Whether files are uploaded.
    pub(crate) uploads: bool,
}

/// Where to connect to, and whom to believe there.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// A host and a port; without, the domain's records in the DNS say it.
    pub(crate) address: Option<(String, Option<u16>)>,
    /// How TLS begins; without, however the DNS says.
    pub(crate) tls: Option<Tls>,
    pub(crate) trust: Trust,
}

/// How TLS begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// At once (XEP-0368).
    Direct,
    /// When both ends have said that they can.
    StartTls,
}

/// What to do about rooms that do not show who people are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    /// Not be in them.
    Refuse,
    /// Be in them. Nobody is vouched for there.
    Claimed,
}

/// A room to be in.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) room: BareJid,
    pub(crate) key: Option<Secret>,
}

/// Reads a chat.
pub(crate) fn build(options: &mut Options) -> Option<Arc<dyn Backend>> {
    read(options).map(|config| Arc::new(Xmpp::new(config)) as Arc<dyn Backend>)
}

/// Reads a chat's keys, noting every problem.
pub(crate) fn read(options: &mut Options) -> Option<Config> {
    let account = account(options);
    let password = options.secret("password");
    if password.is_none() && options.is_good() {
        options.missing("password", "the account's password");
    }
    let nick = resource_part(options, "nick").unwrap_or_else(|| "fulmar".into());
    let resource = resource_part(options, "resource").unwrap_or_else(|| "fulmar".into());
    let server = server(options);
    let rooms = rooms(options);
    let anonymous = options.word(
        "anonymous_rooms",
        Anonymous::Refuse,
        &[("refuse", Anonymous::Refuse), ("claimed", Anonymous::Claimed)],
    );
    let longest = options.number("max_message", 200, 50_000).and_then(|number| usize::try_from(number).ok());
    let uploads = options.flag("upload", false);
    let (account, password) = (account?, password?);
    let config = Config {
        account,
        password,
        resource,
        server,
        nick,
        rooms,
        anonymous,
        longest: longest.unwrap_or(10_000),
        uploads,
    };
    options.is_good().then_some(config)
}

fn account(options: &mut Options) -> Option<BareJid> {
    let line = options.line_of("jid");
    let text = options.required("jid", "an account, as \"fulmar@example.org\"");
    if text.is_empty() {
        return None;
    }
    let account = address(&text);
    if account.is_none() {
        options.complain(line, "jid", format!("expected an account, as \"fulmar@example.org\", got \"{text}\""));
    }
    account
}

fn resource_part(options: &mut Options, key: &str) -> Option<String> {
    let line = options.line_of(key);
    let text = options.text(key)?;
    match ResourcePart::new(&text) {
        Ok(part) => Some(part.as_str().to_owned()),
        Err(error) => {
            options.complain(line, key, format!("expected a name, got \"{text}\": {error}"));
            None
        }
    }
}

fn server(options: &mut Options) -> Server {
    let line = options.line_of("server");
    let address = options.text("server").and_then(|text| {
        let address = host_and_port(&text);
        if address.is_none() {
            options.complain(line, "server", format!("expected \"host\" or \"host:port\", got \"{text}\""));
        }
        address
    });
    let tls = options.word("tls", None, &[("starttls", Some(Tls::StartTls)), ("direct", Some(Tls::Direct))]);
    Server { address, tls, trust: Trust::read(options) }
}

/// Takes `host`, `host:port` or `[address]:port` apart.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':')?)),
        None if text.matches(':').count() > 1 => (text, None),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let port = match port {
        Some(port) => Some(port.parse().ok().filter(|port| *port > 0)?),
        None => None,
    };
    let is_host = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    is_host.then(|| (host.to_owned(), port))
}

fn rooms(options: &mut Options) -> Vec<Wanted> {
    let line = options.line_of("rooms");
    let mut rooms = Vec::new();
    for text in options.texts("rooms").unwrap_or_default() {
        let (name, key) = text.split_once(' ').map_or((text.as_str(), None), |(name, key)| (name, Some(key)));
        if let Some(room) = address(name) {
            rooms.push(Wanted { room, key: key.map(Secret::new) });
        } else {
            // A key is not shown.
            let expected = "rooms as \"ops@conference.example.org\", with a password after a space";
            options.complain(line, "rooms", format!("expected {expected}, got \"{name}\""));
        }
    }
    rooms
}

/// The address of a room or a person. What is not written as it would be after it was read is none: one place has one name.
pub(crate) fn address(name: &str) -> Option<BareJid> {
    let read = |name: &str| BareJid::new(name).ok().filter(|address| address.node().is_some());
    read(name).filter(|address| read(address.as_str()).as_ref() == Some(address))
}

#[cfg(test)]
mod tests;
