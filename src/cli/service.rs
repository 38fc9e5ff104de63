//! What systemd is told where it runs the gateway (`sd_notify(3)`): that it is up, that it still turns, that it stops.
//! Elsewhere nobody is told anything.

use std::time::Duration;

use actix::{Addr, Recipient};
use sd_notify::NotifyState;
use tokio::time::sleep;
use tracing::warn;

use crate::supervise::{Snapshot, Supervisor};

/// Tells that the gateway is up, and feeds the watchdog from now on, if there is one (`WatchdogSec=`).
pub(super) fn is_up(supervisor: &Addr<Supervisor>) {
    tell(NotifyState::Ready);
    if let Some(patience) = sd_notify::watchdog_enabled() {
        // Half of it, as sd_watchdog_enabled(3) recommends.
        let every = patience / 2;
        actix::spawn(feed(supervisor.clone().recipient(), every, || tell(NotifyState::Watchdog)));
    }
}

/// Tells that the gateway stops.
pub(super) fn is_stopping() {
    tell(NotifyState::Stopping);
}

/// Feeds the watchdog each time the supervisor has answered, until there is none. Whatever holds up the thread that
/// all actors share leaves it hungry, and so does a supervisor that answers no more.
async fn feed(supervisor: Recipient<Snapshot>, every: Duration, give: impl Fn()) {
    while supervisor.send(Snapshot).await.is_ok() {
        give();
        sleep(every).await;
    }
}

fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        warn!(%error, "systemd cannot be told");
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, future::pending, rc::Rc};

    use actix::{Actor, Context, Handler, ResponseFuture, System};
    use tokio::time::timeout;

    use super::*;
    use crate::supervise::ChildStatus;

    /// Answers some times, and then never again.
    struct Tiring(usize);

    impl Actor for Tiring {
        type Context = Context<Self>;
    }

    impl Handler<Snapshot> for Tiring {
        type Result = ResponseFuture<Vec<ChildStatus>>;

        fn handle(&mut self, _: Snapshot, _: &mut Self::Context) -> Self::Result {
            let Some(left) = self.0.checked_sub(1) else { return Box::pin(pending()) };
            self.0 = left;
            Box::pin(async { Vec::new() })
        }
    }

    #[test]
    fn the_watchdog_is_fed_no_more_when_the_supervisor_does_not_answer() {
        let paused =
            || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        System::with_tokio_rt(paused).block_on(async {
            let fed = Rc::new(Cell::new(0));
            let count = Rc::clone(&fed);
            let feeding =
                feed(Tiring(3).start().recipient(), Duration::from_secs(15), move || count.set(count.get() + 1));

            let waited = timeout(Duration::from_secs(600), feeding).await;

            assert_eq!((waited.is_err(), fed.get()), (true, 3));
        });
    }
}
