//! Where the stories are played.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use actix::System;
use fulmar::{
    actors::world::World,
    admin::{self, Admin},
    config::Config,
    gateway::Gateway,
    sandbox::{ApiKey, Fault, Sandbox, SandboxConfig, User},
    supervise::{Ended, Shutdown},
    web,
};
use fulmar_contract::{Backend as _, RoomId};
use fulmar_memory::{Memory, Network};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};

use crate::disk::Disk;

/// A gateway with one chat, `mem`, in the room `ops`, and one StackStorm.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) network: Network,
    pub(crate) gateway: Gateway,
    pub(crate) admin: SocketAddr,
    pub(crate) web: Option<SocketAddr>,
    pub(crate) disk: Disk,
}

/// Plays a story within an actix system as the program has it.
pub(crate) fn story<F: Future<Output = ()>>(tell: impl FnOnce() -> F) {
    let filter = tracing_subscriber::EnvFilter::from_env("FULMAR_LOG");
    // Another story in this process may have set it already.
    drop(tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init());
    let built = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    System::with_tokio_rt(built).block_on(tell());
}

/// A quick sandbox with a user and a key.
pub(crate) fn sandbox() -> SandboxConfig {
    SandboxConfig {
        users: vec![User::new("bot", "s3cret-password")],
        api_keys: vec![ApiKey::new("s3cret-key", "bot")],
        pace: Duration::from_millis(1),
        heartbeat: Duration::from_millis(200),
        ..SandboxConfig::default()
    }
}

/// The configuration for a StackStorm at `url`, logged in to with `api_auth`.
pub(crate) fn config(url: &str, api_auth: &str, network: &Network) -> Config {
    let text = format!(
        r#"
        [gateway]
        state = "memory"
        mention = "never"
        [admin]
        listen = "127.0.0.1:0"
        [stackstorm.default]
        auth_url = "{url}/auth/v1"
        api_url = "{url}/api/v1"
        stream_url = "{url}/stream/v1"
        api_auth = {api_auth}
        [chats.mem]
        kind = "memory"
        "#
    );
    let mut config = Config::parse(&text, "test.toml", &|_| None).unwrap();
    config.chats[0].backend = Arc::new(Memory::new(network.clone()));
    config
}

pub(crate) const AS_USER: &str = r#"{ user = { name = "bot", password = "s3cret-password" } }"#;
pub(crate) const WITH_KEY: &str = r#"{ key = "s3cret-key" }"#;

impl Stage {
    /// Everything up and ready.
    pub(crate) async fn ready() -> Self {
        let stage = Self::new(sandbox(), AS_USER);
        stage.until_ready().await;
        stage
    }

    /// As [`Self::ready`], with these lines more in the table of the StackStorm, which is `settings`.
    pub(crate) async fn with(settings: SandboxConfig, lines: &str) -> Self {
        let stage = Self::new(settings, &format!("{AS_USER}\n{lines}"));
        stage.until_ready().await;
        stage
    }

    /// As [`Self::ready`], with a configuration changed by `change`.
    pub(crate) async fn configured(change: impl FnOnce(&mut Config)) -> Self {
        Self::configured_on(|config, _| change(config)).await
    }

    /// As [`Self::configured`], where the change depends on the network.
    pub(crate) async fn configured_on(change: impl FnOnce(&mut Config, &Network)) -> Self {
        let sandbox = Sandbox::start(sandbox()).unwrap();
        let network = Network::new(["ops", "dev"]);
        let mut config = config(&sandbox.url(), AS_USER, &network);
        change(&mut config, &network);
        let stage = Self::of(sandbox, network, &config);
        stage.until_ready().await;
        stage
    }

    /// Everything started.
    pub(crate) fn new(settings: SandboxConfig, api_auth: &str) -> Self {
        let sandbox = Sandbox::start(settings).unwrap();
        let url = sandbox.url();
        Self::against(sandbox, &url, api_auth)
    }

    /// A gateway that expects its StackStorm at `url`.
    pub(crate) fn against(sandbox: Sandbox, url: &str, api_auth: &str) -> Self {
        let network = Network::new(["ops"]);
        let config = config(url, api_auth, &network);
        Self::of(sandbox, network, &config)
    }

    pub(crate) fn of(sandbox: Sandbox, network: Network, config: &Config) -> Self {
        Self::kept(&Disk::default(), sandbox, network, config)
    }

    /// A gateway that goes on where `disk` ends.
    pub(crate) fn kept(disk: &Disk, sandbox: Sandbox, network: Network, config: &Config) -> Self {
        let gateway = Gateway::over(Box::new(disk.clone()), config, &World::real()).unwrap();
        let socket = web::bind(&config.web).unwrap();
        let web = socket.map(|socket| web::serve(config, &gateway.reach, socket).unwrap().address);
        let admin = Admin {
            name: "fulmar".into(),
            supervisor: gateway.supervisor.clone(),
            reach: gateway.reach.clone(),
            web,
            began: Instant::now(),
            test_switches: true,
        };
        let admin = admin::serve(admin, admin::bind(&config.admin).unwrap(), &config.admin).unwrap().address;
        Self { sandbox, network, gateway, admin, web, disk: disk.clone() }
    }

    pub(crate) fn room(&self) -> RoomId {
        Memory::new(self.network.clone()).room("ops").unwrap()
    }

    /// Joe writes `text` in the room.
    pub(crate) async fn says(&self, text: &str) {
        self.says_as("joe", text).await;
    }

    /// Somebody writes `text` in the room.
    pub(crate) async fn says_as(&self, who: &str, text: &str) {
        assert!(self.network.say("ops", who, text).await, "nobody is there to hear {text:?}");
    }

    /// The next post in the room.
    pub(crate) async fn hears(&self) -> String {
        let heard = timeout(PATIENCE, self.network.hear(&self.room())).await;
        heard.unwrap_or_else(|_| {
            let said: Vec<String> = self.network.posts().into_iter().map(|post| post.text).collect();
            panic!("nothing more was said in {PATIENCE:?}, after {said:#?}")
        })
    }

    /// Posts until one contains `what`; returns that one.
    pub(crate) async fn hears_of(&self, what: &str) -> String {
        let mut passed_over = Vec::new();
        loop {
            let Ok(heard) = timeout(PATIENCE, self.network.hear(&self.room())).await else {
                panic!("{what:?} was not said in {PATIENCE:?}, but {passed_over:?}");
            };
            if heard.contains(what) {
                return heard;
            }
            passed_over.push(heard);
        }
    }

    /// Makes `!tell NAME` answer as `result` says, without an ack.
    pub(crate) async fn tells(&self, name: &str, result: Value) {
        let alias = json!({
            "name": name, "pack": "demo", "action_ref": "demo.echo", "formats": [format!("tell {name} {{{{ message=x }}}}")],
            "description": "Tells", "ack": {"enabled": false}, "result": result,
        });
        let url = format!("{}/api/v1/actionalias", self.sandbox.url());
        let made =
            awc::Client::default().post(url).insert_header(("St2-Api-Key", "s3cret-key")).send_json(&alias).await;
        assert_eq!(made.unwrap().status(), 201);
    }

    /// Lets something go wrong in StackStorm.
    pub(crate) fn inject(&self, fault: Value) {
        self.sandbox.inject(serde_json::from_value::<Fault>(fault).unwrap());
    }

    /// GET of an admin route: status and body.
    pub(crate) async fn get(&self, path: &str) -> (u16, String) {
        let mut response = patient().get(format!("http://{}{path}", self.admin)).send().await.unwrap();
        let body = response.body().limit(1 << 20).await.unwrap();
        (response.status().as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    /// POST of an admin route: status and body.
    pub(crate) async fn post(&self, path: &str) -> (u16, String) {
        let mut response = patient().post(format!("http://{}{path}", self.admin)).send().await.unwrap();
        let body = response.body().limit(1 << 20).await.unwrap();
        (response.status().as_u16(), String::from_utf8(body.to_vec()).unwrap())
    }

    pub(crate) async fn status(&self) -> Value {
        serde_json::from_str(&self.get("/status").await.1).unwrap()
    }

    /// The status of one child.
    pub(crate) async fn child(&self, name: &str) -> Value {
        let status = self.status().await;
        let children = status["children"].as_array().unwrap();
        children.iter().find(|child| child["name"] == name).unwrap_or_else(|| panic!("no child {name}")).clone()
    }

    /// Waits until the status is as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let status = self.status().await;
            if wanted(&status) {
                return status;
            }
            assert!(Instant::now() < deadline, "waited in vain until {what}: {status:#}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn until_ready(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (code, body) = self.get("/ready").await;
            if code == 200 {
                return;
            }
            assert!(Instant::now() < deadline, "never ready: {body}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Stops the gateway; it must stop politely.
    pub(crate) async fn ends(self) {
        self.gateway.supervisor.send(Shutdown).await.unwrap();
        let ended = timeout(Duration::from_secs(5), self.gateway.ended).await.expect("stops within 5 s").unwrap();
        assert_eq!(ended, Ended::Stopped);
        self.sandbox.stop().await;
    }
}

/// A client that waits as long as anything may take.
fn patient() -> awc::Client {
    awc::Client::builder().timeout(PATIENCE).finish()
}

/// How long anything may take: generous, since it is never reached when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
