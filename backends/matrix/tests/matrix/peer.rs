//! Somebody else on the homeserver: a client of a few lines that speaks the client-server API.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicU32, Ordering},
};

use fulmar_conformance::within;
use matrix_sdk::reqwest::{self, Client, Method};
use serde_json::{Value, json};

/// A person.
pub(crate) struct Peer {
    http: Client,
    server: String,
    token: String,
    pub(crate) id: String,
    since: String,
    inbox: VecDeque<Value>,
    invitations: Vec<String>,
}

impl Peer {
    /// Registers, and is there from now on.
    pub(crate) async fn register(server: &str, name: &str) -> Self {
        let auth = json!({ "type": "m.login.dummy" });
        Self::enter(server, "register", &json!({ "username": name, "password": PASSWORD, "auth": auth })).await
    }

    /// Logs somebody in who is registered, at another device.
    pub(crate) async fn login(server: &str, name: &str) -> Self {
        let identifier = json!({ "type": "m.id.user", "user": name });
        let login = json!({ "type": "m.login.password", "identifier": identifier, "password": PASSWORD });
        Self::enter(server, "login", &login).await
    }

    async fn enter(server: &str, by: &str, body: &Value) -> Self {
        let mut peer = Self {
            http: Client::new(),
            server: server.to_owned(),
            token: String::new(),
            id: String::new(),
            since: String::new(),
            inbox: VecDeque::new(),
            invitations: Vec::new(),
        };
        let answer = peer.calls(Method::POST, by, body).await;
        peer.token = text(&answer, "access_token");
        peer.id = text(&answer, "user_id");
        peer.since = text(&peer.asks("sync?timeout=0").await, "next_batch");
        peer
    }

    /// Makes a room that everybody may join, with an alias of `name`. Returns its id.
    pub(crate) async fn makes_room(&self, name: &str) -> String {
        self.makes(&json!({ "preset": "public_chat", "room_alias_name": name })).await
    }

    /// Makes a room. Returns its id.
    pub(crate) async fn makes(&self, room: &Value) -> String {
        text(&self.calls(Method::POST, "createRoom", room).await, "room_id")
    }

    /// Says something in a room. Returns the event's id.
    pub(crate) async fn says(&self, room: &str, words: &str) -> String {
        self.sends(room, "m.room.message", &json!({ "msgtype": "m.text", "body": words })).await
    }

    /// Sends an event. Returns its id.
    pub(crate) async fn sends(&self, room: &str, kind: &str, content: &Value) -> String {
        let path = format!("rooms/{}/send/{kind}/{}", escaped(room), fresh());
        text(&self.calls(Method::PUT, &path, content).await, "event_id")
    }

    /// Sets a part of a room's state.
    pub(crate) async fn sets(&self, room: &str, kind: &str, content: &Value) {
        self.calls(Method::PUT, &format!("rooms/{}/state/{kind}", escaped(room)), content).await;
    }

    /// Invites, kicks, bans: `what` is done to somebody.
    pub(crate) async fn does(&self, what: &str, room: &str, whom: &str) {
        let body = json!({ "user_id": whom, "reason": "enough" });
        self.calls(Method::POST, &format!("rooms/{}/{what}", escaped(room)), &body).await;
    }

    /// Joins a room.
    pub(crate) async fn joins(&self, room: &str) {
        self.calls(Method::POST, &format!("join/{}", escaped(room)), &json!({})).await;
    }

    /// Takes an event away.
    pub(crate) async fn redacts(&self, room: &str, event: &str) {
        let path = format!("rooms/{}/redact/{}/{}", escaped(room), escaped(event), fresh());
        self.calls(Method::PUT, &path, &json!({})).await;
    }

    /// The next event in a room for which `is_it` holds. Others are kept.
    pub(crate) async fn sees(&mut self, room: &str, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let mut looked_at = 0;
        within(what, async {
            loop {
                let is_it = |event: &Value| event["room_id"] == room && is_it(event);
                if let Some(at) = self.inbox.iter().skip(looked_at).position(is_it) {
                    return self.inbox.remove(looked_at + at).unwrap();
                }
                looked_at = self.inbox.len();
                self.syncs().await;
            }
        })
        .await
    }

    /// The next text that somebody else writes in a room, and that is no edit.
    pub(crate) async fn hears(&mut self, room: &str) -> Value {
        let me = self.id.clone();
        let is_it = |event: &Value| is_message(event, &me) && !is_edit(event);
        self.sees(room, "a message", is_it).await
    }

    /// The next edit of somebody else's in a room.
    pub(crate) async fn sees_edit(&mut self, room: &str) -> Value {
        let me = self.id.clone();
        self.sees(room, "an edit", |event| is_message(event, &me) && is_edit(event)).await
    }

    /// The next room that somebody invites us to.
    pub(crate) async fn invitation(&mut self) -> String {
        within("an invitation", async {
            while self.invitations.is_empty() {
                self.syncs().await;
            }
            self.invitations.remove(0)
        })
        .await
    }

    /// The other rooms that somebody invited us to.
    pub(crate) const fn invitations(&self) -> &Vec<String> {
        &self.invitations
    }

    /// The token of the login.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// Takes in what is new, once there is anything.
    pub(crate) async fn syncs(&mut self) {
        let answer = self.asks(&format!("sync?timeout=10000&since={}", self.since)).await;
        self.since = text(&answer, "next_batch");
        let invited = answer["rooms"]["invite"].as_object().into_iter().flatten();
        self.invitations.extend(invited.map(|(room, _)| room.clone()));
        for (room, update) in answer["rooms"]["join"].as_object().into_iter().flatten() {
            for event in update["timeline"]["events"].as_array().into_iter().flatten() {
                let mut event = event.clone();
                event["room_id"] = room.clone().into();
                self.inbox.push_back(event);
            }
        }
    }

    /// Asks for something.
    pub(crate) async fn asks(&self, path: &str) -> Value {
        self.calls(Method::GET, path, &Value::Null).await
    }

    /// As [`Peer::asks`], of the newer part of the interface.
    pub(crate) async fn asks_v1(&self, path: &str) -> Value {
        serde_json::from_slice(&self.reads(path).await).unwrap()
    }

    /// The content of a file that somebody uploaded.
    pub(crate) async fn downloads(&self, url: &str) -> Vec<u8> {
        self.reads(&format!("media/download/{}", url.trim_start_matches("mxc://"))).await
    }

    async fn reads(&self, path: &str) -> Vec<u8> {
        let request = self.http.get(format!("{}/_matrix/client/v1/{path}", self.server)).bearer_auth(&self.token);
        let answer = within("the homeserver", request.send()).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.bytes().await.unwrap().to_vec()
    }

    /// Is called otherwise from now on.
    pub(crate) async fn is_called(&self, name: &str) {
        let path = format!("profile/{}/displayname", escaped(&self.id));
        self.calls(Method::PUT, &path, &json!({ "displayname": name })).await;
    }

    /// Calls the homeserver, and expects it to do as it is told.
    pub(crate) async fn calls(&self, method: Method, path: &str, body: &Value) -> Value {
        let (status, answer) = self.tries(method, path, body).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer
    }

    /// Calls the homeserver.
    pub(crate) async fn tries(&self, method: Method, path: &str, body: &Value) -> (reqwest::StatusCode, Value) {
        let request = self.http.request(method, format!("{}/_matrix/client/v3/{path}", self.server));
        let request = if body.is_null() { request } else { request.body(body.to_string()) };
        let request = if self.token.is_empty() { request } else { request.bearer_auth(&self.token) };
        let answer = within("the homeserver", request.send()).await.unwrap();
        let status = answer.status();
        (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }
}

/// A part of an identifier in a path.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('#', "%23").replace('!', "%21").replace('$', "%24").replace('@', "%40")
}

fn is_message(event: &Value, me: &str) -> bool {
    event["type"] == "m.room.message" && event["sender"] != me && event["content"].get("body").is_some()
}

fn is_edit(event: &Value) -> bool {
    event["content"]["m.relates_to"]["rel_type"] == "m.replace"
}

fn text(answer: &Value, key: &str) -> String {
    answer[key].as_str().unwrap_or_else(|| panic!("no {key} in {answer}")).to_owned()
}

fn fresh() -> u32 {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// Everybody's password.
pub(crate) const PASSWORD: &str = "correct-horse";
