//! A sandbox with the people, keys and packs of the recordings, and the executions that they speak of.

use std::collections::HashMap;
use std::time::Duration;

use awc::http::Method;
use awc::{Client, ClientRequest};
use fulmar::sandbox::{ApiKey, Fault, Sandbox, SandboxConfig, User};
use fulmar::tls::{self, Http, Opener, Pool};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

use super::folder;
use super::shape::{self, Detail};
use super::stream::{Events, LIMIT};

/// The key of the recordings; theirs is of a throw-away instance.
const KEY: &str = "MmUyYzgyZjQ5M2VjZTE2NDdiNzlmNDlmNTBiYzcxOTM2OTg3N2NlMTRkYjYyZDJmNDNkMmQzYjY0MTBlZDFjZA";
const DISABLED_KEY: &str =
    "Nzc0NDZmZjVkM2UwMTIzZDcyYjhjMTdjMTUxOTI0NjQzZDVjMmIwOGZjMjQ5MWE3ODg0ZmJmYmJiYWI5MWU1OA";

/// The executions that the recordings ask for by id, the commands that made them, and where.
const MADE_BY: [(&str, &str, &str); 6] = [
    ("6b010536b815bea18190de97", "gw fail tuple", "#ops"),
    ("6b010537b815bea18190de9a", "gw slow 20 timeout=2", "#ops"),
    ("6b010538b815bea18190de9d", "gw sh echo one; echo two >&2; exit 4", "#ops"),
    ("6b010539b815bea18190dea0", "gw long 150", "#ops"),
    ("6b01053bb815bea18190deac", "gw ping", "c"),
    ("6b010574b815bea18190dece", "gw echo x", "#ops"),
];
const WORKFLOW: &str = "6b0105753d5c0e755a9bb7cd";
const CANCELLED: &str = "6b01057ab815bea18190ded1";
const ALIAS: &str = "6b01051eb815bea18190de40";

/// A sandbox and what in it stands for what was recorded.
pub(crate) struct Replay {
    pub(crate) sandbox: Sandbox,
    client: Client,
    /// For streams, which have no length.
    opener: Opener,
    /// Recorded ids and tokens, and those that stand for them.
    stand_ins: HashMap<String, String>,
}

impl Replay {
    pub(crate) async fn start() -> Self {
        let service = User { service: true, ..User::new("chatopsbot", "botpass") };
        let nicknames = vec![("slack".to_owned(), "alice.s".to_owned())];
        let config = SandboxConfig {
            users: vec![User::new("st2admin", "Ch@ngeMe"), service, User { nicknames, ..User::new("alice", "x") }],
            api_keys: vec![
                ApiKey::new(KEY, "st2admin"),
                ApiKey { enabled: false, ..ApiKey::new(DISABLED_KEY, "st2admin") },
            ],
            packs: ["gwtest_pack", "examples_pack", "lab_pack"].map(folder).to_vec(),
            pace: Duration::from_millis(5),
            notify_delay: Duration::from_millis(5),
            ..SandboxConfig::default()
        };
        let sandbox = Sandbox::start(config).unwrap();
        let client = Client::builder().timeout(LIMIT).finish();
        let pool = Pool { connect: LIMIT, keep_alive: LIMIT, limit: 100 };
        let Http { opener, .. } = tls::http(None, pool).unwrap();
        let mut replay =
            Self { sandbox, client, opener, stand_ins: HashMap::from([("(key)".to_owned(), KEY.to_owned())]) };
        replay.log_in().await;
        replay.make().await;
        replay
    }

    async fn log_in(&mut self) {
        let expired = self.token(json!({"ttl": 1})).await;
        self.sandbox.inject(Fault::ExpireTokens);
        let bot = self.token(json!({})).await;
        let alice = self.token(json!({"user": "alice"})).await;
        let tokens = [
            ("00932466b0374af28520dcb86deffd68", expired),
            ("6c61412268284d70a5a123621e235c70", bot.clone()),
            ("9584e208aa6d42f8806f98857291fc8c", bot),
            ("dab5400b177d4b6fb745dd0a7999ccdf", alice),
        ];
        self.stand_ins.extend(tokens.map(|(recorded, token)| (recorded.to_owned(), token)));
    }

    async fn token(&self, request: Value) -> String {
        let request = (Method::POST, "/auth/v1/tokens", request);
        let url = format!("{}{}", self.sandbox.url(), request.1);
        let sent = self.client.post(url).basic_auth("chatopsbot", "botpass").send_json(&request.2).await;
        let issued: Value = sent.unwrap().json().await.unwrap();
        issued["token"].as_str().unwrap().to_owned()
    }

    /// Makes the executions that are asked for by id.
    async fn make(&mut self) {
        for (recorded, command, room) in MADE_BY {
            let id = self.command(command, room, "errbot").await;
            self.stand_ins.insert(recorded.to_owned(), id);
        }
        let token = self.stand_ins["6c61412268284d70a5a123621e235c70"].clone();
        let body = json!({"command": "gw echo by a bot", "user": "joe", "source_channel": "#ops"});
        let request = self.request(Method::POST, "/v1/aliasexecution/match_and_execute");
        request.insert_header(("X-Auth-Token", token)).send_json(&body).await.unwrap();
        self.settle().await;
        let workflow = self.find(|it| it["action"]["ref"] == "chatops.post_result").unwrap();
        self.stand_ins.insert(WORKFLOW.to_owned(), workflow);
    }

    fn find(&self, is_it: impl Fn(&Value) -> bool) -> Option<String> {
        let found = self.sandbox.executions().into_iter().find(is_it)?;
        Some(found["id"].as_str()?.to_owned())
    }

    /// Waits until nothing runs and nothing more begins.
    pub(crate) async fn settle(&self) {
        let quiet = async {
            let mut calm = (0, 0);
            while calm.1 < 20 {
                let waits = |it: &Value| it["status"] == "paused" || it["parameters"]["cmd"] == "sleep 30";
                let busy = self.find(|it| it["end_timestamp"].is_null() && !waits(it)).is_some();
                let made = self.sandbox.made();
                calm = if busy || made != calm.0 { (made, 0) } else { (made, calm.1 + 1) };
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, quiet).await.expect("executions to end");
    }

    fn request(&self, method: Method, path: &str) -> ClientRequest {
        self.client.request(method, format!("{}{path}", self.sandbox.url()))
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.request(Method::POST, path).insert_header(("St2-Api-Key", KEY));
        request.send_json(&body).await.unwrap().json().await.unwrap()
    }

    /// Has a command run, and returns its execution.
    pub(crate) async fn command(&self, command: &str, room: &str, route: &str) -> String {
        let mut body = json!({"command": command, "user": "joe", "source_channel": room});
        if !route.is_empty() {
            body["notification_route"] = route.into();
        }
        let answer = self.post("/v1/aliasexecution/match_and_execute", body).await;
        answer["results"][0]["execution"]["id"]
            .as_str()
            .unwrap_or_else(|| panic!("{command}: {answer}"))
            .to_owned()
    }

    /// Opens a stream and waits for its first byte.
    pub(crate) async fn stream(&self, query: &str) -> Events {
        let request = self.request(Method::GET, &format!("/stream/v1/stream?{query}"));
        let (_, pieces) = self.opener.open(&request.insert_header(("St2-Api-Key", KEY))).await.unwrap();
        let mut events = Events::new(pieces);
        assert_eq!(events.read().await, "\n");
        events
    }

    /// Does again what was recorded, and returns what was answered otherwise.
    pub(crate) async fn exchange(&self, name: &str, recording: &Value) -> Vec<String> {
        let own = self.prepare(name).await;
        let differences = self.send(recording, &own, detail(name)).await;
        self.tidy_up(name).await;
        differences
    }

    /// Brings about what a recording takes for granted.
    async fn prepare(&self, name: &str) -> HashMap<String, String> {
        let alias = |name: &str, format: &str| json!({"name": name, "pack": "gwtest", "action_ref": "core.noop", "formats": [format]});
        let made = match name {
            "actionalias_create_conflict" | "actionalias_update" => {
                (ALIAS, self.post("/v1/actionalias", alias("tmp", "gw tmp {{ x }}")).await)
            }
            "actionalias_match_while_bad_regex_alias" | "match_and_execute_while_bad_regex_alias" => {
                ("", self.post("/v1/actionalias", alias("tmpbad", "gw bad (")).await)
            }
            "execution_cancel" | "execution_cancel_again" | "execution_put_bad_status" => {
                let order = json!({"action": "core.local", "parameters": {"cmd": "sleep 30"}});
                let made = self.post("/v1/executions", order).await;
                let id = made["id"].clone();
                let running = async {
                    while self.find(|it| it["id"] == id && it["status"] == "running").is_none() {
                        sleep(Duration::from_millis(1)).await;
                    }
                };
                timeout(LIMIT, running).await.unwrap();
                if name == "execution_cancel_again" {
                    let path = format!("/v1/executions/{}", id.as_str().unwrap());
                    let request = self.request(Method::DELETE, &path).insert_header(("St2-Api-Key", KEY));
                    request.send().await.unwrap();
                }
                (CANCELLED, made)
            }
            "execution_get_last" => {
                self.settle().await;
                self.command("gw echo last", "#ops", "errbot").await;
                self.settle().await;
                return HashMap::new();
            }
            _ => return HashMap::new(),
        };
        HashMap::from([(made.0.to_owned(), made.1["id"].as_str().unwrap().to_owned())])
    }

    async fn tidy_up(&self, name: &str) {
        let aliases = ["gwtest.tmp", "gwtest.tmpbad"].into_iter().filter(|_| name.contains("alias"));
        for alias in aliases {
            let request = self.request(Method::DELETE, &format!("/v1/actionalias/{alias}"));
            request.insert_header(("St2-Api-Key", KEY)).send().await.unwrap();
        }
    }

    async fn send(&self, recording: &Value, own: &HashMap<String, String>, detail: Detail) -> Vec<String> {
        let (wanted, asked) = (&recording["response"], &recording["request"]);
        let replaced = |text: &str| {
            let known = self.stand_ins.iter().chain(own).filter(|(recorded, _)| !recorded.is_empty());
            known.fold(text.to_owned(), |text, (recorded, stand_in)| text.replace(recorded, stand_in))
        };
        let query = asked["query"].as_str().map(|query| format!("?{query}")).unwrap_or_default();
        let path = replaced(&format!("{}{query}", asked["path"].as_str().unwrap()));
        let method = asked["method"].as_str().unwrap().parse().unwrap();
        let mut request = self.request(method, &path);
        for (name, value) in asked["headers"].as_object().unwrap() {
            if name != "Content-Length" {
                request = request.insert_header((name.as_str(), replaced(value.as_str().unwrap())));
            }
        }
        let body = match &asked["body"] {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                replaced(&body.to_string())
            }
        };
        let mut response = request.send_body(body).await.unwrap();
        let body = response.body().limit(16 << 20).await.unwrap_or_default();
        let mut found = headers(wanted, |name| response.headers().get(name).and_then(|it| it.to_str().ok()));
        if wanted["status"] != response.status().as_u16() {
            found.push(format!("{} recorded, {} answered: {body:?}", wanted["status"], response.status()));
        }
        if !wanted["body_json"].is_null() {
            let body: Value = serde_json::from_slice(&body).unwrap_or_default();
            found.extend(shape::differences(&wanted["body_json"], &body, detail));
        }
        found
    }

    /// Opens a stream as recorded, and returns what was answered otherwise up to the first byte.
    pub(crate) async fn opening(&self, recording: &Value) -> Vec<String> {
        let (head, answer) =
            (recording["request"].as_str().unwrap(), recording["response_head"].as_str().unwrap());
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap().split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let token = self.stand_ins["6c61412268284d70a5a123621e235c70"].as_str();
        let path = path.replace("4b46d40d1c2449d784081acf1669eb9c", token);
        let mut request = self.request(method.parse().unwrap(), &path);
        for (name, value) in lines.filter_map(|line| line.split_once(": ")).filter(|(name, _)| *name != "Host") {
            let known = ["bogus", "nope", "deadbeef"].contains(&value) || name.eq_ignore_ascii_case("accept");
            let value = match name {
                "X-Auth-Token" if !known => token,
                "St2-Api-Key" if value.len() == KEY.len() => KEY,
                _ => value,
            };
            request = request.insert_header((name, value));
        }
        let (head, pieces) = self.opener.open(&request).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap();
        let mut found = Vec::new();
        if status != head.status.as_str() {
            found.push(format!("{status} recorded, {} answered", head.status));
        }
        let wanted = answer.lines().find_map(|line| line.strip_prefix("Content-Type: ")).unwrap();
        let given = head.headers().get("content-type").unwrap().to_str().unwrap();
        if !wanted.eq_ignore_ascii_case(given) {
            found.push(format!("{wanted} recorded, {given} answered"));
        }
        let mut body = Events::new(pieces);
        let first = body.read().await;
        let recorded = recording["body_text"].as_str().unwrap();
        if status == "200" && !first.starts_with('\n') {
            found.push(format!("begins with {first:?}"));
        } else if status != "200" {
            let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
            found.extend(shape::differences(&json(recorded), &json(first), Detail::Texts));
        }
        found
    }
}

/// Which executions a list shows, and which commands made those of these names, is chance: only their shape counts.
fn detail(name: &str) -> Detail {
    let chance = ["_since", "_ok_exclude", "_get_last", "_get_children", "_get_workflow"];
    if chance.iter().any(|part| name.contains(part)) { Detail::Shape } else { Detail::Texts }
}

/// The differences of the headers that matter.
fn headers<'a>(wanted: &Value, answered: impl Fn(&str) -> Option<&'a str>) -> Vec<String> {
    let recorded: Vec<Vec<String>> = serde_json::from_value(wanted["headers"].clone()).unwrap();
    let recorded =
        |name: &str| recorded.iter().find(|pair| pair[0].eq_ignore_ascii_case(name)).map(|pair| &pair[1]);
    let mut found = Vec::new();
    for name in ["X-Total-Count", "X-Limit", "X-Request-ID"] {
        if recorded(name).is_some() && answered(name).is_none() {
            found.push(format!("{name}: missing"));
        }
    }
    if recorded("X-Limit").is_none() && answered("X-Limit").is_some() && recorded("X-Total-Count").is_some() {
        found.push("X-Limit: not recorded".to_owned());
    }
    if recorded("Content-Type").map(String::as_str) != answered("Content-Type") {
        found.push(format!(
            "Content-Type: {:?} recorded, {:?} answered",
            recorded("Content-Type"),
            answered("Content-Type")
        ));
    }
    found
}
