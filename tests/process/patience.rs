//! Waiting for what must happen.

use std::{future::Future, time::Duration};

use actix::System;
use tokio::time::{Instant, sleep, timeout};

/// How long anything may take: generous, since it is never reached when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Plays a story within an actix system, as the sandbox needs it.
pub(crate) fn story<F: Future<Output = ()>>(tell: impl FnOnce() -> F) {
    let built = || tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    System::with_tokio_rt(built).block_on(tell());
}

/// Awaits `future`, which must not take long.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
}

/// Asks again and again until there is what is asked for; an error is what was seen instead.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = match ask().await {
            Ok(found) => return found,
            Err(seen) => seen,
        };
        assert!(Instant::now() < deadline, "waited in vain for {what}, but saw {seen}");
        sleep(Duration::from_millis(20)).await;
    }
}
