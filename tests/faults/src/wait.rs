//! Waiting for what must happen.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::Outcome;

/// Asks again and again until there is what is asked for, for at most so long.
pub(crate) async fn until<T>(
    what: &str,
    patience: Duration,
    mut ask: impl AsyncFnMut() -> Outcome<Option<T>>,
) -> Outcome<T> {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = ask().await? {
            return Ok(found);
        }
        if Instant::now() > deadline {
            return Err(format!("waited {patience:?} in vain for {what}").into());
        }
        sleep(PAUSE).await;
    }
}

/// How long anything may take that is not measured: generous, since it is never reached when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// As [`PATIENCE`], where the gateway may have to look for a command first: that takes it a minute.
pub(crate) const IN_DOUBT: Duration = Duration::from_secs(120);

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(10);
