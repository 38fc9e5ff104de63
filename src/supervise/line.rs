//! [`Line`]: where a child is to be reached, whichever life it is in.

use std::time::Duration;

use actix::{Actor, Addr, Handler, Message, dev::ToEnvelope};
use tokio::{sync::watch, time::timeout};

/// The present address of a child. Outlives its lives; cheap to clone.
///
/// Each message goes through a clone of the address, for which actix keeps a place in the mailbox whatever its size.
/// What bounds a mailbox is that every sender awaits the answer.
#[derive(Debug)]
pub struct Line<A: Actor>(watch::Sender<Option<Addr<A>>>);

/// Nobody answered: the child is between two lives, or died over the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not available at the moment")]
pub struct Down;

impl<A: Actor> Line<A> {
    /// A line that leads nowhere yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Leads to a new life from now on.
    pub fn connect(&self, address: Addr<A>) {
        self.0.send_replace(Some(address));
    }

    /// Sends `message` and waits for the answer. Waits up to [`PATIENCE`] for a child between two lives.
    ///
    /// # Errors
    /// [`Down`] when there was no life to send to, or it ended over the message.
    pub async fn send<M>(&self, message: M) -> Result<M::Result, Down>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        if let Some(address) = self.life() {
            return address.send(message).await.map_err(|_| Down);
        }
        let mut watch = self.0.subscribe();
        let alive = watch.wait_for(|address| address.as_ref().is_some_and(Addr::connected));
        let address = match timeout(PATIENCE, alive).await {
            Ok(Ok(address)) => address.clone().ok_or(Down)?,
            Ok(Err(_)) | Err(_) => return Err(Down),
        };
        address.send(message).await.map_err(|_| Down)
    }

    /// As [`Line::send`], and once more should the life end over it. For what does no harm when it arrives twice.
    ///
    /// # Errors
    /// [`Down`], as above.
    pub async fn send_again<M>(&self, message: M) -> Result<M::Result, Down>
    where
        M: Message + Clone + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        match self.send(message.clone()).await {
            Ok(answer) => Ok(answer),
            Err(Down) => self.send(message).await,
        }
    }

    /// As [`Line::send`], but fails at once when there is no life.
    ///
    /// # Errors
    /// [`Down`], as above.
    pub async fn send_now<M>(&self, message: M) -> Result<M::Result, Down>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        self.send_in_order(message).await
    }

    /// Sends `message` now, before whatever is sent later; the answer is to be awaited.
    ///
    /// # Errors
    /// [`Down`], as above.
    pub fn send_in_order<M>(&self, message: M) -> impl Future<Output = Result<M::Result, Down>> + use<A, M>
    where
        M: Message + Send + 'static,
        M::Result: Send,
        A: Handler<M>,
        A::Context: ToEnvelope<A, M>,
    {
        let request = self.life().map(|address| address.send(message));
        async move { request.ok_or(Down)?.await.map_err(|_| Down) }
    }

    fn life(&self) -> Option<Addr<A>> {
        self.0.borrow().clone().filter(Addr::connected)
    }
}

impl<A: Actor> Clone for Line<A> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<A: Actor> Default for Line<A> {
    fn default() -> Self {
        Self::new()
    }
}

/// How long a message waits for a child that is between two lives: longer than these ever wait for each other.
const PATIENCE: Duration = Duration::from_secs(90);
