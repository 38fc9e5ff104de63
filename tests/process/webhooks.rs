//! What other programs post to the running program.

use std::{net::UdpSocket, path::PathBuf, time::Duration};

use fulmar::{
    sandbox::Sandbox,
    tls::{self, Pool, Trust},
};
use fulmar_conformance::skip;
use serde_json::{Value, json};

use crate::{
    patience::story,
    program::Gateway,
    server::Ngircd,
    stage::{NICK, ROOM},
    storm,
};

const TOKEN: &str = "s3cret-of-webhooks";

#[test]
fn what_is_posted_is_said_on_irc() {
    story(async || {
        let Some(server) = Ngircd::start().await else { return };
        let sandbox = Sandbox::start(storm::settings()).unwrap();
        let mut peer = server.peer().await;
        peer.joins(ROOM).await;
        let config = storm::config(&sandbox.url(), &[server.chat("irc", NICK, &[ROOM])]);
        let gateway = Gateway::start(&format!("[web]\nlisten = \"127.0.0.1:0\"\n{config}")).await;
        gateway.until_ready().await;
        let url = format!("http://{}", web(&gateway).await);

        let errbot =
            json!({"channel": format!("irc/{ROOM}"), "message": "disk full", "user": "", "whisper": false});
        let said = post(&url, "/chatops/message", None, &errbot.to_string()).await;
        let hubot = json!({"channel": ROOM, "message": "{~} disk fuller"});
        let said_too = post(&url, "/hubot/st2", None, &hubot.to_string()).await;
        let nowhere = post(&url, "/hubot/st2", None, r#"{"channel": "no room", "message": "x"}"#).await;

        assert_eq!(said, (200, "Delivered to chat backend.".into()));
        assert_eq!(said_too.0, 200, "{said_too:?}");
        peer.hears_of(ROOM, "disk full").await;
        peer.hears_of(ROOM, "disk fuller").await;
        assert!(nowhere.0 == 422 && nowhere.1.contains(r#"irc has no room called \"no room\""#), "{nowhere:?}");
    });
}

#[test]
fn another_machine_needs_the_token_and_can_have_https() {
    story(async || {
        let Some(own) = own_address() else { return skip("an address of this machine that is not loopback") };
        let files = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tls");
        let listen = format!("[web]\nlisten = \"0.0.0.0:0\"\nwebhook_token = \"{TOKEN}\"\n");
        let tls = format!("tls_cert = \"{0}/server.pem\"\ntls_key = \"{0}/server.key\"\n", files.display());
        let chat = "[chats.t]\nkind = \"irc\"\nserver = \"127.0.0.1\"\nport = 1\ntls = false\nnick = \"f\"\n";
        let config = storm::config("http://127.0.0.1:1", &[chat.into()]);
        let gateway = Gateway::start(&format!("{listen}{tls}{config}")).await;
        let port = web(&gateway).await.rsplit_once(':').unwrap().1.to_owned();
        let body = r##"{"channel": "#ops", "message": "x"}"##;

        let near = post(&format!("https://localhost:{port}"), "/hubot/st2", None, body).await;
        let far = format!("https://{own}:{port}");
        let none = post(&far, "/hubot/st2", None, body).await;
        let wrong = post(&far, "/hubot/st2", Some("wrong"), body).await;
        let right = post(&far, "/hubot/st2", Some(TOKEN), body).await;

        assert_eq!(
            [near.0, none.0, wrong.0, right.0],
            [200, 401, 401, 200],
            "{near:?} {none:?} {wrong:?} {right:?}"
        );
        assert!(none.1.contains("comes from another machine"), "{none:?}");
        assert!(!gateway.log().contains(TOKEN));
    });
}

/// Where the webhooks are.
async fn web(gateway: &Gateway) -> String {
    gateway.status().await.get("web").and_then(Value::as_str).unwrap().to_owned()
}

async fn post(url: &str, path: &str, token: Option<&str>, body: &str) -> (u16, String) {
    let authorities = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/tls/ca.pem");
    // The certificate is for localhost only.
    let verify = url.contains("localhost");
    let trust = Trust { verify, authorities: Some(authorities), identity: None };
    let pool = Pool { connect: Duration::from_secs(5), keep_alive: Duration::from_secs(1), limit: 1 };
    let client = tls::http(url.starts_with("https:").then_some(&trust), pool).unwrap().client;
    let mut request = client.post(format!("{url}{path}")).content_type("application/json");
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let mut response = request.send_body(body.to_owned()).await.unwrap();
    let body = response.body().await.unwrap();
    (response.status().as_u16(), String::from_utf8(body.to_vec()).unwrap())
}

/// An address of this machine on a network. Asking for the way to elsewhere sends nothing.
fn own_address() -> Option<String> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_loopback() && !own.is_unspecified()).then(|| own.to_string())
}
