//! The Bot API over HTTP: one call, one answer. No retries, and no word of the token in any error.

use std::{error::Error, time::Duration};

use fulmar_contract::{Failure, Secret};
use reqwest::{Client, RequestBuilder, Url, multipart::Form, redirect::Policy};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};
use teloxide::requests::Payload;

use crate::{
    config::Config,
    fault::{Fault, Refusal},
};

/// A bot's way to Telegram. Dropped, its connections are closed.
#[derive(Debug)]
pub(crate) struct Api {
    client: Client,
    base: Url,
    token: Secret,
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
        Ok(Self { client, base: config.api.clone(), token: config.token.clone() })
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
        self.send(self.request(method).json(parameters).timeout(patience)).await
    }

    /// Calls a method with a file.
    pub(crate) async fn upload<T: DeserializeOwned>(&self, method: &str, form: Form) -> Result<T, Fault> {
        self.send(self.request(method).multipart(form).timeout(UPLOAD)).await
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

    fn request(&self, method: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        let path = format!("{}/bot{}/{method}", url.path().trim_end_matches('/'), self.token.reveal());
        url.set_path(&path);
        self.client.post(url)
    }

    async fn send<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, Fault> {
        let response = request.send().await.map_err(fault)?;
        let status = response.status();
        let body = response.bytes().await.map_err(fault)?;
        read(status.as_u16(), &body)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap();
        let token = Secret::new("1:hunter2");
        let base = Url::parse(&format!("http://{free}")).unwrap();
        drop(aws_lc_rs::default_provider().install_default());
        let api = Api { client: Client::new(), base, token };

        let fault = api.updates(0, 1, Duration::ZERO).await.unwrap_err();

        assert!(matches!(fault, Fault::Unsent(_)), "{fault:?}");
        for shown in
            [fault.to_string(), format!("{fault:?}"), format!("{api:?}"), format!("{:?}", fault.failure())]
        {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
