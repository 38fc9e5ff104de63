//! The Journal actor: owns what is known of commands, executions and deliveries.

mod announced;
mod book;
mod execution;
mod keeping;
mod letters;
mod runs;
#[cfg(test)]
mod tests;

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use actix::{Actor, AsyncContext as _, Context, Handler, Message, MessageResult, ResponseFuture};
use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::oneshot;
use tracing::{error, info, warn};

use super::{
    obey_supervisor,
    router::{self, Router},
    tasks::Tasks,
    world::World,
};
use crate::{
    journal::{
        CommandId, CommandState, Counts, Delivery, DeliveryState, Entry, Execution, ExecutionState, Misfit,
        Results, RunId, StoreError,
    },
    metrics::Metrics,
    supervise::{Birth, DeathNotice, Down, Line},
};

pub use self::{
    announced::{Recall, Settled, Watched, Weigh},
    book::{Begun, Book, End},
    execution::{Told, Whose},
    letters::{Event, Find, Found, Knows, Letter, Letters, NotFound, Which},
    runs::{Executions, Listed, Long},
};

/// Something happened. What comes first in the list is kept even if what comes after it cannot be.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), NotKept>")]
pub struct Happened(pub Vec<Entry>);

/// Why something that happened is not in the journal.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// The Journal did not answer.
    #[error("the journal is {0}")]
    Down(#[from] Down),
    /// It cannot have happened, or it is in the journal already.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// It could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Has the Journal keep what happened. Should it die over it, once more: what it had kept already fits no second time.
///
/// # Errors
/// [`NotKept`].
pub async fn keep(journal: &Line<Journal>, entries: Vec<Entry>) -> Result<(), NotKept> {
    let happened = Happened(entries);
    if let Ok(kept) = journal.send(happened.clone()).await {
        return kept;
    }
    match journal.send(happened).await? {
        Err(NotKept::Misfit(_)) => Ok(()),
        kept => kept,
    }
}

/// An execution that may be ours has ended, or cannot be found any more.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Ended {
    /// The execution.
    pub run: RunId,
    /// How.
    pub end: End,
}

/// Asks for the executions of one StackStorm whose end is not known, or known and not told. Those whose announcement is
/// waited for are not among them.
#[derive(Debug, Message)]
#[rtype(result = "Vec<String>")]
pub struct Owed(pub String);

/// Asks for what is still to be said, with when it was queued.
#[derive(Debug, Message)]
#[rtype(result = "Vec<(Delivery, Timestamp, DeliveryState)>")]
pub struct Pending;

/// Asks how many rows there are, and how they are kept.
#[derive(Debug, Message)]
#[rtype(result = "Condition")]
pub struct Count;

/// How the journal is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Condition {
    /// Its rows.
    #[serde(flatten)]
    pub counts: Counts,
    /// In how many places it could not be read, at the start or since.
    pub damaged: usize,
    /// Why it cannot be written to, if so.
    pub trouble: Option<String>,
}

/// Answers when no command is open and nothing is left to be said.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Idle;

/// What the Journal works with, in every life.
#[derive(Clone)]
pub struct Setup {
    /// Who tells people.
    pub router: Line<Router>,
    /// The clock.
    pub world: World,
    /// Where to count.
    pub metrics: Metrics,
}

/// One life of the Journal.
pub struct Journal {
    book: Rc<RefCell<Book>>,
    router: Line<Router>,
    world: World,
    metrics: Metrics,
    /// The executions that the Router is telling of, and who waits until that is done.
    concluding: HashMap<RunId, Vec<oneshot::Sender<()>>>,
    idle: Vec<oneshot::Sender<()>>,
    /// Who waits for the answer to the POST of a command.
    unsettled: Vec<(CommandId, oneshot::Sender<()>)>,
    tasks: Tasks<Self>,
    notice: DeathNotice,
}

impl Journal {
    /// A life over `book`.
    pub fn new(book: Rc<RefCell<Book>>, setup: Setup, birth: Birth) -> Self {
        let Setup { router, world, metrics } = setup;
        let (concluding, idle, unsettled) = (HashMap::new(), Vec::new(), Vec::new());
        let (tasks, notice) = (Tasks::default(), birth.notice);
        Self { book, router, world, metrics, concluding, idle, unsettled, tasks, notice }
    }

    fn end(&mut self, run: RunId, end: End, ctx: &mut Context<Self>) {
        let mut book = self.book.borrow_mut();
        if book.ledger.execution(&run).is_none() {
            book.adopt(&run, &end, &self.world);
        }
        let Some(execution) = book.ledger.execution(&run).cloned() else {
            if book.ledger.submitting() {
                book.early.keep(run, end);
            }
            return;
        };
        let Some(command) = book.ledger.command(execution.command).cloned() else { return };
        match execution.state {
            ExecutionState::Told => return,
            ExecutionState::Awaited { until } if until > self.world.now() => return,
            ExecutionState::Awaited { .. } | ExecutionState::Finished { .. } | ExecutionState::Unknown { .. } => {}
            ExecutionState::Overdue | ExecutionState::Running => {
                let state = self.state_after(&end, command.results);
                if let Err(error) = book.note(Entry::Ended(run.clone(), state.clone()), &self.world) {
                    return error!(%error, "end of an execution not kept");
                }
                if let ExecutionState::Awaited { until } = state {
                    book.awaited.keep(run.clone(), end);
                    return self.wait(run, until, ctx);
                }
            }
        }
        drop(book);
        self.conclude(router::Concluded { command, execution, end }, ctx);
    }

    /// What the end makes of a running execution.
    fn state_after(&self, end: &End, results: Results) -> ExecutionState {
        let now = self.world.now();
        match (end, results) {
            (End::Finished(_), Results::Announcement) => {
                ExecutionState::Awaited { until: now.checked_add(ANNOUNCEMENT).unwrap_or(now) }
            }
            (End::Finished(_), Results::Direct) | (End::Missing, _) => end.state(),
        }
    }

    /// Has an execution told at `until` if it is not by then.
    fn wait(&self, run: RunId, until: Timestamp, ctx: &mut Context<Self>) {
        let left = until.duration_since(self.world.now());
        ctx.run_later(left.try_into().unwrap_or_default(), move |journal, ctx| {
            let concluded = journal.book.borrow_mut().unannounced(&run);
            if let Some(concluded) = concluded {
                info!(execution = %run, "no announcement came in time");
                journal.conclude(concluded, ctx);
            }
        });
    }

    /// Has the Router tell of an end. Should it die over it, the next sweep of the Listener asks again.
    fn conclude(&mut self, concluded: router::Concluded, ctx: &mut Context<Self>) {
        let (router, run) = (self.router.clone(), concluded.command.run_id(&concluded.execution.id));
        if self.concluding.contains_key(&run) {
            return;
        }
        self.concluding.insert(run.clone(), Vec::new());
        let routed = async move { router.send_again(concluded).await };
        self.tasks.run(ctx, routed, move |routed, journal, _| {
            // Who waits learns of it by that.
            journal.concluding.remove(&run);
            if let Err(error) = routed {
                error!(%error, execution = %run, "a result was not told yet");
            }
        });
    }

    /// Forgets what is over, and dead letters that nobody wants, after some time.
    fn tidy(&self) {
        self.expire();
        self.thin_out();
        self.book.borrow_mut().forget(&self.world);
    }

    fn tell_if_idle(&mut self) {
        let counts = self.book.borrow().ledger.counts();
        if counts.open == 0 && counts.pending == 0 {
            for waiter in self.idle.drain(..) {
                waiter.send(()).unwrap_or_default();
            }
        }
    }

    /// The ends of `executions` of a command that came before the answer to their POST.
    fn known_already(&self, command: CommandId, executions: &[Execution]) -> Vec<(RunId, End)> {
        let Book { ledger, early, .. } = &mut *self.book.borrow_mut();
        let Some(command) = ledger.command(command) else { return Vec::new() };
        let runs = executions.iter().map(|execution| command.run_id(&execution.id));
        runs.filter_map(|run| early.take(&run).map(|end| (run, end))).collect()
    }
}

impl Actor for Journal {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let awaited = self.book.borrow().ledger.awaited();
        awaited.into_iter().for_each(|(run, until)| self.wait(run, until, ctx));
        self.tidy();
        ctx.run_interval(HOUR, |journal, _| journal.tidy());
        self.notice.online();
    }

    fn stopped(&mut self, _: &mut Self::Context) {
        let book = self.book.borrow();
        let Counts { open, pending, .. } = book.ledger.counts();
        if open == 0 && pending == 0 {
            return;
        }
        if book.store.outlives() {
            info!(
                open,
                pending, "commands without a result and messages unsaid are kept, and taken up at the next start"
            );
        } else {
            warn!(
                open,
                pending, "commands are left without a result and messages unsaid: gateway.state keeps nothing"
            );
        }
    }
}

impl Handler<Happened> for Journal {
    type Result = ResponseFuture<Result<(), NotKept>>;

    fn handle(&mut self, Happened(entries): Happened, ctx: &mut Self::Context) -> Self::Result {
        let ends: Vec<(RunId, End)> = entries
            .iter()
            .flat_map(|entry| match entry {
                Entry::Submitted(id, executions) => self.known_already(*id, executions),
                // Perhaps the answer was lost and the end was not.
                Entry::Advanced(id, CommandState::Unknown { .. }) => self.book.borrow_mut().early.take_marked(*id),
                _ => Vec::new(),
            })
            .collect();
        let received = entries.iter().filter_map(|entry| match entry {
            Entry::Received(command) => Some(command.id),
            _ => None,
        });
        let received: Vec<CommandId> = received.collect();
        let moves = letters::moves(&entries);
        let kept = self.book.borrow_mut().keep(entries, &self.world);
        for (run, end) in ends {
            self.end(run, end, ctx);
        }
        if !self.book.borrow().ledger.submitting() {
            self.book.borrow_mut().early.clear();
        }
        self.note_letters(moves, ctx);
        self.tell_if_settled();
        self.tell_if_idle();
        let (book, world) = (Rc::clone(&self.book), self.world.clone());
        Box::pin(async move {
            let kept = match kept {
                Ok(keeping) => keeping.done().await,
                Err(error) => Err(error.into()),
            };
            if let Err(NotKept::Store(error)) = &kept {
                book.borrow_mut().refuse(received, error, &world);
            }
            kept
        })
    }
}

impl Handler<Ended> for Journal {
    type Result = ();

    fn handle(&mut self, Ended { run, end }: Ended, ctx: &mut Self::Context) {
        self.end(run, end, ctx);
    }
}

impl Handler<Owed> for Journal {
    type Result = Vec<String>;

    fn handle(&mut self, Owed(stackstorm): Owed, _: &mut Self::Context) -> Self::Result {
        self.book.borrow().ledger.owed(&stackstorm, self.world.now())
    }
}

impl Handler<Pending> for Journal {
    type Result = Vec<(Delivery, Timestamp, DeliveryState)>;

    fn handle(&mut self, _: Pending, _: &mut Self::Context) -> Self::Result {
        self.book.borrow().ledger.pending()
    }
}

impl Handler<Count> for Journal {
    type Result = MessageResult<Count>;

    fn handle(&mut self, _: Count, _: &mut Self::Context) -> Self::Result {
        let book = self.book.borrow();
        let trouble = book.trouble().map(|StoreError { why, .. }| why);
        let damaged = book.damage + book.store.damaged();
        MessageResult(Condition { counts: book.ledger.counts(), damaged, trouble })
    }
}

impl Handler<Idle> for Journal {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: Idle, _: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        self.idle.push(tell);
        self.tell_if_idle();
        Box::pin(async move { told.await.unwrap_or_default() })
    }
}

obey_supervisor!(Journal);

/// How long after the end of an execution its announcement is waited for. StackStorm takes about two seconds.
const ANNOUNCEMENT: Duration = Duration::from_secs(10);

/// How often what is over for long is forgotten.
const HOUR: Duration = Duration::from_secs(3_600);
