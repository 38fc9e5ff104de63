//! The whole gateway, assembled: which children there are, in which order, and how they reach each other.

mod tree;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, time::Duration};

use actix::{Actor, Addr};
use tokio::sync::oneshot;

use self::tree::Tree;
#[cfg(feature = "sqlite")]
use crate::journal::{Commit, Sqlite, crash};
use crate::{
    actors::{
        aliases::Aliases,
        auth::Auth,
        chat::Chat,
        delivery::Delivery,
        journal::{Book, Journal},
        listener::Listener,
        router::Router,
        world::World,
    },
    config::{self, Config, State},
    journal::{Memory, Store, StoreError},
    metrics::Metrics,
    supervise::{Ended, Line, Supervisor},
};

/// A gateway that runs in this thread's actix system.
pub struct Gateway {
    /// Who keeps it alive.
    pub supervisor: Addr<Supervisor>,
    /// Told when all of it has stopped.
    pub ended: oneshot::Receiver<Ended>,
    /// How those outside reach the children.
    pub reach: Reach,
    book: Rc<RefCell<Book>>,
}

/// How those outside reach the children.
#[derive(Clone)]
pub struct Reach {
    /// The chats, by name, in the order of their names.
    pub chats: BTreeMap<String, (&'static str, Line<Chat>)>,
    /// The StackStorms of the chats, by their names.
    pub homes: BTreeMap<String, config::Home>,
    /// The StackStorms, by name.
    pub stackstorms: BTreeMap<String, Storm>,
    /// Who decides.
    pub router: Line<Router>,
    /// What is known.
    pub journal: Line<Journal>,
    /// What is to be said.
    pub delivery: Line<Delivery>,
    /// Counters.
    pub metrics: Metrics,
}

/// How to ask what belongs to one StackStorm.
#[derive(Clone, Default)]
pub struct Storm {
    /// Who owns the credential.
    pub auth: Line<Auth>,
    /// Who owns the registry.
    pub aliases: Line<Aliases>,
    /// Who follows the stream.
    pub listener: Line<Listener>,
}

/// The gateway could not be assembled.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A client for a StackStorm could not be built.
    #[error("stackstorm.{name}: {why}")]
    Client {
        /// The StackStorm.
        name: String,
        /// Why.
        why: String,
    },
    /// The journal could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Gateway {
    /// Starts all children of a gateway that is as `config` says.
    ///
    /// # Errors
    /// [`StartError`]; nothing has been started then.
    pub fn start(config: &Config, world: &World) -> Result<Self, StartError> {
        let reach = Reach::of(config);
        let store = store(&config.gateway.state, &reach.metrics)?;
        Self::assemble(store, reach, config, world)
    }

    /// As [`Gateway::start`], with a journal that is kept in `store`.
    ///
    /// # Errors
    /// [`StartError`]; nothing has been started then.
    pub fn over(store: Box<dyn Store>, config: &Config, world: &World) -> Result<Self, StartError> {
        Self::assemble(store, Reach::of(config), config, world)
    }

    fn assemble(store: Box<dyn Store>, reach: Reach, config: &Config, world: &World) -> Result<Self, StartError> {
        let tree = Tree::new(Book::open(store)?, config, world, &reach)?;
        let (line, book) = (tree.supervisor.clone(), Rc::clone(&tree.book));
        let (supervisor, ended) = Supervisor::new(tree.specs(), GRACE);
        let supervisor = supervisor.start();
        line.connect(supervisor.clone());
        Ok(Self { supervisor, ended, reach, book })
    }

    /// Closes the journal: what is not written yet is written now. To be called once all has stopped.
    pub fn close(self) {
        self.book.borrow_mut().close();
    }
}

impl Reach {
    fn of(config: &Config) -> Self {
        let chats = config.chats.iter().map(|chat| (chat.name.clone(), (chat.kind, Line::new())));
        Self {
            chats: chats.collect(),
            homes: config.chats.iter().map(|chat| (chat.name.clone(), chat.home.clone())).collect(),
            stackstorms: config.stackstorms.keys().map(|name| (name.clone(), Storm::default())).collect(),
            router: Line::new(),
            journal: Line::new(),
            delivery: Line::new(),
            metrics: Metrics::new(
                config.chats.iter().map(|chat| chat.name.as_str()),
                config.stackstorms.keys().map(String::as_str),
            ),
        }
    }
}

/// Where the journal is kept.
#[cfg_attr(not(feature = "sqlite"), expect(unused_variables, reason = "what keeps nothing writes nothing"))]
fn store(state: &State, metrics: &Metrics) -> Result<Box<dyn Store>, StoreError> {
    match state {
        State::Memory => Ok(Box::new(Memory)),
        #[cfg(feature = "sqlite")]
        State::Sqlite(path) => {
            let commits = metrics.commits.clone();
            let count = move |commit: Commit| {
                commits.changes.inc_by(commit.changes as u64);
                commits.seconds.observe(commit.took.as_secs_f64());
            };
            Ok(crash::armed(Box::new(Sqlite::open(path.clone(), count)?)))
        }
        #[cfg(not(feature = "sqlite"))]
        State::Sqlite(path) => {
            Err(StoreError::unfit(format!("this build keeps nothing in files as {}", path.display())))
        }
    }
}

/// How long all children together have to stop politely.
const GRACE: Duration = Duration::from_secs(4);
