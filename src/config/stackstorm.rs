//! `[stackstorm.NAME]`: one StackStorm each.

use std::{path::PathBuf, time::Duration};

use fulmar_contract::{Options, Problem, Secret};

use super::{Named, gateway::word, named_tables, own_certificate, prefix, refuse_planned};
use crate::{
    journal::Results,
    st2::{BaseUrl, Endpoints},
    tls::{self, Identity, TlsError, Trust},
};

/// One StackStorm.
#[derive(Clone, Debug)]
pub struct StackStorm {
    /// Where tokens are asked for.
    pub auth_url: BaseUrl,
    /// The API.
    pub api_url: BaseUrl,
    /// The stream of events.
    pub stream_url: BaseUrl,
    /// Whether certificates are verified.
    pub verify_cert: bool,
    /// A PEM file of further authorities; read once already, so it is good.
    pub ca_cert: Option<PathBuf>,
    /// The certificate that we show; read once already, so it is good.
    pub client: Option<Identity>,
    /// What a command begins with that goes to it wherever it is given; may be empty.
    pub bot_prefix: Vec<String>,
    /// How we prove who we are.
    pub credential: Credential,
    /// The notification route that commands ask for.
    pub route_key: String,
    /// The routes on which announcements are heard.
    pub announcement_routes: Vec<String>,
    /// The chat for announcements that name none; exists, and leads to this StackStorm.
    pub default_chat: Option<String>,
    /// Who says how an execution ended.
    pub results: Results,
    /// How old an announcement may be that was missed and is still said whole; zero says none that was missed.
    pub catch_up: Duration,
    /// How often what we know of it is refreshed.
    pub timer_update: Duration,
    /// The life of the tokens that we ask for.
    pub user_token_ttl: Duration,
    /// The packs whose aliases are offered: globs, and globs after `!` for those to leave out.
    pub packs: Vec<String>,
}

impl StackStorm {
    /// What a client needs to know of it.
    pub fn endpoints(&self) -> Endpoints {
        Endpoints {
            auth: self.auth_url.clone(),
            api: self.api_url.clone(),
            stream: self.stream_url.clone(),
            trust: Trust {
                verify: self.verify_cert,
                authorities: self.ca_cert.clone(),
                identity: self.client.clone(),
            },
        }
    }
}

/// How we prove to StackStorm who we are.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An API key.
    Key(Secret),
    /// A token that somebody else made.
    Token(Secret),
    /// A user, for whom tokens are made and renewed.
    User {
        /// The user's name.
        name: String,
        /// The user's password.
        password: Secret,
    },
}

/// Reads all StackStorms; those in which something is wrong are `None`.
pub(super) fn read_all(root: &mut Options, warnings: &mut Vec<Problem>) -> Named<StackStorm> {
    let (mut all, names) =
        named_tables(root, "stackstorm", "at least one [stackstorm.NAME], as [stackstorm.default]");
    let mut read = Vec::new();
    for name in names {
        let Some(mut options) = all.table(&name) else { continue };
        let value = stackstorm(&mut options, warnings);
        all.absorb(options);
        read.push((name, value));
    }
    root.absorb(all);
    read
}

fn stackstorm(options: &mut Options, warnings: &mut Vec<Problem>) -> Option<StackStorm> {
    refuse_planned(options, &["rbac_auth", "session_ttl"]);
    let auth_url = url(options, "auth_url");
    let api_url = url(options, "api_url");
    let stream_url = url(options, "stream_url");
    let bot_prefix = prefix::read(options);
    let verify_cert = verify_cert(options, warnings);
    let ca_cert = ca_cert(options);
    let client = own_certificate(options, "client_cert", "client_key");
    let credential = credential(options, warnings);
    let route_key = word(options, "route_key").unwrap_or_else(|| "errbot".into());
    let announcement_routes = routes(options, &route_key);
    let default_chat = options.text("default_chat");
    let timer_update = options.seconds("timer_update", 60);
    let user_token_ttl = options.seconds("user_token_ttl", 86_400);
    let results = results(options, &route_key, &announcement_routes, warnings);
    let catch_up = options.seconds_from("catch_up", 0, 3_600);
    let packs = options.texts("packs").unwrap_or_else(|| vec!["*".into()]);
    Some(StackStorm {
        auth_url: auth_url?,
        api_url: api_url?,
        stream_url: stream_url?,
        verify_cert,
        ca_cert,
        client,
        bot_prefix,
        credential: credential?,
        route_key,
        announcement_routes,
        default_chat,
        results,
        catch_up,
        timer_update,
        user_token_ttl,
        packs,
    })
}

fn url(options: &mut Options, key: &str) -> Option<BaseUrl> {
    let line = options.line_of(key);
    let text = options.required(key, "a URL, as \"https://st2.example.org/api\"");
    if text.is_empty() {
        return None;
    }
    let problem = match text.parse::<BaseUrl>() {
        Ok(url) if url.is_https() && !tls::BUILT => TlsError::NotBuilt.to_string(),
        Ok(url) => return Some(url),
        Err(error) => error.to_string(),
    };
    options.complain(line, key, problem);
    None
}

fn verify_cert(options: &mut Options, warnings: &mut Vec<Problem>) -> bool {
    let line = options.line_of("verify_cert");
    let verify = options.flag("verify_cert", true);
    if !verify {
        let key = format!("{}.verify_cert", options.path());
        let what = "certificates are not checked: anybody on the way can read and change everything".into();
        warnings.push(Problem { line, key, what });
    }
    verify
}

fn ca_cert(options: &mut Options) -> Option<PathBuf> {
    let line = options.line_of("ca_cert");
    let path = options.file("ca_cert")?;
    if let Err(error) = tls::check_certificates(&path) {
        options.complain(line, "ca_cert", error.to_string());
    }
    Some(path)
}

/// Reads `api_auth`: a key over a token over a user.
fn credential(options: &mut Options, warnings: &mut Vec<Problem>) -> Option<Credential> {
    if !options.keys().iter().any(|key| key == "api_auth") {
        let forms = r#"{ key = "..." }, { token = "..." } or { user = { name = "...", password = "..." } }"#;
        options.missing("api_auth", forms);
    }
    let mut auth = options.table("api_auth")?;
    let found = auth.keys();
    let key = secret(&mut auth, "key");
    let key = secret(&mut auth, "apikey").filter(|_| key.is_none()).or(key);
    let token = secret(&mut auth, "token");
    let user = user(&mut auth);
    let chosen = key.map(Credential::Key).or(token.map(Credential::Token)).or(user);
    if found.is_empty() {
        auth.complain(auth.line(), "", "expected one of key, token, user");
    }
    if found.len() > 1 && auth.is_good() {
        let what = format!("several given ({}): a key wins over a token, a token over a user", found.join(", "));
        warnings.push(Problem { line: auth.line(), key: auth.path().to_owned(), what });
    }
    options.absorb(auth);
    chosen
}

/// Reads a secret that must fit into a header.
pub(super) fn secret(auth: &mut Options, key: &str) -> Option<Secret> {
    let line = auth.line_of(key);
    let secret = auth.secret(key)?;
    let fits = !secret.reveal().is_empty() && secret.reveal().bytes().all(|byte| byte.is_ascii_graphic());
    if !fits {
        auth.complain(line, key, "expected printable characters without spaces");
    }
    fits.then_some(secret)
}

fn user(auth: &mut Options) -> Option<Credential> {
    let mut user = auth.table("user")?;
    let line = user.line_of("name");
    let name = user.required("name", "a user's name");
    if name.contains(':') {
        user.complain(line, "name", "a user's name with a colon cannot log in");
    }
    if !user.keys().iter().any(|key| key == "password") {
        user.missing("password", "the user's password");
    }
    let password = user.secret("password");
    auth.absorb(user);
    Some(Credential::User { name, password: password? })
}

fn results(options: &mut Options, route_key: &str, heard: &[String], warnings: &mut Vec<Problem>) -> Results {
    let line = options.line_of("results");
    let words = [("announcement", Results::Announcement), ("direct", Results::Direct)];
    let results = options.word("results", Results::Direct, &words);
    let route = announced_on(route_key);
    if results == Results::Announcement && !heard.iter().any(|heard| heard == route) {
        let key = format!("{}.results", options.path());
        let what =
            format!("announcement_routes lack \"{route}\", on which StackStorm's own rule announces results");
        warnings.push(Problem { line, key, what });
    }
    results
}

/// The route on which the chatops pack announces the result of a command with this one: its rule for hubot does not hand
/// it on (`contrib/chatops/rules`).
fn announced_on(route_key: &str) -> &str {
    if route_key == "hubot" { "chatops" } else { route_key }
}

/// Reads the routes to hear; a dot keeps one from the stream.
fn routes(options: &mut Options, route_key: &str) -> Vec<String> {
    let line = options.line_of("announcement_routes");
    let default = || vec![announced_on(route_key).to_owned()];
    let routes = options.texts("announcement_routes").unwrap_or_else(default);
    for route in &routes {
        if route.is_empty() || !route.chars().all(|c| c.is_alphanumeric() || "-_".contains(c)) {
            let what =
                format!("\"{route}\" is no route: letters, digits, - and _ only, or StackStorm never sends it");
            options.complain(line, "announcement_routes", what);
        }
    }
    routes
}
