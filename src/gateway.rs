//! The whole gateway, assembled: which children there are, in which order, and how they reach each other.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix::{Actor, Addr};
use tokio::sync::oneshot;

#[cfg(feature = "sqlite")]
use crate::journal::{Commit, Sqlite, crash};
use crate::{
    actors::{
        aliases::{self, Aliases},
        auth::Auth,
        chat::{self, Chat, Hearing},
        delivery::{self, Delivery, Outlet},
        journal::{self, Book, Journal},
        listener::{self, Listener},
        progress::Progress,
        router::{self, Alarm, Gate, InFlight, Lines, Looks, Router, StackStorm},
        world::World,
    },
    config::{self, Config, State},
    journal::{Memory, Store, StoreError},
    metrics::Metrics,
    st2::Client,
    supervise::{Backoff, ChildSpec, Ended, Exhausted, Line, Policy, Supervisor, child},
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

/// What the children are made of.
struct Tree<'a> {
    config: &'a Config,
    reach: &'a Reach,
    world: &'a World,
    lines: Rc<Lines>,
    outlets: BTreeMap<String, Outlet>,
    book: Rc<RefCell<Book>>,
    supervisor: Line<Supervisor>,
}

impl<'a> Tree<'a> {
    fn new(book: Book, config: &'a Config, world: &'a World, reach: &'a Reach) -> Result<Self, StartError> {
        let outlets = outlets(config, reach);
        let mut stackstorms = BTreeMap::new();
        for (name, settings) in &config.stackstorms {
            let storm = reach.stackstorms.get(name).cloned().unwrap_or_default();
            let client = Client::new(settings.endpoints())
                .map_err(|error| StartError::Client { name: name.clone(), why: error.to_string() })?;
            let client = Rc::new(client);
            let storm = StackStorm {
                name: name.clone(),
                settings: settings.clone(),
                looks: Looks::new(Rc::clone(&client), storm.auth.clone()),
                client,
                auth: storm.auth,
                aliases: storm.aliases,
                listener: storm.listener,
                progress: Line::new(),
                gate: Rc::new(Gate::new(name, &reach.metrics)),
            };
            stackstorms.insert(name.clone(), Rc::new(storm));
        }
        let chat = |chat: &config::ChatConfig| {
            let outlet = outlets.get(&chat.name).cloned()?;
            Some((chat.name.clone(), router::Chat::new(chat.home.clone(), outlet)))
        };
        let lines = Lines {
            gateway: config.gateway.clone(),
            chats: config.chats.iter().filter_map(chat).collect(),
            stackstorms,
            journal: reach.journal.clone(),
            delivery: reach.delivery.clone(),
            world: world.clone(),
            metrics: reach.metrics.clone(),
            silent: RefCell::default(),
            sequence: Rc::default(),
            in_flight: InFlight::default(),
            begun: RefCell::new(book.begun()),
            tails: Rc::default(),
            alarm: Alarm::default(),
            under_way: Cell::new(0),
        };
        let book = Rc::new(RefCell::new(book.retaining(config.gateway.retention)));
        let lines = Rc::new(lines);
        Ok(Self { config, reach, world, lines, outlets, book, supervisor: Line::new() })
    }

    /// The children, in the order in which they start.
    fn specs(&self) -> Vec<ChildSpec> {
        let mut specs = vec![self.journal(), self.delivery()];
        for storm in self.lines.stackstorms.values() {
            specs.extend([self.auth(storm), self.aliases(storm)]);
        }
        specs.push(self.router());
        specs.extend(self.config.chats.iter().map(|chat| self.chat(chat)));
        specs.extend(self.lines.stackstorms.values().map(|storm| self.listener(storm)));
        specs.extend(self.lines.stackstorms.values().map(|storm| self.progress(storm)));
        specs
    }

    fn journal(&self) -> ChildSpec {
        let book = Rc::clone(&self.book);
        let setup = journal::Setup {
            router: self.reach.router.clone(),
            world: self.world.clone(),
            metrics: self.reach.metrics.clone(),
        };
        child("journal", "journal", core(), self.reach.journal.clone(), move |birth| {
            Journal::new(Rc::clone(&book), setup.clone(), birth)
        })
    }

    fn delivery(&self) -> ChildSpec {
        let setup = delivery::Setup {
            outlets: self.outlets.clone(),
            journal: self.reach.journal.clone(),
            world: self.world.clone(),
            metrics: self.reach.metrics.clone(),
            max_wait: self.config.gateway.max_wait,
            cutter: delivery::Cutter::default(),
        };
        child("delivery", "delivery", core(), self.lines.delivery.clone(), move |birth| {
            Delivery::new(setup.clone(), birth)
        })
    }

    fn auth(&self, storm: &Rc<StackStorm>) -> ChildSpec {
        let it = Rc::clone(storm);
        child(format!("auth/{}", storm.name), "auth", core(), storm.auth.clone(), move |birth| {
            Auth::new(it.name.clone(), Rc::clone(&it.client), &it.settings, birth)
        })
    }

    fn aliases(&self, storm: &StackStorm) -> ChildSpec {
        let setup = aliases::Setup {
            name: storm.name.clone(),
            settings: storm.settings.clone(),
            client: Rc::clone(&storm.client),
            auth: storm.auth.clone(),
            router: self.reach.router.clone(),
            world: self.world.clone(),
        };
        child(format!("aliases/{}", storm.name), "aliases", core(), storm.aliases.clone(), move |birth| {
            Aliases::new(setup.clone(), birth)
        })
    }

    fn router(&self) -> ChildSpec {
        let (lines, supervisor) = (Rc::clone(&self.lines), self.supervisor.clone());
        child("router", "router", core(), self.reach.router.clone(), move |birth| {
            Router::new(Rc::clone(&lines), supervisor.clone(), birth)
        })
    }

    fn chat(&self, chat: &config::ChatConfig) -> ChildSpec {
        let line = self.outlets.get(&chat.name).map(|outlet| outlet.line.clone()).unwrap_or_default();
        let setup = chat::Setup {
            name: chat.name.clone(),
            backend: chat.backend.clone(),
            router: self.reach.router.clone(),
            delivery: self.lines.delivery.clone(),
            journal: self.reach.journal.clone(),
            hearing: Rc::new(RefCell::new(Hearing::since(
                self.book.borrow().heard_until(&chat.name).map(Into::into),
            ))),
            address: self.config.web.address_of(&chat.name),
            world: self.world.clone(),
            metrics: self.reach.metrics.clone(),
        };
        let policy = Policy { exhausted: Exhausted::Park, ..core() };
        let build = move |birth| Chat::new(setup.clone(), birth);
        child(format!("chat/{}", chat.name), chat.kind, policy, line, build).in_tier("chat")
    }

    fn progress(&self, storm: &Rc<StackStorm>) -> ChildSpec {
        let (it, lines) = (Rc::clone(storm), Rc::clone(&self.lines));
        // Whatever happens to live lines, commands and results go on without them.
        let policy = Policy { exhausted: Exhausted::Park, ..core() };
        child(format!("progress/{}", storm.name), "progress", policy, storm.progress.clone(), move |birth| {
            Progress::new(Rc::clone(&it), Rc::clone(&lines), birth)
        })
    }

    fn listener(&self, storm: &StackStorm) -> ChildSpec {
        let line = storm.listener.clone();
        let setup = listener::Setup {
            name: storm.name.clone(),
            gateway: self.config.gateway.name.clone(),
            settings: storm.settings.clone(),
            client: Rc::clone(&storm.client),
            auth: storm.auth.clone(),
            aliases: storm.aliases.clone(),
            journal: self.reach.journal.clone(),
            router: self.reach.router.clone(),
            lookout: Rc::default(),
            sweeper: Rc::default(),
            world: self.world.clone(),
            metrics: self.reach.metrics.clone(),
        };
        // StackStorm is ours and near, unlike a chat network: it is looked for more often.
        let policy =
            Policy { backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(10)), ..core() };
        child(format!("listener/{}", storm.name), "listener", policy, line, move |birth| {
            Listener::new(setup.clone(), birth)
        })
    }
}

fn outlets(config: &Config, reach: &Reach) -> BTreeMap<String, Outlet> {
    let own = config.stackstorms.values().flat_map(|it| &it.bot_prefix);
    let prefixes: Arc<[String]> = config.gateway.bot_prefix.iter().chain(own).cloned().collect();
    let outlet = |chat: &config::ChatConfig| {
        let (_, line) = reach.chats.get(&chat.name)?;
        let outlet = Outlet {
            kind: chat.kind,
            prefixes: Arc::clone(&prefixes),
            max_posts: chat.max_posts,
            unconfirmed: chat.unconfirmed,
            manner: chat.manner,
            backend: chat.backend.clone(),
            line: line.clone(),
        };
        Some((chat.name.clone(), outlet))
    };
    config.chats.iter().filter_map(outlet).collect()
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

/// How the actors that the gateway cannot do without are restarted; chats differ in that they park.
fn core() -> Policy {
    Policy {
        backoff: Backoff::new(Duration::from_millis(500), Duration::from_secs(60)),
        healthy_after: Duration::from_secs(30),
        restarts: 5,
        within: Duration::from_secs(60),
        park: Duration::from_secs(300),
        exhausted: Exhausted::Escalate,
    }
}

/// How long all children together have to stop politely.
const GRACE: Duration = Duration::from_secs(4);
