//! Somebody on Matrix, without encryption.

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::{
    Outcome,
    client::{Client, Ends, Said, Words},
    http::Caller,
};

/// Somebody who is registered.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) url: String,
    /// As `@joe:localhost`.
    pub(crate) user: String,
    pub(crate) token: String,
}

impl Account {
    /// Registers `name`, or logs in if somebody has.
    pub(crate) async fn open(url: &str, name: &str, password: &str) -> Outcome<Self> {
        let mut caller = Caller::new(url);
        let wish = json!({"username": name, "password": password, "auth": {"type": "m.login.dummy"}});
        let answer = match caller.call("POST", "/_matrix/client/v3/register", &wish).await {
            Ok(answer) => answer,
            Err(_) => {
                let identifier = json!({"type": "m.id.user", "user": name});
                let wish = json!({"type": "m.login.password", "identifier": identifier, "password": password});
                caller.call("POST", "/_matrix/client/v3/login", &wish).await?
            }
        };
        let text = |key: &str| answer[key].as_str().map(str::to_owned).ok_or("an incomplete answer");
        Ok(Self { url: url.to_owned(), user: text("user_id")?, token: text("access_token")? })
    }

    /// Makes a room that everybody may enter, with the alias `#name:localhost`. Returns its id.
    pub(crate) async fn make_room(&self, name: &str) -> Outcome<String> {
        let wish = json!({"room_alias_name": name, "name": name, "preset": "public_chat"});
        let answer = self.caller().call("POST", "/_matrix/client/v3/createRoom", &wish).await?;
        Ok(answer["room_id"].as_str().ok_or("no room_id")?.to_owned())
    }

    /// Enters these rooms, by id.
    pub(crate) async fn enter(&self, rooms: &[&str]) -> Outcome<Client> {
        let mut caller = self.caller();
        for room in rooms {
            caller.call("POST", &format!("/_matrix/client/v3/join/{}", encoded(room)), &json!({})).await?;
        }
        let first = caller.call("GET", &sync(None), &Value::Null).await?;
        let since = first["next_batch"].as_str().ok_or("no next_batch")?.to_owned();
        let me = self.user.clone();
        Ok(Client::run(|ends| session(caller, me, since, ends)))
    }

    fn caller(&self) -> Caller {
        Caller::new(&self.url).with(&self.token)
    }
}

async fn session(mut caller: Caller, me: String, since: String, ends: Ends) -> Outcome<()> {
    let Ends { mut words, heard } = ends;
    let listening = tokio::spawn(listen(caller.another(), me, since, heard));
    let stop = listening.abort_handle();
    let _stop = Stop(stop);
    while let Some(words) = words.recv().await {
        let path =
            format!("/_matrix/client/v3/rooms/{}/send/m.room.message/{}", encoded(&words.room), fastrand::u64(..));
        let answer = caller.call("PUT", &path, &content(&words)).await?;
        words.written.send(answer["event_id"].as_str().unwrap_or_default().to_owned()).unwrap_or_default();
    }
    Ok(())
}

/// Ends a task with what holds this.
struct Stop(tokio::task::AbortHandle);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn content(Words { thread, text, .. }: &Words) -> Value {
    let mut content = json!({"msgtype": "m.text", "body": text});
    if let Some(thread) = thread {
        content["m.relates_to"] = json!({
            "rel_type": "m.thread", "event_id": thread, "is_falling_back": true,
            "m.in_reply_to": {"event_id": thread},
        });
    }
    content
}

async fn listen(mut caller: Caller, me: String, mut since: String, heard: mpsc::Sender<Said>) -> Outcome<()> {
    loop {
        let answer = caller.call("GET", &sync(Some(&since)), &Value::Null).await?;
        since = answer["next_batch"].as_str().ok_or("no next_batch")?.to_owned();
        let rooms = answer["rooms"]["join"].as_object().into_iter().flatten();
        for (room, news) in rooms {
            for event in news["timeline"]["events"].as_array().into_iter().flatten() {
                if let Some(said) = said(room, event).filter(|said| said.by != me) {
                    heard.send(said).await?;
                }
            }
        }
    }
}

fn said(room: &str, event: &Value) -> Option<Said> {
    let content = event.get("content").filter(|_| event["type"] == "m.room.message")?;
    let relation = &content["m.relates_to"];
    if relation["rel_type"] == "m.replace" {
        return None;
    }
    let thread = relation["event_id"].as_str().filter(|_| relation["rel_type"] == "m.thread");
    let (by, text) = (event["sender"].as_str()?, content["body"].as_str()?);
    Some(Said {
        room: room.to_owned(),
        thread: thread.map(str::to_owned),
        by: by.to_owned(),
        text: text.to_owned(),
    })
}

fn sync(since: Option<&str>) -> String {
    match since {
        Some(since) => format!("/_matrix/client/v3/sync?timeout=30000&since={}", encoded(since)),
        None => "/_matrix/client/v3/sync?timeout=0".into(),
    }
}

/// A text as part of a path.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'_' | b'.' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}
