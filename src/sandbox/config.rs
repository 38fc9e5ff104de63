//! What a sandbox is started with.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use fulmar_contract::Secret;
use serde_json::{Map, Value};

/// The settings of a [`super::Sandbox`]; `default()` is what `fulmar demo` uses.
#[derive(Clone, Debug)]
pub struct SandboxConfig {
    /// Where it listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Who may ask for a token.
    pub users: Vec<User>,
    /// The API keys that open the API.
    pub api_keys: Vec<ApiKey>,
    /// Folders to read packs from: a pack itself, or a folder of packs. None: the built-in demo pack.
    pub packs: Vec<PathBuf>,
    /// Rules beside those of the packs, as their files have them.
    pub rules: Vec<Map<String, Value>>,
    /// What `web_url` begins with.
    pub web_url: String,
    /// The longest silence of a stream while nothing at all happens.
    pub heartbeat: Duration,
    /// How long an execution stays requested, then scheduled, then (at least) running.
    pub pace: Duration,
    /// From the end of an execution to the start of the workflow that announces it.
    pub notify_delay: Duration,
    /// How many threads serve.
    pub workers: usize,
    /// How many executions are remembered; older ones are forgotten.
    pub remembered: usize,
    /// How many events a stream may lag behind before it is dropped.
    pub stream_buffer: usize,
}

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            users: Vec::new(),
            api_keys: Vec::new(),
            packs: Vec::new(),
            rules: Vec::new(),
            web_url: "https://sandbox.example.test".to_owned(),
            heartbeat: Duration::from_secs(25),
            pace: Duration::from_millis(20),
            notify_delay: Duration::from_millis(200),
            workers: 2,
            remembered: 10_000,
            stream_buffer: 1024,
        }
    }
}

/// Somebody who may log in.
#[derive(Clone, Debug)]
pub struct User {
    /// The login name.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// Whether tokens for others may be asked for, as `is_service` of StackStorm's user.
    pub service: bool,
    /// What others call this user elsewhere: (origin, nickname), as `slack`, `alice.s`.
    pub nicknames: Vec<(String, String)>,
}

impl User {
    /// An ordinary user.
    pub fn new(name: &str, password: &str) -> Self {
        Self { name: name.to_owned(), password: Secret::new(password), service: false, nicknames: Vec::new() }
    }
}

/// A key of the API.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// The key.
    pub key: Secret,
    /// Whose it is.
    pub user: String,
    /// Whether it still opens anything.
    pub enabled: bool,
}

impl ApiKey {
    /// A key that works.
    pub fn new(key: &str, user: &str) -> Self {
        Self { key: Secret::new(key), user: user.to_owned(), enabled: true }
    }
}
