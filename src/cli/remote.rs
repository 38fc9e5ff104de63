//! Talking to a running gateway by its admin routes.

use std::time::Duration;

use awc::http::{Method, StatusCode};
use serde_json::Value;

use crate::tls::{self, Pool, Trust};

/// Which gateway is meant.
#[derive(Debug, clap::Args)]
pub(super) struct Remote {
    /// Where the gateway's admin routes are.
    #[arg(long, env = "FULMAR_ADMIN", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    admin: String,
    /// The admin token, if the gateway has one.
    #[arg(long, env = "FULMAR_ADMIN_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
}

impl Remote {
    /// What the gateway answers on `path`.
    ///
    /// # Errors
    /// For people: where there is no good answer, and why.
    pub(super) async fn ask(&self, method: Method, path: &str) -> Result<Value, String> {
        self.answer(method, path).await.map_err(|why| format!("{}: {why}", self.admin))
    }

    /// Whether the gateway says yes on `path`, which needs no token.
    ///
    /// # Errors
    /// For people: what it lacks, or why there is no answer.
    pub(super) async fn affirms(&self, path: &str) -> Result<(), String> {
        let answer = self.response(Method::GET, path).await.and_then(|(status, answer)| {
            if status.is_success() {
                return Ok(());
            }
            let answer = answer.unwrap_or_default();
            let missing = answer.get("missing").and_then(Value::as_array).into_iter().flatten();
            let missing: Vec<&str> = missing.filter_map(Value::as_str).collect();
            Err(if missing.is_empty() { format!("answered {status}") } else { missing.join("; ") })
        });
        answer.map_err(|why| format!("{}: {why}", self.admin))
    }

    async fn answer(&self, method: Method, path: &str) -> Result<Value, String> {
        let (status, answer) = self.response(method, path).await?;
        if status == StatusCode::UNAUTHORIZED {
            return Err("it wants its admin token: give it with --token or FULMAR_ADMIN_TOKEN".into());
        }
        if !status.is_success() {
            let said = answer.ok().and_then(|answer| Some(answer.get("error")?.as_str()?.to_owned()));
            return Err(said.unwrap_or_else(|| format!("answered {status}")));
        }
        answer
    }

    /// The status, and the JSON if that is what it answers.
    async fn response(&self, method: Method, path: &str) -> Result<(StatusCode, Result<Value, String>), String> {
        let url = format!("{}{path}", self.admin.trim_end_matches('/'));
        let trust = Trust { verify: true, authorities: None, identity: None };
        let http = tls::http(url.starts_with("https:").then_some(&trust), POOL).map_err(|e| e.to_string())?;
        let mut request = http.client.request(method, url).timeout(ANSWER);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let mut response = request.send().await.map_err(|error| format!("no gateway answers ({error})"))?;
        let answer = response.json().limit(LARGEST).await;
        Ok((response.status(), answer.map_err(|error| error.to_string())))
    }
}

/// How long the gateway may take.
const ANSWER: Duration = Duration::from_secs(60);

/// The largest answer that is read, in bytes: 21,000 messages in a list.
const LARGEST: usize = 64 * 1024 * 1024;

const POOL: Pool = Pool { connect: Duration::from_secs(5), keep_alive: Duration::from_secs(1), limit: 1 };
