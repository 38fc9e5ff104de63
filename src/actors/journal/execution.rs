//! What the Journal knows of one execution.

use actix::{Handler, Message, MessageResult, ResponseFuture};
use tokio::sync::oneshot;

use super::Journal;
use crate::journal::{Command, Execution, RunId};

/// Answers when the Router tells of an execution's end no longer.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Told(pub RunId);

/// Asks for an execution and the command that started it.
#[derive(Debug, Message)]
#[rtype(result = "Option<(Command, Execution)>")]
pub struct Whose(pub RunId);

impl Handler<Told> for Journal {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, Told(run): Told, _: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        // If it is not telling, nobody keeps the sender.
        if let Some(waiting) = self.concluding.get_mut(&run) {
            waiting.push(tell);
        }
        Box::pin(async move { told.await.unwrap_or_default() })
    }
}

impl Handler<Whose> for Journal {
    type Result = MessageResult<Whose>;

    fn handle(&mut self, Whose(run): Whose, _: &mut Self::Context) -> Self::Result {
        let ledger = &self.book.borrow().ledger;
        let execution = ledger.execution(&run);
        let whose = execution.and_then(|it| Some((ledger.command(it.command)?.clone(), it.clone())));
        MessageResult(whose)
    }
}
