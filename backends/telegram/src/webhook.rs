//! Being told of updates over HTTP. A call is answered once what it tells is taken; until then Telegram calls again.

use std::{convert::Infallible, future::pending, time::Duration};

use fulmar_contract::{Answer, Call, Failure, Secret, Taken};
use rustls::crypto::aws_lc_rs;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use subtle::ConstantTimeEq;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval_at},
};
use tracing::warn;

use crate::{
    api::{ANSWER, UPDATES},
    fault::Fault,
    session::Session,
};

pub(crate) struct Webhook<'a> {
    session: &'a Session<'a>,
    address: String,
    secret: Secret,
    /// Of the last failure that was told, when it was.
    told: i64,
}

impl<'a> Webhook<'a> {
    /// Tells Telegram where to call. The first time, what was said before is forgotten.
    pub(crate) async fn begin(
        session: &'a Session<'a>,
        address: Option<String>,
        secret: Option<&Secret>,
        is_first: bool,
    ) -> Result<Self, Failure> {
        let Some(address) = address else {
            let why = "with mode = \"webhook\", [web] public_url has to say where Telegram can call".into();
            return Err(Failure::Misconfigured { why });
        };
        let secret = secret.cloned().map_or_else(fresh, Ok)?;
        let parameters = json!({
            "url": address, "secret_token": secret.reveal(), "allowed_updates": UPDATES, "drop_pending_updates": is_first,
            // More would call at once, and later words could overtake earlier ones.
            "max_connections": 1,
        });
        let set: Result<IgnoredAny, Fault> = session.api.ask("setWebhook", &parameters, ANSWER).await;
        match set {
            Ok(_) => Ok(Self { session, address, secret, told: 0 }),
            Err(Fault::Refused(refusal)) if refusal.code == 400 => {
                Err(Failure::Misconfigured { why: refusal.description })
            }
            Err(fault) => Err(fault.failure()),
        }
    }

    /// Hears until that fails.
    pub(crate) async fn hear(&mut self, mut calls: mpsc::Receiver<Call>) -> Result<Infallible, Failure> {
        let mut look = interval_at(Instant::now() + LOOK, LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                call = next(&mut calls) => self.answer(call).await?,
                _ = look.tick() => self.look().await?,
            }
        }
    }

    async fn answer(&self, call: Call) -> Result<(), Failure> {
        let status = match self.update(&call) {
            Err(status) => status,
            Ok(update) => {
                let (taken, mut taking) = Taken::new();
                self.session.hear(update, &taken).await?;
                drop(taken);
                taking.all().await;
                200
            }
        };
        // Whoever called may have hung up.
        drop(call.answer.send(Answer::empty(status)));
        Ok(())
    }

    /// The update in a call, or the status of a refusal.
    fn update<'c>(&self, call: &'c Call) -> Result<&'c str, u16> {
        if !call.path.is_empty() {
            return Err(404);
        }
        let shown = call.header("x-telegram-bot-api-secret-token").unwrap_or_default();
        if !bool::from(shown.as_bytes().ct_eq(self.secret.reveal().as_bytes())) {
            return Err(401);
        }
        str::from_utf8(&call.body).map_err(|_| 400)
    }

    /// Whether Telegram still calls us, and can. Nothing else would show that it does not.
    async fn look(&mut self) -> Result<(), Failure> {
        let info: Info =
            self.session.api.ask("getWebhookInfo", &json!({}), ANSWER).await.map_err(Fault::failure)?;
        if info.url != self.address {
            return Err(Failure::lost("another program uses this token: the webhook is not ours any more"));
        }
        let pending = info.pending_update_count;
        if let (Some(at), Some(why)) = (info.last_error_date.filter(|at| *at > self.told), info.last_error_message)
        {
            self.told = at;
            warn!(pending, why, "Telegram could not call us");
        }
        Ok(())
    }

    /// Has Telegram keep what comes until we are back, instead of calling in vain.
    pub(crate) async fn end(&self) {
        let gone: Result<IgnoredAny, Fault> = self.session.api.ask("deleteWebhook", &json!({}), ANSWER).await;
        // In vain or not, what comes is kept for a day.
        drop(gone);
    }
}

/// The next call. There is none any more when the gateway ends, which the orders tell.
async fn next(calls: &mut mpsc::Receiver<Call>) -> Call {
    match calls.recv().await {
        Some(call) => call,
        None => pending().await,
    }
}

/// A secret that nobody can guess.
fn fresh() -> Result<Secret, Failure> {
    let mut bytes = [0_u8; 32];
    let provider = aws_lc_rs::default_provider();
    provider.secure_random.fill(&mut bytes).map_err(|_| Failure::lost("there are no random numbers to be had"))?;
    Ok(Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// What Telegram says of our webhook.
#[derive(Deserialize)]
struct Info {
    url: String,
    #[serde(default)]
    pending_update_count: u64,
    last_error_date: Option<i64>,
    last_error_message: Option<String>,
}

/// How often to look: with what an answer may take, a dead link is noticed within a minute.
const LOOK: Duration = Duration::from_secs(30);
