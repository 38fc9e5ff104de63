//! The world, shared: who changes it, who waits for changes, and the connections to it.

use std::{
    collections::{HashMap, HashSet},
    net::{Shutdown, TcpStream},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::watch, time::timeout};

use crate::{parameters::Parameters, refusal::Refusal, world::World};

#[derive(Debug)]
pub(crate) struct Hub {
    world: Mutex<World>,
    changed: watch::Sender<u64>,
    connections: Mutex<Connections>,
}

#[derive(Debug, Default)]
struct Connections {
    open: HashMap<u64, TcpStream>,
    /// Those over which the bot called.
    bots: HashSet<u64>,
    last: u64,
}

impl Hub {
    pub(crate) fn new(world: World) -> Self {
        Self { world: Mutex::new(world), changed: watch::Sender::new(0), connections: Mutex::default() }
    }

    /// Changes the world, and wakes those who wait for a change.
    pub(crate) fn with<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        let outcome = change(&mut self.world());
        self.wake();
        outcome
    }

    /// Waits until `look` finds what it looks for.
    pub(crate) async fn until<T>(&self, mut look: impl FnMut(&mut World) -> Option<T>) -> T {
        let mut changed = self.changed.subscribe();
        loop {
            let found = look(&mut self.world());
            if let Some(found) = found {
                self.wake();
                return found;
            }
            // The sender is our own, so it is there.
            drop(changed.changed().await);
        }
    }

    /// `getUpdates`.
    pub(crate) async fn updates(&self, parameters: &Parameters) -> Result<Value, Refusal> {
        let ours = self.with(|world| {
            if world.webhook.is_some() {
                let why = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
                return Err(Refusal::conflict(why));
            }
            world.queue.allow(parameters.value("allowed_updates").as_ref());
            world.queue.confirm(parameters.number("offset").unwrap_or_default());
            world.queue.poller += 1;
            world.queue.polling += 1;
            Ok(world.queue.poller)
        })?;
        let _polling = Polling(self);
        let limit = usize::try_from(parameters.number("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
        let wait = parameters.number("timeout").and_then(|wait| u64::try_from(wait).ok()).unwrap_or_default();
        let batch = self.until(|world| {
            if world.queue.poller != ours {
                let why =
                    "terminated by other getUpdates request; make sure that only one bot instance is running";
                return Some(Err(Refusal::conflict(why)));
            }
            let batch = world.queue.first(limit);
            (!batch.is_empty()).then_some(Ok(batch))
        });
        match timeout(Duration::from_secs(wait.min(50)), batch).await {
            Ok(batch) => batch.map(Value::from),
            Err(_) => Ok(json!([])),
        }
    }

    pub(crate) fn opened(&self, stream: TcpStream) -> u64 {
        let mut connections = self.connections();
        connections.last += 1;
        let id = connections.last;
        connections.open.insert(id, stream);
        id
    }

    pub(crate) fn closed(&self, id: u64) {
        {
            let mut connections = self.connections();
            connections.open.remove(&id);
            connections.bots.remove(&id);
        }
        self.wake();
    }

    /// The bot called over this connection.
    pub(crate) fn used(&self, id: u64) {
        self.connections().bots.insert(id);
    }

    /// Whether the bot has a connection.
    pub(crate) fn has_bot(&self) -> bool {
        !self.connections().bots.is_empty()
    }

    /// Cuts one connection.
    pub(crate) fn cut(&self, id: u64) {
        if let Some(stream) = self.connections().open.get(&id) {
            // One that is cut already is as it should be.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Cuts all connections over which the bot called.
    pub(crate) fn sever(&self) {
        let connections = self.connections();
        for stream in connections.bots.iter().filter_map(|id| connections.open.get(id)) {
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    fn wake(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connections(&self) -> MutexGuard<'_, Connections> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for updates, as long as this is there.
struct Polling<'a>(&'a Hub);

impl Drop for Polling<'_> {
    fn drop(&mut self) {
        self.0.with(|world| world.queue.polling -= 1);
    }
}
