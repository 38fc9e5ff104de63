//! What the children of a gateway are made of, and how each is restarted.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use super::{Reach, StartError};
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
    config::{self, Config},
    st2::Client,
    supervise::{Backoff, ChildSpec, Exhausted, Line, Policy, Supervisor, child},
};

/// What the children are made of.
pub(super) struct Tree<'a> {
    config: &'a Config,
    reach: &'a Reach,
    world: &'a World,
    lines: Rc<Lines>,
    outlets: BTreeMap<String, Outlet>,
    pub(super) book: Rc<RefCell<Book>>,
    pub(super) supervisor: Line<Supervisor>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(
        book: Book,
        config: &'a Config,
        world: &'a World,
        reach: &'a Reach,
    ) -> Result<Self, StartError> {
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
    pub(super) fn specs(&self) -> Vec<ChildSpec> {
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
            lookout: listener::Lookout::default(),
            sweeper: listener::Sweeper::default(),
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
