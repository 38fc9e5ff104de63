//! The chat's table of configuration.

mod invites;

use std::{net::IpAddr, path::PathBuf, sync::Arc};

use fulmar_contract::{Backend, Options, Secret};
use matrix_sdk::reqwest::Certificate;

use crate::{
    Matrix,
    address::{self, Wanted},
};

pub(crate) use invites::Invites;

/// Everything an operator can say about a Matrix chat.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// A URL, or the name of a server that says where it is (`.well-known`).
    pub(crate) homeserver: String,
    pub(crate) way: Way,
    /// What our device is called in other people's lists.
    pub(crate) device_name: String,
    /// The folder for what has to outlast the process.
    pub(crate) store: PathBuf,
    /// Whether to speak in encrypted rooms.
    pub(crate) encryption: bool,
    /// Whether whoever sits at an unverified device is vouched for.
    pub(crate) unverified: Unverified,
    /// Whether posts are notices, which no program answers.
    pub(crate) notice: bool,
    pub(crate) rooms: Vec<Wanted>,
    pub(crate) invites: Invites,
    /// The authorities to believe instead of the system's.
    pub(crate) authorities: Option<Vec<Certificate>>,
}

/// How to log in.
#[derive(Clone, Debug)]
pub(crate) enum Way {
    /// By name and password.
    Password {
        /// The name, with or without the server.
        user: String,
        /// The password.
        password: Secret,
    },
    /// By a token that somebody else got for us, and that is one of a device.
    Token(Secret),
}

/// What becomes of a command from a device that its owner has not verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// It is its owner's, as the server says.
    Allow,
    /// It is nobody's: the name is only claimed.
    Refuse,
}

/// Reads a chat.
pub(crate) fn build(options: &mut Options) -> Option<Arc<dyn Backend>> {
    read(options).map(|config| Arc::new(Matrix::new(config)) as Arc<dyn Backend>)
}

/// Reads a chat's keys, noting every problem.
pub(crate) fn read(options: &mut Options) -> Option<Config> {
    let homeserver = homeserver(options);
    let way = way(options, &homeserver);
    let user = if let Some(Way::Password { user, .. }) = &way { user } else { "" };
    let store = options.file("store").unwrap_or_else(|| beside(user, &homeserver));
    let config = Config {
        device_name: options.text("device_name").unwrap_or_else(|| "Fulmar".into()),
        store,
        encryption: options.flag("encryption", true),
        unverified: options.word(
            "unverified",
            Unverified::Allow,
            &[("allow", Unverified::Allow), ("refuse", Unverified::Refuse)],
        ),
        notice: options.flag("notice", true),
        rooms: rooms(options),
        invites: invites::read(options),
        authorities: authorities(options),
        homeserver,
        way: way?,
    };
    options.is_good().then_some(config)
}

fn homeserver(options: &mut Options) -> String {
    let line = options.line_of("homeserver");
    let text = options.required("homeserver", "a server, as \"example.org\" or \"https://matrix.example.org\"");
    let host = host(&text);
    let is_server = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/' || c == '@');
    let scheme = text.split_once("://").map(|(scheme, _)| scheme);
    if !text.is_empty() && (!is_server || !matches!(scheme, None | Some("http" | "https"))) {
        options.complain(line, "homeserver", format!("expected a server or the URL of one, got \"{text}\""));
    } else if scheme == Some("http") && !is_loopback(host) {
        options.complain(line, "homeserver", "would show the login to the network: expected an https URL");
    }
    text.trim_end_matches('/').to_owned()
}

/// The host in a URL, with the port, or the server name that it is.
fn host(homeserver: &str) -> &str {
    homeserver.split_once("://").map_or(homeserver, |(_, rest)| rest).trim_end_matches('/')
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).trim_matches(['[', ']']);
    name == "localhost" || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn way(options: &mut Options, homeserver: &str) -> Option<Way> {
    let [user_line, token_line] = ["user", "access_token"].map(|key| options.line_of(key));
    let (user, password) = (options.text("user"), options.secret("password"));
    match (options.secret("access_token"), user, password) {
        (Some(token), None, None) => Some(Way::Token(token)),
        (Some(_), _, _) => {
            options.complain(
                token_line,
                "access_token",
                "says who we are: expected no user and no password with it",
            );
            None
        }
        (None, Some(user), Some(password)) => {
            if !address::is_user(&user, host(homeserver)) {
                let expected = "expected a name as \"fulmar\" or \"@fulmar:example.org\"";
                options.complain(user_line, "user", format!("{expected}, got \"{user}\""));
            }
            let user = if address::is_full_user(&user) { user } else { user.trim_start_matches('@').to_owned() };
            Some(Way::Password { user, password })
        }
        (None, Some(_), None) => {
            options.missing("password", "the user's password");
            None
        }
        (None, None, _) => {
            options.missing("user", "the name to log in with, and its password; or an access_token");
            None
        }
    }
}

/// The folder that belongs to a user of a server, beside where the program was started.
fn beside(user: &str, homeserver: &str) -> PathBuf {
    let user = user.trim_start_matches('@');
    let name = match (user, user.split_once(':')) {
        ("", _) => format!("matrix-{}", host(homeserver)),
        (_, Some((name, server))) => format!("matrix-{name}-{server}"),
        (_, None) => format!("matrix-{user}-{}", host(homeserver)),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    PathBuf::from(name.replace(|c| !is_plain(c), "_"))
}

fn rooms(options: &mut Options) -> Vec<Wanted> {
    let line = options.line_of("rooms");
    let mut rooms: Vec<Wanted> = Vec::new();
    for text in options.texts("rooms").unwrap_or_default() {
        match Wanted::parse(&text) {
            Some(room) => {
                if !rooms.iter().any(|other| other.name == room.name) {
                    rooms.push(room);
                }
            }
            None => {
                let expected = "expected rooms as \"#ops:example.org\" or \"!x:example.org\"";
                options.complain(line, "rooms", format!("{expected}, got \"{text}\""));
            }
        }
    }
    rooms
}

fn authorities(options: &mut Options) -> Option<Vec<Certificate>> {
    let line = options.line_of("ca_cert");
    let read: Result<_, _> =
        fulmar_transport::authorities(options)?.iter().map(|it| Certificate::from_der(it)).collect();
    read.map_err(|error| options.complain(line, "ca_cert", format!("cannot use the certificates: {error}"))).ok()
}

#[cfg(test)]
mod tests;
