//! The Journal actor: owns what is known of commands, executions and deliveries.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use actix::{
    Actor, ActorFutureExt, Context, ContextFutureSpawner, Handler, Message, MessageResult, ResponseFuture,
    WrapFuture,
};
use tokio::sync::oneshot;
use tracing::{error, warn};

use super::{
    obey_supervisor,
    router::{self, Router},
    world::World,
};
use crate::{
    journal::{
        Command, Counts, Delivery, DeliveryState, Entry, Execution, ExecutionState, Ledger, Store, StoreError,
    },
    st2::wire,
    supervise::{Birth, DeathNotice, Line},
};

/// Something happened: all of it is kept, or none and an error.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), StoreError>")]
pub struct Happened(pub Vec<Entry>);

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
    Finished(Box<wire::Execution>),
    /// StackStorm does not know it any more.
    Missing,
}

/// Asks for the executions of one StackStorm whose end is not known.
#[derive(Debug, Message)]
#[rtype(result = "Vec<String>")]
pub struct Running(pub String);

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
    concluding: usize,
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

    fn keep(&mut self, entries: Vec<Entry>, world: &World) -> Result<(), StoreError> {
        for entry in entries {
            let dated = (world.now(), entry);
            self.store.keep(&dated)?;
            if let Err(error) = self.ledger.apply(dated.1) {
                warn!(%error, "entry without effect");
            }
        }
        Ok(())
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

impl Journal {
    /// A life over `book`.
    pub fn new(book: Rc<RefCell<Book>>, router: Line<Router>, world: World, birth: Birth) -> Self {
        Self { book, router, world, concluding: 0, idle: Vec::new(), notice: birth.notice }
    }

    fn end(&mut self, id: String, end: End, ctx: &mut Context<Self>) {
        let mut book = self.book.borrow_mut();
        let Some(execution) = book.ledger.execution(&id).cloned() else {
            if book.ledger.submitting() {
                book.remember(id, end);
            }
            return;
        };
        if execution.state != ExecutionState::Running {
            return;
        }
        let Some(command) = book.ledger.command(execution.command).cloned() else { return };
        let state = match &end {
            End::Finished(execution) => ExecutionState::Finished { status: execution.status().to_string() },
            End::Missing => ExecutionState::Unknown { why: "StackStorm does not know it".into() },
        };
        if let Err(error) = book.keep(vec![Entry::Ended(id, state)], &self.world) {
            error!(%error, "end of an execution not kept");
            return;
        }
        drop(book);
        self.conclude(command, execution, end, ctx);
    }

    fn conclude(&mut self, command: Command, execution: Execution, end: End, ctx: &mut Context<Self>) {
        let router = self.router.clone();
        let concluded = router::Concluded { command, execution, end };
        self.concluding += 1;
        async move { router.send(concluded).await }
            .into_actor(self)
            .map(|routed, journal, _| {
                journal.concluding -= 1;
                if let Err(error) = routed {
                    error!(%error, "a result was not routed");
                }
                journal.tell_if_idle();
            })
            .spawn(ctx);
    }

    fn tell_if_idle(&mut self) {
        let counts = self.book.borrow().ledger.counts();
        if counts.open == 0 && counts.pending == 0 && self.concluding == 0 {
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

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        self.notice.online();
    }
}

impl Handler<Happened> for Journal {
    type Result = Result<(), StoreError>;

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

impl Handler<Running> for Journal {
    type Result = Vec<String>;

    fn handle(&mut self, Running(stackstorm): Running, _: &mut Self::Context) -> Self::Result {
        self.book.borrow().ledger.running(&stackstorm)
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

/// How many ends are kept for POSTs that are still open.
const EARLY: usize = 1_000;

/// How many messages may wait.
const MAILBOX: usize = 4_096;
