//! The configuration, parsed into types that cannot hold a wrong value.
//!
//! One reading finds every error and names file, line, key and what was expected. Makes no connection; reads
//! no other file than those that hold secrets or certificates.

mod chat;
mod document;
mod gateway;
mod home;
mod manner;
mod note;
mod prefix;
mod stackstorm;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use fulmar_contract::{Entries, Kind, Options, Problem, did_you_mean};

pub use chat::{ChatConfig, Unconfirmed};
pub use gateway::{Admin, Administrator, Gateway, Mention, State, Web};
pub use home::Home;
pub use manner::{Manner, Replies, Threads};
pub use note::{ConfigError, Note};
pub use stackstorm::{Credential, StackStorm};

use document::Document;

use crate::{
    backends::KINDS,
    tls::{self, Identity},
};

/// Where the configuration is looked for when nobody says where it is.
pub const PLACES: [&str; 2] = ["./fulmar.toml", "/etc/fulmar/fulmar.toml"];

/// What `${VAR}` means: the value of a variable, or `None` if it is not set.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The whole configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The gateway itself.
    pub gateway: Gateway,
    /// What chat services and browsers reach.
    pub web: Web,
    /// What operators reach.
    pub admin: Admin,
    /// The StackStorms, by name; at least one.
    pub stackstorms: BTreeMap<String, StackStorm>,
    /// The chats, by name; at least one.
    pub chats: Vec<ChatConfig>,
    /// What works but deserves an operator's attention.
    pub warnings: Vec<Note>,
}

impl Config {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When the file cannot be read, and for everything that is wrong in it.
    pub fn load(path: &Path, env: Env<'_>) -> Result<Self, ConfigError> {
        Self::load_with(path, env, KINDS)
    }

    fn load_with(path: &Path, env: Env<'_>, kinds: &[Kind]) -> Result<Self, ConfigError> {
        let file = path.display().to_string();
        let text =
            fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { file: file.clone(), source })?;
        let mut config = Self::parse_with(&text, &file, env, kinds)?;
        if is_world_readable(path) {
            config.warnings.extend(document::plain_secrets(&text).map(|problem| Note::new(&file, problem)));
        }
        Ok(config)
    }

    /// Reads `text`; `file` is what notes call it.
    ///
    /// # Errors
    /// For everything that is wrong in it.
    pub fn parse(text: &str, file: &str, env: Env<'_>) -> Result<Self, ConfigError> {
        Self::parse_with(text, file, env, KINDS)
    }

    fn parse_with(text: &str, file: &str, env: Env<'_>, kinds: &[Kind]) -> Result<Self, ConfigError> {
        let notes =
            |problems: Vec<Problem>| problems.into_iter().map(|problem| Note::new(file, problem)).collect();
        let Document { entries, lines, unset } =
            document::read(text, env).map_err(|problems| ConfigError::Wrong(notes(problems)))?;

        let mut warnings = Vec::new();
        let mut root = Options::new(String::new(), 1, entries);
        let gateway = Gateway::read(&mut root);
        let web = Web::read(&mut root, &mut warnings);
        let admin = Admin::read(&mut root);
        let stackstorms = stackstorm::read_all(&mut root, &mut warnings);
        let names: Vec<String> = stackstorms.iter().map(|(name, _)| name.clone()).collect();
        let chats = chat::read_all(&mut root, kinds, &names);
        refuse_planned(&mut root, &["policy"]);

        let mut problems = root.finish();
        let contradictions = contradictions(&gateway, &web, &stackstorms, &chats).into_iter();
        problems.extend(contradictions.map(|(key, what)| {
            let line = lines.get(&key).copied().unwrap_or(1);
            Problem { line, key, what }
        }));
        problems.retain(|problem| !unset.iter().any(|known| known.key == problem.key));
        problems.extend(unset);
        problems.sort_by_key(|problem| problem.line);
        if !problems.is_empty() {
            return Err(ConfigError::Wrong(notes(problems)));
        }
        let stackstorms: BTreeMap<_, _> =
            stackstorms.into_iter().filter_map(|(name, good)| Some((name, good?))).collect();
        let chats: Vec<_> = chats.into_iter().filter_map(|(_, good)| good).collect();
        warnings.extend(out_of_reach(&stackstorms, &chats).map(|name| {
            let key = format!("stackstorm.{name}");
            let line = lines.get(&key).copied().unwrap_or(1);
            Problem { line, key, what: "no chat, no room and no bot_prefix leads to it".into() }
        }));
        Ok(Self { gateway, web, admin, stackstorms, chats, warnings: notes(warnings) })
    }
}

/// The file to read: `explicit` if given, else the first of [`PLACES`] that is there.
///
/// # Errors
/// When none is there; says where it looked.
pub fn find(explicit: Option<PathBuf>) -> Result<PathBuf, ConfigError> {
    find_in(explicit, &PLACES)
}

fn find_in(explicit: Option<PathBuf>, places: &[&str]) -> Result<PathBuf, ConfigError> {
    let present = || places.iter().map(PathBuf::from).find(|path| path.is_file());
    explicit.or_else(present).ok_or_else(|| ConfigError::NotFound { looked: places.join(", ") })
}

/// Tables by name; `None` where something is wrong.
type Named<T> = Vec<(String, Option<T>)>;

/// The table `key`, whose tables have names of the operator's choice, and those names; notes when there are none.
fn named_tables(root: &mut Options, key: &str, expected: &str) -> (Options, Vec<String>) {
    let is_given = root.keys().iter().any(|given| given == key);
    let tables = root.table(key);
    if tables.as_ref().map_or(!is_given, |tables| tables.keys().is_empty()) {
        root.missing(key, expected);
    }
    let tables = tables.unwrap_or_else(|| Options::new(key.to_owned(), root.line(), Entries::new()));
    let names = tables.keys();
    (tables, names)
}

/// Notes keys that are planned: an operator must not think that they have an effect.
fn refuse_planned(options: &mut Options, keys: &[&str]) {
    for key in options.keys().iter().filter(|key| keys.contains(&key.as_str())) {
        if let Some(item) = options.take(key) {
            options.complain(item.line, key, "not supported yet");
        }
    }
}

/// Reads a certificate of our own and its key: both, or none.
fn own_certificate(options: &mut Options, certificate: &str, key: &str) -> Option<Identity> {
    let lines = (options.line_of(certificate), options.line_of(key));
    let given = options.keys();
    for (one, other) in [(certificate, key), (key, certificate)] {
        if given.iter().any(|given| given == one) && !given.iter().any(|given| given == other) {
            options.missing(other, &format!("a PEM file, since there is {one}"));
        }
    }
    let files = (options.file(certificate), options.file(key));
    let identity = Identity { certificate: files.0?, key: files.1? };
    if let Err(error) = tls::check_certificates(&identity.certificate) {
        options.complain(lines.0, certificate, error.to_string());
    } else if let Err(error) = tls::check_identity(&identity) {
        options.complain(lines.1, key, error.to_string());
    }
    Some(identity)
}

/// The keys whose values another part contradicts, and how.
fn contradictions(
    gateway: &Gateway,
    web: &Web,
    stackstorms: &Named<StackStorm>,
    chats: &Named<ChatConfig>,
) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let unknown = |chat: &str| {
        let names = || chats.iter().map(|(name, _)| name.as_str());
        let is_known = names().any(|name| name == chat);
        (!is_known).then(|| format!("there is no [chats.{chat}]{}", did_you_mean(chat, names())))
    };
    found.extend(gateway.admins.iter().filter_map(|it| Some(("gateway.admins".into(), unknown(&it.chat)?))));
    let prefixes = prefix::contradictions(gateway, stackstorms).into_iter();
    found.extend(prefixes.map(|(name, what)| (format!("stackstorm.{name}.bot_prefix"), what)));
    let uncalled =
        |chat: &&ChatConfig| chat.backend.is_called() && (web.listen.is_none() || web.public_url.is_none());
    found.extend(chats.iter().filter_map(|(_, chat)| chat.as_ref()).filter(uncalled).map(|chat| {
        let what = "its network calls us: that needs web.listen and web.public_url";
        (format!("chats.{}", chat.name), what.to_owned())
    }));
    for (name, st2) in stackstorms.iter().filter_map(|(name, st2)| Some((name, st2.as_ref()?))) {
        let Some(chat) = &st2.default_chat else { continue };
        let key = format!("stackstorm.{name}.default_chat");
        let good = chats.iter().find_map(|(_, good)| good.as_ref().filter(|good| good.name == *chat));
        if let Some(what) = unknown(chat) {
            found.push((key, what));
        } else if let Some(ChatConfig { home, .. }) = good.filter(|_| st2.bot_prefix.is_empty())
            && !home.has(name)
        {
            found.push((key, format!("[chats.{chat}] belongs to [stackstorm.{}]", home.stackstorm)));
        }
    }
    found
}

/// The StackStorms that nobody can give a command to.
fn out_of_reach<'a>(
    stackstorms: &'a BTreeMap<String, StackStorm>,
    chats: &'a [ChatConfig],
) -> impl Iterator<Item = &'a String> {
    let lonely = stackstorms
        .iter()
        .filter(|(name, it)| it.bot_prefix.is_empty() && !chats.iter().any(|chat| chat.home.has(name)));
    lonely.map(|(name, _)| name)
}

#[cfg(unix)]
fn is_world_readable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_world_readable(_path: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests;
