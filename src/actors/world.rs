//! What comes from outside the process and is injected, so that tests own it: wall clock and ids.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::journal::{CommandId, DeliveryId};

/// The wall clock and the source of ids.
#[derive(Clone)]
pub struct World {
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    id: Arc<dyn Fn() -> Uuid + Send + Sync>,
}

impl World {
    /// The real one.
    pub fn real() -> Self {
        Self { now: Arc::new(Timestamp::now), id: Arc::new(Uuid::now_v7) }
    }

    /// One whose clock and ids are given.
    pub fn given(
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
        id: impl Fn() -> Uuid + Send + Sync + 'static,
    ) -> Self {
        Self { now: Arc::new(now), id: Arc::new(id) }
    }

    /// The time.
    pub fn now(&self) -> Timestamp {
        (self.now)()
    }

    /// A new command's name.
    pub fn command_id(&self) -> CommandId {
        CommandId((self.id)())
    }

    /// A new delivery's name.
    pub fn delivery_id(&self) -> DeliveryId {
        DeliveryId((self.id)())
    }
}
