//! The Journal actor: owns what is known of commands, executions and deliveries.

use std::{
    cell::RefCell,
    collections::{HashSet, VecDeque},
    rc::Rc,
    sync::Arc,
};

use actix::{
    Actor, ActorFutureExt, Context, ContextFutureSpawner, Handler, Message, MessageResult, ResponseFuture,
    WrapFuture,
};
use serde_json::Value;
use tokio::sync::oneshot;
use tracing::{error, warn};

use super::{
    obey_supervisor,
    router::{self, Router},
    world::World,
};
use crate::{
    journal::{
        CommandId, Counts, Delivery, DeliveryState, Entry, Execution, ExecutionState, Ledger, Misfit, Store,
        StoreError,
    },
    st2::wire,
    supervise::{Birth, DeathNotice, Down, Line},
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
    pub id: String,
    /// How.
    pub end: End,
}

/// How an execution ended.
#[derive(Clone, Debug)]
pub enum End {
    /// StackStorm's account of it.
    Finished(Arc<wire::Execution>),
    /// StackStorm does not know it any more.
    Missing,
}

/// Asks for the executions of one StackStorm whose end is not known, or known and not told.
#[derive(Debug, Message)]
#[rtype(result = "Vec<String>")]
pub struct Owed(pub String);

/// Asks for what is still to be said.
#[derive(Debug, Message)]
#[rtype(result = "Vec<(Delivery, DeliveryState)>")]
pub struct Pending;

/// Asks how many rows there are.
#[derive(Debug, Message)]
#[rtype(result = "Counts")]
pub struct Count;

/// Answers when no command is open and nothing is left to be said.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Idle;

/// What the Journal knows, outliving its lives.
pub struct Book {
    ledger: Ledger,
    store: Box<dyn Store>,
    early: VecDeque<(String, End)>,
}

/// One life of the Journal.
pub struct Journal {
    book: Rc<RefCell<Book>>,
    router: Line<Router>,
    world: World,
    /// The executions that the Router is telling of.
    concluding: HashSet<String>,
    idle: Vec<oneshot::Sender<()>>,
    notice: DeathNotice,
}

impl Book {
    /// Opens `store` and takes in what it holds.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn open(mut store: Box<dyn Store>) -> Result<Self, StoreError> {
        let mut ledger = Ledger::default();
        for (at, entry) in store.load()? {
            if let Err(error) = ledger.apply(entry) {
                warn!(%error, %at, "entry skipped");
            }
        }
        Ok(Self { ledger, store, early: VecDeque::new() })
    }

    fn keep(&mut self, entries: Vec<Entry>, world: &World) -> Result<(), NotKept> {
        for entry in entries {
            let dated = (world.now(), entry);
            self.store.keep(&dated)?;
            self.ledger.apply(dated.1)?;
        }
        Ok(())
    }

    /// Takes an execution that carries the mark of a command which had been given up for that command's own. The
    /// Listener passes on no marks of other gateways.
    fn adopt(&mut self, id: &str, end: &End, world: &World) {
        let End::Finished(finished) = end else { return };
        let Some(command) = finished.mark().and_then(|mark| mark.command.parse().ok()).map(CommandId) else {
            return;
        };
        if !self.ledger.is_unknown(command) {
            return;
        }
        let execution =
            Execution { id: id.to_owned(), command, result: Value::Null, state: ExecutionState::Running };
        if let Err(error) = self.keep(vec![Entry::Submitted(command, vec![execution])], world) {
            warn!(%error, %command, "an execution not adopted");
        }
    }

    /// Remembers an end that came before the answer to the POST that started the execution.
    fn remember(&mut self, id: String, end: End) {
        if self.early.len() == EARLY {
            self.early.pop_front();
        }
        self.early.push_back((id, end));
    }

    fn recall(&mut self, id: &str) -> Option<End> {
        let at = self.early.iter().position(|(early, _)| early == id)?;
        self.early.remove(at).map(|(_, end)| end)
    }
}

impl End {
    fn state(&self) -> ExecutionState {
        match self {
            Self::Finished(execution) => ExecutionState::Finished { status: execution.status().to_string() },
            Self::Missing => ExecutionState::Unknown { why: "StackStorm does not know it".into() },
        }
    }
}

impl Journal {
    /// A life over `book`.
    pub fn new(book: Rc<RefCell<Book>>, router: Line<Router>, world: World, birth: Birth) -> Self {
        Self { book, router, world, concluding: HashSet::new(), idle: Vec::new(), notice: birth.notice }
    }

    fn end(&mut self, id: String, end: End, ctx: &mut Context<Self>) {
        let mut book = self.book.borrow_mut();
        if book.ledger.execution(&id).is_none() {
            book.adopt(&id, &end, &self.world);
        }
        let Some(execution) = book.ledger.execution(&id).cloned() else {
            if book.ledger.submitting() {
                book.remember(id, end);
            }
            return;
        };
        if execution.state == ExecutionState::Told || self.concluding.contains(&id) {
            return;
        }
        let Some(command) = book.ledger.command(execution.command).cloned() else { return };
        if execution.state == ExecutionState::Running {
            let entry = Entry::Ended(id, end.state());
            if let Err(error) = book.keep(vec![entry], &self.world) {
                return error!(%error, "end of an execution not kept");
            }
        }
        drop(book);
        self.conclude(router::Concluded { command, execution, end }, ctx);
    }

    /// Has the Router tell of an end. Should it die over it, the next sweep of the Listener asks again.
    fn conclude(&mut self, concluded: router::Concluded, ctx: &mut Context<Self>) {
        let (router, id) = (self.router.clone(), concluded.execution.id.clone());
        self.concluding.insert(id.clone());
        async move { router.send_again(concluded).await }
            .into_actor(self)
            .map(move |routed, journal, _| {
                journal.concluding.remove(&id);
                if let Err(error) = routed {
                    error!(%error, execution = %id, "a result was not told yet");
                }
            })
            .spawn(ctx);
    }

    fn tell_if_idle(&mut self) {
        let counts = self.book.borrow().ledger.counts();
        if counts.open == 0 && counts.pending == 0 {
            for waiter in self.idle.drain(..) {
                waiter.send(()).unwrap_or_default();
            }
        }
    }

    /// The ends of `executions` that came before the answer to their POST.
    fn known_already(&self, executions: &[Execution]) -> Vec<(String, End)> {
        let mut book = self.book.borrow_mut();
        let ids = executions.iter().map(|execution| &execution.id);
        ids.filter_map(|id| book.recall(id).map(|end| (id.clone(), end))).collect()
    }
}

impl Actor for Journal {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Self::Context) {
        self.notice.online();
    }
}

impl Handler<Happened> for Journal {
    type Result = Result<(), NotKept>;

    fn handle(&mut self, Happened(entries): Happened, ctx: &mut Self::Context) -> Self::Result {
        let ends: Vec<(String, End)> = entries
            .iter()
            .flat_map(|entry| {
                if let Entry::Submitted(_, executions) = entry {
                    self.known_already(executions)
                } else {
                    Vec::new()
                }
            })
            .collect();
        self.book.borrow_mut().keep(entries, &self.world)?;
        for (id, end) in ends {
            self.end(id, end, ctx);
        }
        if !self.book.borrow().ledger.submitting() {
            self.book.borrow_mut().early.clear();
        }
        self.tell_if_idle();
        Ok(())
    }
}

impl Handler<Ended> for Journal {
    type Result = ();

    fn handle(&mut self, Ended { id, end }: Ended, ctx: &mut Self::Context) {
        self.end(id, end, ctx);
    }
}

impl Handler<Owed> for Journal {
    type Result = Vec<String>;

    fn handle(&mut self, Owed(stackstorm): Owed, _: &mut Self::Context) -> Self::Result {
        self.book.borrow().ledger.owed(&stackstorm)
    }
}

impl Handler<Pending> for Journal {
    type Result = Vec<(Delivery, DeliveryState)>;

    fn handle(&mut self, _: Pending, _: &mut Self::Context) -> Self::Result {
        self.book.borrow().ledger.pending()
    }
}

impl Handler<Count> for Journal {
    type Result = MessageResult<Count>;

    fn handle(&mut self, _: Count, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.book.borrow().ledger.counts())
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

/// How many ends are kept for POSTs that are still open. Each may hold a whole result; what is pushed out is asked
/// for by the Listener's next sweep.
const EARLY: usize = 200;
