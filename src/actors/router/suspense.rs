//! The time in which nobody knows whether a command runs.

use std::{cell::Cell, future::Future, pin::pin, time::Duration};

use futures_util::future::join;
use tokio::time::timeout;

use super::lines::{Lines, Utterance};
use crate::journal::{Command, CommandState, Entry};

/// Tells the author of a command once that it is not known whether it runs, however long that takes, and over restarts.
pub(super) struct Suspense<'a> {
    lines: &'a Lines,
    command: &'a Command,
    is_told: Cell<bool>,
}

impl<'a> Suspense<'a> {
    /// Of `command`, which came to `state`.
    pub(super) fn new(lines: &'a Lines, command: &'a Command, state: &CommandState) -> Self {
        Self { lines, command, is_told: Cell::new(*state == CommandState::Outstanding) }
    }

    /// Waits until it is `known`; after `patience`, says `word`.
    pub(super) async fn until<T>(
        &self,
        known: impl Future<Output = T>,
        patience: Duration,
        word: &'static str,
    ) -> T {
        let mut known = pin!(known);
        if self.is_told.get() {
            return known.await;
        }
        match timeout(patience, &mut known).await {
            Ok(known) => known,
            // What is said then comes after it.
            Err(_) => join(self.tell(word), known).await.1,
        }
    }

    async fn tell(&self, word: &'static str) {
        self.is_told.set(true);
        let (route, what) = self.lines.placed(self.command, Utterance::answer(self.command, word));
        let told = Entry::Advanced(self.command.id, CommandState::Outstanding);
        // Should it not be said, the end of it is.
        self.lines.queue(route, what, vec![told]).await.unwrap_or_default();
    }
}
