//! Being called by Telegram.

use std::{net::SocketAddr, sync::Arc};

use fulmar_botapi::{ADA, BotApi, OPS};
use fulmar_conformance::Session;
use fulmar_contract::{Answer, Backend, Call, Event, Failure};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{mpsc, oneshot},
};

use crate::chat::{self, room};

/// The gateway's web listener, in small: every request becomes a call.
struct Web {
    address: SocketAddr,
    calls: mpsc::Receiver<Call>,
}

impl Web {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (passed_on, calls) = mpsc::channel(8);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, passed_on.clone()));
            }
        });
        Self { address, calls }
    }

    fn url(&self) -> String {
        format!("http://{}/chats/ops", self.address)
    }

    /// A session that is called here, and has joined its room.
    async fn session(self, backend: &dyn Backend) -> Session {
        let url = self.url();
        let mut session = Session::linked(backend, |link| {
            link.calls = self.calls;
            link.address = Some(url);
        });
        session.joined(&room(OPS)).await;
        session
    }
}

/// Answers one request on `stream`.
async fn serve(stream: TcpStream, calls: mpsc::Sender<Call>) {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        match line.trim() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let header = |line: &String| line.split_once(": ").map(|(key, value)| (key.to_lowercase(), value.to_owned()));
    let headers: Vec<(String, String)> = lines.iter().filter_map(header).collect();
    let length =
        headers.iter().find(|(key, _)| key == "content-length").map_or(0, |(_, length)| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    let path =
        lines[0].split(' ').nth(1).unwrap().trim_start_matches("/chats/ops").trim_start_matches('/').to_owned();
    let (answer, answered) = oneshot::channel();
    calls.send(Call { path, query: String::new(), headers, body, answer }).await.unwrap();
    let Answer { status, .. } = answered.await.unwrap_or(Answer::empty(503));
    let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    stream.write_all(answer.as_bytes()).await.unwrap();
}

/// The status with which a stranger's request is answered.
async fn stranger(url: &str, path: &str, secret: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!(
        "POST /chats/ops{path} HTTP/1.1\r\nX-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.split(' ').nth(1).unwrap().to_owned()
}

fn called(api: &BotApi) -> Arc<dyn Backend> {
    chat::on(api).text("mode", "webhook").build()
}

#[tokio::test]
async fn updates_are_posted_in_order_and_answered_once_they_are_taken() {
    let api = BotApi::start().await;
    let backend = called(&api);
    assert!(backend.is_called());
    let mut session = Web::start().await.session(&*backend).await;

    for number in 0..20 {
        api.say(OPS, ADA, &number.to_string());
    }
    let Event::Heard(first) = session.event().await else { panic!("nothing was heard") };

    assert_eq!((first.text.as_str(), api.pending()), ("0", 20));
    drop(first);
    for number in 1..20 {
        assert_eq!(session.heard().await.text, number.to_string());
    }
    api.confirmed().await;
}

#[tokio::test]
async fn only_telegram_knows_the_secret() {
    let api = BotApi::start().await;
    let web = Web::start().await;
    let url = web.url();
    let mut session = web.session(&*called(&api)).await;
    let (posted_to, secret) = api.webhook().unwrap();
    let secret = secret.unwrap();
    let forged = r#"{"update_id": 1, "message": {"text": "/run rm"}}"#;

    assert_eq!((posted_to, secret.len()), (url.clone(), 64));
    for wrong in ["", "x", &secret[1..], &secret.to_uppercase().replace(|c: char| c.is_ascii_digit(), "x")] {
        assert_eq!(stranger(&url, "", wrong, forged).await, "401");
    }
    assert_eq!(stranger(&url, "/elsewhere", &secret, forged).await, "404");
    assert_eq!(stranger(&url, "", &secret, "no JSON").await, "200", "or it would come for ever");

    api.say(OPS, ADA, "from Telegram");
    assert_eq!(session.heard().await.text, "from Telegram");
}

#[tokio::test]
async fn what_was_not_taken_is_posted_again_to_the_next_life() {
    let api = BotApi::start().await;
    let backend = called(&api);
    let mut session = Web::start().await.session(&*backend).await;
    api.say(OPS, ADA, "run date");
    let Event::Heard(heard) = session.event().await else { panic!("nothing was heard") };
    drop(session);
    let (_, secret) = api.webhook().unwrap();

    let Web { calls, address } = Web::start().await;
    let mut next = Session::linked(&*backend, |link| {
        link.calls = calls;
        link.address = Some(format!("http://{address}/chats/ops"));
        link.since = Some(heard.at);
    });

    assert_eq!(next.heard().await.id, heard.id);
    assert_ne!(api.webhook().unwrap().1, secret, "each life has a secret of its own");
}

#[tokio::test]
async fn a_secret_can_be_configured() {
    let api = BotApi::start().await;
    let backend = chat::on(&api).text("mode", "webhook").text("secret", "correct-horse").build();

    let _session = Web::start().await.session(&*backend).await;

    assert_eq!(api.webhook().unwrap().1.as_deref(), Some("correct-horse"));
}

#[tokio::test]
async fn who_leaves_is_called_no_more_and_what_comes_waits() {
    let api = BotApi::start().await;
    let session = Web::start().await.session(&*called(&api)).await;

    assert!(session.leave().await.is_ok());
    api.webhook_is(false).await;
    api.gone().await;
    api.say(OPS, ADA, "anybody?");

    assert_eq!(api.pending(), 1);
}

#[tokio::test]
async fn who_polls_does_away_with_a_webhook() {
    let api = BotApi::start().await;
    drop(Web::start().await.session(&*called(&api)).await);
    api.webhook_is(true).await;

    let mut session = Session::start(&*chat::on(&api).build());
    session.joined(&room(OPS)).await;
    api.polled().await;
    api.say(OPS, ADA, "hello");

    assert_eq!((session.heard().await.text.as_str(), api.webhook()), ("hello", None));
}

#[tokio::test]
async fn without_an_address_it_cannot_work() {
    let api = BotApi::start().await;

    let end = Session::start(&*called(&api)).ended_unheard().await;

    assert!(matches!(end, Err(Failure::Misconfigured { why }) if why.contains("public_url")));
}
