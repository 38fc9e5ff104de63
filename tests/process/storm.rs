//! The sandbox StackStorm, and packs for it.

use std::{fs, path::PathBuf, time::Duration};

use fulmar::sandbox::{ApiKey, Fault, Sandbox, SandboxConfig, User};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The password of the user `bot`.
pub(crate) const PASSWORD: &str = "s3cret-of-stackstorm";

/// A key for those who use StackStorm beside the gateway.
const KEY: &str = "s3cret-key-of-stackstorm";

/// How many aliases [`fleet`] has.
pub(crate) const FLEET: usize = 1_000;

/// A quick sandbox with a user and a key.
pub(crate) fn settings() -> SandboxConfig {
    SandboxConfig {
        users: vec![User::new("bot", PASSWORD)],
        api_keys: vec![ApiKey::new(KEY, "bot")],
        pace: Duration::from_millis(1),
        heartbeat: Duration::from_millis(200),
        ..SandboxConfig::default()
    }
}

/// A gateway's configuration for the StackStorm at `url`, and `chats`.
pub(crate) fn config(url: &str, chats: &[String]) -> String {
    let (storm, chats) = (stackstorm("default", url, ""), chats.concat());
    format!(
        r#"
[gateway]
state = "memory"
mention = "never"

[admin]
listen = "127.0.0.1:0"
{storm}{chats}"#
    )
}

/// The table of a StackStorm at `url`, with these lines more.
pub(crate) fn stackstorm(name: &str, url: &str, lines: &str) -> String {
    format!(
        r#"
[stackstorm.{name}]
auth_url = "{url}/auth/v1"
api_url = "{url}/api/v1"
stream_url = "{url}/stream/v1"
api_auth = {{ user = {{ name = "bot", password = "{PASSWORD}" }} }}
{lines}
"#
    )
}

/// Lets something go wrong in StackStorm.
pub(crate) fn inject(sandbox: &Sandbox, fault: Value) {
    sandbox.inject(serde_json::from_value::<Fault>(fault).unwrap());
}

/// An announcement for the room.
pub(crate) fn announcement(text: &str) -> Value {
    let payload = json!({"message": text, "channel": "#ops", "user": null, "whisper": false, "extra": {}});
    json!({"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": payload}})
}

/// Has StackStorm announce something in a room, by an execution that can be found later.
pub(crate) async fn posts_message(sandbox: &Sandbox, room: &str, message: &str) {
    let parameters = json!({"channel": room, "message": message, "route": "errbot"});
    let body = json!({"action": "chatops.post_message", "parameters": parameters});
    let url = format!("{}/api/v1/executions", sandbox.url());
    let sent = awc::Client::default().post(url).insert_header(("St2-Api-Key", KEY)).send_json(&body).await;
    assert_eq!(sent.unwrap().status(), 201);
}

/// The pack that `fulmar demo` has, too.
pub(crate) fn demo() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/src/sandbox/packs/demo"))
}

/// A pack with [`FLEET`] aliases: one for each service, and some with remarkable results.
pub(crate) fn fleet() -> TempDir {
    let folder = TempDir::new().unwrap();
    let write = |path: &str, text: String| fs::write(folder.path().join(path), text).unwrap();
    fs::create_dir(folder.path().join("actions")).unwrap();
    fs::create_dir(folder.path().join("aliases")).unwrap();
    write("pack.yaml", "{ref: fleet, name: fleet, description: Many services, version: 1.0.0}".into());
    write("actions/restart.yaml", action("restart", "{seconds: 0.1}"));
    let remarkable = [("read the log", numbered_words()), ("cheer", turtles())];
    for (format, result) in &remarkable {
        let name = format.split(' ').next().unwrap();
        write(&format!("actions/{name}.yaml"), action(name, &format!("{{result: \"{result}\"}}")));
        let shown = "{{ execution.result.result }}";
        write(&format!("aliases/{name}.yaml"), alias(name, name, format, shown));
    }
    for number in remarkable.len()..FLEET {
        let (name, format) =
            (format!("restart_{number:04}"), format!("restart service-{number:04} on {{{{ host }}}}"));
        let shown = format!("Restarted service-{number:04} on {{{{ execution.parameters.host }}}}.");
        write(&format!("aliases/{name}.yaml"), alias(&name, "restart", &format, &shown));
    }
    folder
}

fn action(name: &str, sandbox: &str) -> String {
    format!(
        "name: {name}\npack: fleet\nrunner_type: python-script\nentry_point: {name}.py\n\
         parameters: {{host: {{type: string}}}}\nsandbox: {sandbox}\n"
    )
}

fn alias(name: &str, action: &str, format: &str, result: &str) -> String {
    format!(
        "name: {name}\npack: fleet\naction_ref: fleet.{action}\ndescription: One of many\nformats: [\"{format}\"]\n\
         ack: {{enabled: false}}\nresult: {{format: \"{result}\"}}\n"
    )
}

/// 10,000 characters, and every word tells where it belongs.
pub(crate) fn numbered_words() -> String {
    (0..2_000).map(|number| format!("{number:04} ")).collect()
}

/// 600 characters of four bytes.
pub(crate) fn turtles() -> String {
    "🐢".repeat(600)
}
