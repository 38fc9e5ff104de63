//! What the Journal knows of announcements.

use actix::{Handler, Message, MessageResult, ResponseFuture};
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::Journal;
use crate::journal::{Asked, Command, CommandId, Meaning};

/// Asks what one more announcement for a command is.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Meaning")]
pub struct Weigh {
    /// The command that it names.
    pub named: CommandId,
    /// Whether StackStorm was asked for that command's executions.
    pub asked: Asked,
}

/// Asks for a command.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Option<Command>")]
pub struct Recall(pub CommandId);

/// Answers when StackStorm has answered to a command, or will not any more.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Settled(pub CommandId);

/// Asks until when the announcements of a StackStorm are dealt with, in its time, and for the fingerprints of those since.
#[derive(Debug, Message)]
#[rtype(result = "(Option<Timestamp>, Vec<u64>)")]
pub struct Watched(pub String);

impl Journal {
    /// Wakes who waits for the answer to a POST that is not open any more.
    pub(super) fn tell_if_settled(&mut self) {
        let book = self.book.borrow();
        for (_, waiter) in self.unsettled.extract_if(.., |(command, _)| !book.ledger.is_submitting(*command)) {
            waiter.send(()).unwrap_or_default();
        }
    }
}

impl Handler<Weigh> for Journal {
    type Result = MessageResult<Weigh>;

    fn handle(&mut self, Weigh { named, asked }: Weigh, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.book.borrow().ledger.meaning(named, asked))
    }
}

impl Handler<Recall> for Journal {
    type Result = Option<Command>;

    fn handle(&mut self, Recall(command): Recall, _: &mut Self::Context) -> Self::Result {
        self.book.borrow().ledger.command(command).cloned()
    }
}

impl Handler<Settled> for Journal {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Settled(command): Settled, _: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        self.unsettled.push((command, tell));
        self.tell_if_settled();
        Box::pin(async move { told.await.unwrap_or_default() })
    }
}

impl Handler<Watched> for Journal {
    type Result = MessageResult<Watched>;

    fn handle(&mut self, Watched(stackstorm): Watched, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.book.borrow().ledger.watched(&stackstorm))
    }
}
