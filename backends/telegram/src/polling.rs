//! Asking for updates. What was heard is confirmed once it is taken, by asking for what comes after it.

use std::{convert::Infallible, time::Duration};

use fulmar_contract::{Failure, Taken, Taking};
use serde::de::IgnoredAny;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::{api::ANSWER, fault::Fault, inbound, session::Session};

pub(crate) struct Polling<'a> {
    session: &'a Session<'a>,
    /// From which update on nothing is confirmed; 0 at the beginning.
    offset: i64,
    /// What was heard and may not be taken yet, up to an update.
    heard: Option<(Taking, i64)>,
}

impl<'a> Polling<'a> {
    /// Begins. A webhook would stand in the way, and is deleted. The first time, what was said before is forgotten.
    pub(crate) async fn begin(session: &'a Session<'a>, is_first: bool) -> Result<Self, Failure> {
        let parameters = json!({"drop_pending_updates": is_first});
        let _: IgnoredAny = session.api.ask("deleteWebhook", &parameters, ANSWER).await.map_err(Fault::failure)?;
        Ok(Self { session, offset: 0, heard: None })
    }

    /// Hears until that fails.
    pub(crate) async fn hear(&mut self) -> Result<Infallible, Failure> {
        loop {
            let asked_at = Instant::now();
            let updates = self.session.api.updates(self.offset, MOST, WAIT).await.map_err(Fault::failure)?;
            if updates.is_empty() {
                // A server that does not wait is not to be asked all the time.
                sleep_until(asked_at + LEAST_PAUSE).await;
            }
            let last = updates.iter().filter_map(|update| inbound::number(update.get())).max();
            let (taken, taking) = Taken::new();
            for update in updates {
                self.session.hear(update.get(), &taken).await?;
            }
            drop(taken);
            self.heard = last.map(|last| (taking, last));
            self.settle().await;
        }
    }

    /// Confirms what was heard once it is taken. That it failed would mean that it is heard once more.
    pub(crate) async fn end(&mut self) {
        self.settle().await;
        if self.offset > 0 {
            drop(self.session.api.updates(self.offset, 1, Duration::ZERO).await);
        }
    }

    /// Waits until what was heard is taken. Loses nothing when it is dropped.
    async fn settle(&mut self) {
        if let Some((taking, last)) = &mut self.heard {
            taking.all().await;
            self.offset = last.saturating_add(1);
            self.heard = None;
        }
    }
}

/// Documented: the most that one answer holds.
const MOST: usize = 100;
/// How long an answer without updates takes: with the grace of a call, a dead link is noticed within 35 s.
const WAIT: Duration = Duration::from_secs(25);
/// How often a server is asked that does not wait.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use fulmar_contract::{Item, Link, Login, Options, Value};
    use tokio::{sync::mpsc, time::timeout};

    use super::*;
    use crate::{Server, run_over};

    /// Never has anything new, and says so at once.
    struct Hasty(Arc<AtomicUsize>);

    impl Server for Hasty {
        fn answer(&self, method: &str, _: &[u8]) -> Option<(u16, Vec<u8>)> {
            let result = match method {
                "getMe" => r#"{"id": 7, "username": "fulmar_bot"}"#,
                "getUpdates" => {
                    self.0.fetch_add(1, Ordering::Relaxed);
                    "[]"
                }
                _ => "true",
            };
            Some((200, format!("{{\"ok\": true, \"result\": {result}}}").into_bytes()))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_wait_is_not_asked_all_the_time() {
        let asked = Arc::new(AtomicUsize::new(0));
        let token = Item { value: Value::Text("1:x".into()), line: 1 };
        let mut options = Options::new("x".into(), 1, [("token".to_owned(), token)].into());
        let (events, _heard) = mpsc::channel(8);
        let (_orders, orders_out) = mpsc::channel(1);

        let session =
            run_over(Hasty(Arc::clone(&asked)), &mut options, Link::new(Login::Usual, events, orders_out));
        let end = timeout(Duration::from_secs(60), session).await;

        assert!(end.is_err(), "{end:?}");
        assert!((59..=61).contains(&asked.load(Ordering::Relaxed)), "{asked:?}");
    }
}
