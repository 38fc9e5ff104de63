//! `[gateway]`, `[web]` and `[admin]`: this process.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use fulmar_contract::{Options, Problem, Secret};

use super::{own_certificate, stackstorm::secret};
use crate::tls::Identity;

/// `[gateway]`: who we are.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// The name that marks our commands in StackStorm; two gateways at one StackStorm need two names.
    pub name: String,
    /// What a command begins with in a room. May be empty: then only mentions and direct messages count.
    pub bot_prefix: Vec<String>,
    /// A word that may stand before an alias (`!st2 run date`); may be empty.
    pub plugin_prefix: String,
    /// When an answer in a room begins with the name of the person it is for.
    pub mention: Mention,
    /// How many commands a second each person may give; 0 for any number.
    pub rate: u32,
    /// How many they may give at once, after a silence.
    pub burst: u32,
    /// How long an execution runs before it has a live line; zero for never.
    pub progress: Duration,
    /// How old a message may be that is still obeyed; zero for any age.
    pub max_age: Duration,
    /// How long something may wait to be said before it is given up; zero for ever.
    pub max_wait: Duration,
    /// Who may do an administrator's things.
    pub admins: Vec<Administrator>,
    /// Where commands and deliveries are kept.
    pub state: State,
    /// How long what is over is kept there.
    pub retention: Duration,
}

/// When an answer in a room begins with the name of the person it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mention {
    /// Always, as Errbot's `GROUPCHAT_NICK_PREFIXED` has it.
    Always,
    /// Never, as err-stackstorm has it.
    Never,
    /// When it is a result or an announcement, as hubot-stackstorm has it.
    Results,
}

/// Somebody who may do an administrator's things, written as `chat/identity`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Administrator {
    /// The chat.
    pub chat: String,
    /// Their identity on its network.
    pub identity: String,
}

/// Where commands and deliveries are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Nowhere: a restart forgets them.
    Memory,
    /// In this SQLite file.
    Sqlite(PathBuf),
}

/// `[web]`: what chat services and browsers reach.
#[derive(Clone, Debug)]
pub struct Web {
    /// The address to listen on; none means that nothing is served. Loopback unless there is a token.
    pub listen: Option<SocketAddr>,
    /// What a webhook must carry that does not come from this machine.
    pub token: Option<Secret>,
    /// The address at which others reach what we listen on, without a slash at its end.
    pub public_url: Option<String>,
    /// What https is served with; none means http. Read once already, so it is good.
    pub identity: Option<Identity>,
}

/// `[admin]`: what operators reach.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The address to listen on. Loopback unless there is a token.
    pub listen: SocketAddr,
    /// What a request must carry.
    pub token: Option<Secret>,
}

impl Gateway {
    pub(super) fn read(root: &mut Options) -> Self {
        let mut options = root.table_or_empty("gateway");
        let gateway = Self {
            name: word(&mut options, "name").unwrap_or_else(|| "fulmar".into()),
            bot_prefix: prefixes(&mut options),
            plugin_prefix: plugin_prefix(&mut options),
            mention: options.word("mention", Mention::Results, MENTIONS),
            rate: count(&mut options, "rate", 0).unwrap_or(0),
            burst: count(&mut options, "burst", 1).unwrap_or(20),
            progress: options.seconds_from("progress", 0, 30),
            max_age: options.seconds_from("max_age", 0, 5 * 60),
            max_wait: options.seconds_from("max_wait", 0, 24 * 60 * 60),
            admins: admins(&mut options),
            state: state(&mut options),
            // What comes late must still be recognised after a restart.
            retention: options.seconds_from("retention", HOUR, 30 * 24 * HOUR),
        };
        root.absorb(options);
        gateway
    }
}

impl Web {
    pub(super) fn read(root: &mut Options, warnings: &mut Vec<Problem>) -> Self {
        let mut options = root.table_or_empty("web");
        let keys = options.keys();
        let public_url = public_url(&mut options);
        let token = secret(&mut options, "webhook_token");
        let identity = own_certificate(&mut options, "tls_cert", "tls_key");
        let listen = address(&mut options, "listen");
        if !keys.is_empty() && !keys.iter().any(|key| key == "listen") {
            let what = "nothing is served: there is no web.listen".into();
            warnings.push(Problem { line: options.line(), key: "web".into(), what });
        }
        if let Some((line, listen)) = listen
            && !listen.ip().is_loopback()
            && token.is_none()
            && !keys.iter().any(|key| key == "webhook_token")
        {
            options.complain(line, "listen", "an address that others can reach needs web.webhook_token");
        }
        root.absorb(options);
        Self { listen: listen.map(|(_, address)| address), token, public_url, identity }
    }

    /// Where the network of a chat reaches us.
    pub fn address_of(&self, chat: &str) -> Option<String> {
        self.public_url.as_ref().map(|url| format!("{url}/chats/{chat}"))
    }
}

impl Admin {
    pub(super) fn read(root: &mut Options) -> Self {
        let mut options = root.table_or_empty("admin");
        let token = options.secret("token").filter(|token| !token.reveal().is_empty());
        let (line, listen) = address(&mut options, "listen").unwrap_or((options.line(), ADMIN));
        if !listen.ip().is_loopback() && token.is_none() && options.is_good() {
            options.complain(line, "listen", "an address that others can reach needs admin.token");
        }
        root.absorb(options);
        Self { listen, token }
    }
}

const MENTIONS: &[(&str, Mention)] =
    &[("always", Mention::Always), ("never", Mention::Never), ("results", Mention::Results)];

const ADMIN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

const HOUR: u64 = 3_600;

/// Reads a text, with its line.
fn text(options: &mut Options, key: &str) -> Option<(usize, String)> {
    let line = options.line_of(key);
    options.text(key).map(|text| (line, text))
}

/// Reads a text without white space that must not be empty.
pub(super) fn word(options: &mut Options, key: &str) -> Option<String> {
    let (line, word) = text(options, key)?;
    if word.is_empty() || word.contains(char::is_whitespace) {
        options.complain(line, key, "expected one word");
        return None;
    }
    Some(word)
}

fn address(options: &mut Options, key: &str) -> Option<(usize, SocketAddr)> {
    let (line, text) = text(options, key)?;
    match text.parse() {
        Ok(address) => Some((line, address)),
        Err(_) => {
            let what = format!("expected an IP address and a port, as \"127.0.0.1:8080\", got \"{text}\"");
            options.complain(line, key, what);
            None
        }
    }
}

/// Reads the start of an address.
fn public_url(options: &mut Options) -> Option<String> {
    let (line, text) = text(options, "public_url")?;
    let rest = text.strip_prefix("https://").filter(|rest| {
        let host = rest.split('/').next().unwrap_or_default();
        !host.is_empty()
            && !rest.ends_with('/')
            && rest.chars().all(|c| c.is_ascii_graphic() && !"?#@\\".contains(c))
    });
    if rest.is_none() {
        let what = format!(
            "expected an https address without a slash at its end, as \"https://bot.example.org\", got \"{text}\""
        );
        options.complain(line, "public_url", what);
        return None;
    }
    Some(text)
}

fn prefixes(options: &mut Options) -> Vec<String> {
    let line = options.line_of("bot_prefix");
    let prefixes = options.texts("bot_prefix").unwrap_or_else(|| vec!["!".into()]);
    if prefixes.iter().any(|prefix| prefix.trim().is_empty()) {
        options.complain(line, "bot_prefix", "an empty prefix would make a command of every message");
    }
    prefixes
}

fn plugin_prefix(options: &mut Options) -> String {
    let Some((line, prefix)) = text(options, "plugin_prefix") else { return "st2".into() };
    if prefix.contains(char::is_whitespace) {
        options.complain(line, "plugin_prefix", "expected one word, or \"\" for none");
    }
    prefix
}

fn count(options: &mut Options, key: &str, least: i64) -> Option<u32> {
    options.number(key, least, 10_000).and_then(|count| u32::try_from(count).ok())
}

fn admins(options: &mut Options) -> Vec<Administrator> {
    let line = options.line_of("admins");
    let mut admins = Vec::new();
    for text in options.texts("admins").unwrap_or_default() {
        match text.split_once('/') {
            Some((chat, identity)) if !chat.is_empty() && !identity.is_empty() => {
                admins.push(Administrator { chat: chat.to_owned(), identity: identity.to_owned() });
            }
            _ => {
                let what = format!("expected CHAT/IDENTITY, as \"ops-irc/alice\", got \"{text}\"");
                options.complain(line, "admins", what);
            }
        }
    }
    admins
}

fn state(options: &mut Options) -> State {
    let (line, state) = text(options, "state").unwrap_or((options.line(), "sqlite:fulmar.db".into()));
    if state == "memory" {
        return State::Memory;
    }
    let path = state.strip_prefix("sqlite:").unwrap_or_default();
    if path.is_empty() {
        options.complain(line, "state", format!("expected \"memory\" or \"sqlite:FILE\", got \"{state}\""));
    } else if cfg!(not(feature = "sqlite")) {
        options.complain(
            line,
            "state",
            "this build keeps nothing in files (feature sqlite): set it to \"memory\"",
        );
    }
    State::Sqlite(path.into())
}
