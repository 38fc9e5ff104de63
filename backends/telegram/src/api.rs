//! The Bot API over HTTP: one call, one answer. No retries, and no word of the token in any error.

use std::{error::Error, time::Duration};

use fulmar_contract::{Failure, Secret};
use reqwest::{Client, RequestBuilder, Response, Url, header::CONTENT_TYPE, multipart::Form, redirect::Policy};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};
use teloxide::requests::Payload;

use crate::{
    Server,
    config::Config,
    fault::{Fault, Refusal},
};

/// A bot's way to Telegram. Dropped, its connections are closed.
pub(crate) enum Api {
    Http(Http),
    /// Somebody in this process stands in for Telegram.
    Played(Box<dyn Server>),
}

#[derive(Debug)]
pub(crate) struct Http {
    client: Client,
    base: Url,
    token: Secret,
}

/// What a call says.
enum Said {
    Form(Form),
    Json(Vec<u8>),
}

impl Api {
    pub(crate) fn new(config: &Config) -> Result<Self, Failure> {
        if CryptoProvider::get_default().is_none() {
            // Somebody else may have been quicker; then it is as it should be, too.
            drop(aws_lc_rs::default_provider().install_default());
        }
        let client = Client::builder()
            .connect_timeout(CONNECTING)
            .redirect(Policy::none())
            .tcp_nodelay(true)
            .build()
            .map_err(|error| Failure::lost(story(&error)))?;
        Ok(Self::Http(Http { client, base: config.api.clone(), token: config.token.clone() }))
    }

    /// Calls a method.
    pub(crate) async fn call<P, T>(&self, payload: &P) -> Result<T, Fault>
    where
        P: Payload + Serialize + Sync,
        T: DeserializeOwned,
    {
        self.ask(P::NAME, payload, ANSWER).await
    }

    /// Calls a method by its name.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        parameters: &(impl Serialize + Sync + ?Sized),
        patience: Duration,
    ) -> Result<T, Fault> {
        let parameters = serde_json::to_vec(parameters).map_err(|error| Fault::Unsent(error.to_string()))?;
        self.send(method, Said::Json(parameters), patience).await
    }

    /// Calls a method with a file.
    pub(crate) async fn upload<T: DeserializeOwned>(&self, method: &str, form: Form) -> Result<T, Fault> {
        self.send(method, Said::Form(form), UPLOAD).await
    }

    /// The updates from `offset` on, which confirms those before it. Waits for the first for so many seconds.
    pub(crate) async fn updates(
        &self,
        offset: i64,
        limit: usize,
        wait: Duration,
    ) -> Result<Vec<Box<RawValue>>, Fault> {
        let parameters = json!({
            "offset": offset, "limit": limit, "timeout": wait.as_secs(), "allowed_updates": UPDATES,
        });
        self.ask("getUpdates", &parameters, wait + GRACE).await
    }

    async fn send<T: DeserializeOwned>(&self, method: &str, said: Said, patience: Duration) -> Result<T, Fault> {
        let (status, body) = match self {
            Self::Http(http) => http.send(method, said, patience).await?,
            Self::Played(server) => {
                let parameters = if let Said::Json(parameters) = said { parameters } else { Vec::new() };
                let broken = || Fault::Unclear("the connection broke".into());
                server.answer(method, &parameters).ok_or_else(broken)?
            }
        };
        read(status, &body)
    }
}

impl Http {
    async fn send(&self, method: &str, said: Said, patience: Duration) -> Result<(u16, Vec<u8>), Fault> {
        let request = self.request(method).timeout(patience);
        let request = match said {
            Said::Form(form) => request.multipart(form),
            Said::Json(parameters) => request.header(CONTENT_TYPE, "application/json").body(parameters),
        };
        let response = request.send().await.map_err(fault)?;
        Ok((response.status().as_u16(), body(response).await?))
    }

    fn request(&self, method: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let path = format!("{}/bot{}/{method}", url.path().trim_end_matches('/'), self.token.reveal());
        url.set_path(&path);
        self.client.post(url)
    }
}

/// What an answer says. One without end is none.
async fn body(mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(fault)? {
        if body.len() + piece.len() > LARGEST {
            return Err(Fault::Unclear(format!("Telegram's answer is longer than {LARGEST} bytes")));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// Reads an answer. What is none comes from a proxy, or from a server that breaks down.
fn read<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<T, Fault> {
    let unclear = |what: &str| Fault::Unclear(format!("Telegram's answer is {what}, with HTTP status {status}"));
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| unclear("no JSON"))?;
    if !answer.ok {
        let refusal: Refusal = serde_json::from_slice(body).map_err(|_| unclear("not understood"))?;
        return Err(Fault::Refused(Refusal {
            code: if refusal.code == 0 { status } else { refusal.code },
            ..refusal
        }));
    }
    let result = answer.result.map_or("null", RawValue::get);
    serde_json::from_str(result).map_err(|_| unclear("not understood"))
}

#[derive(Deserialize)]
struct Answer<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

/// The address of a call holds the token, so it is taken out of errors.
fn fault(error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let why = story(&error);
    if error.is_connect() || error.is_builder() { Fault::Unsent(why) } else { Fault::Unclear(why) }
}

/// An error with its reasons.
fn story(error: &dyn Error) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(reason) = next {
        let words = reason.to_string();
        if !told.iter().any(|before| before.contains(&words)) {
            told.push(words);
        }
        next = reason.source();
    }
    told.join(": ")
}

/// The updates that we want. Without `edited_message`, since what is edited is no command.
pub(crate) const UPDATES: [&str; 3] = ["message", "message_reaction", "my_chat_member"];

const CONNECTING: Duration = Duration::from_secs(10);
/// How long an answer may take.
pub(crate) const ANSWER: Duration = Duration::from_secs(30);
/// How long it may take to send the largest file.
const UPLOAD: Duration = Duration::from_secs(300);
/// How much longer than asked for a server may wait for updates.
const GRACE: Duration = Duration::from_secs(10);

/// In bytes. A hundred updates with texts as long as texts can be are a tenth of that.
const LARGEST: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Write as _},
        net::{SocketAddr, TcpListener},
        thread,
    };

    use super::*;

    fn api_at(address: SocketAddr) -> Api {
        drop(aws_lc_rs::default_provider().install_default());
        let base = Url::parse(&format!("http://{address}")).unwrap();
        Api::Http(Http { client: Client::new(), base, token: Secret::new("1:hunter2") })
    }

    #[test]
    fn an_answer_is_a_result_or_a_refusal() {
        assert_eq!(read::<bool>(200, br#"{"ok":true,"result":true}"#), Ok(true));
        let refused = read::<bool>(403, br#"{"ok":false,"error_code":403,"description":"Forbidden"}"#);
        assert!(matches!(refused, Err(Fault::Refused(Refusal { code: 403, .. }))), "{refused:?}");
        let moved = br#"{"ok":false,"description":"x","parameters":{"migrate_to_chat_id":-100}}"#;
        assert_eq!(read::<bool>(400, moved).unwrap_err().moved_to(), Some(-100));
    }

    #[test]
    fn what_is_no_answer_leaves_it_unclear() {
        for body in [
            "",
            "<html>",
            "null",
            r#"{"ok":true}"#,
            r#"{"ok":true,"result":"x"}"#,
            r#"{"ok":false,"error_code":"x"}"#,
        ] {
            let outcome = read::<bool>(502, body.as_bytes());

            assert!(matches!(outcome, Err(Fault::Unclear(_))), "{body}: {outcome:?}");
        }
    }

    #[tokio::test]
    async fn no_error_shows_the_token() {
        // Nobody listens on a port that was just given back.
        let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
        let api = api_at(free);
        let Api::Http(http) = &api else { panic!("it is played") };

        let fault = api.updates(0, 1, Duration::ZERO).await.unwrap_err();

        assert!(matches!(fault, Fault::Unsent(_)), "{fault:?}");
        for shown in
            [fault.to_string(), format!("{fault:?}"), format!("{http:?}"), format!("{:?}", fault.failure())]
        {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }

    #[tokio::test]
    async fn an_answer_without_end_is_not_read_to_its_end() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let api = api_at(listener.local_addr().unwrap());
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            while stream.write_all(&[b' '; 1 << 16]).is_ok() {}
        });

        let fault = api.updates(0, 1, Duration::ZERO).await.unwrap_err();

        assert!(matches!(&fault, Fault::Unclear(why) if why.contains("longer than")), "{fault:?}");
    }
}
