//! The Aliases actor: owns the registry of one StackStorm's aliases and keeps it fresh.

use std::{rc::Rc, sync::Arc, time::Duration};

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message, MessageResult,
    ResponseActFuture, ResponseFuture, SpawnHandle, WrapFuture,
};
use jiff::Timestamp;
use tokio::sync::oneshot;
use tracing::{info, warn};

use super::{
    auth::{self, Auth},
    obey_supervisor,
    router::{self, Router},
    world::World,
};
use crate::{
    alias::{Broken, Duplicate, Registry},
    config,
    st2::Client,
    supervise::{Backoff, Birth, DeathNotice, Line},
};

/// Asks for what is known now.
#[derive(Debug, Message)]
#[rtype(result = "Known")]
pub struct Current;

/// As [`Current`], but waits for the first load while it runs.
#[derive(Debug, Message)]
#[rtype(result = "Known")]
pub struct Ready;

/// As [`Current`], but waits until there has been a load, however often that fails.
#[derive(Debug, Message)]
#[rtype(result = "Known")]
pub struct Loaded;

/// The registry is out of date: it is loaded again soon, once for many of these.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Stale;

/// Loads the registry again now. Answers how many aliases there are.
#[derive(Debug, Message)]
#[rtype(result = "Result<usize, RefreshError>")]
pub struct Refresh;

/// The aliases could not be loaded; the ones known before stay.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct RefreshError(pub String);

/// The registry, and how fresh it is.
#[derive(Clone, Debug)]
pub struct Known {
    /// The aliases.
    pub registry: Arc<Registry>,
    /// When they were loaded; never yet, if `None`.
    pub loaded: Option<Timestamp>,
    /// Why the last attempt failed, if it did.
    pub error: Option<String>,
}

/// What Aliases is made of, for every life.
#[derive(Clone)]
pub struct Setup {
    /// The StackStorm's name.
    pub name: String,
    /// Its settings.
    pub settings: config::StackStorm,
    /// Its API.
    pub client: Rc<Client>,
    /// Who owns the credential.
    pub auth: Line<Auth>,
    /// Who has them offered.
    pub router: Line<Router>,
    /// The clock.
    pub world: World,
}

/// One life of Aliases.
pub struct Aliases {
    setup: Setup,
    known: Known,
    /// Who waits for the load that runs.
    waiting: Vec<oneshot::Sender<Result<usize, RefreshError>>>,
    /// Who waits for a load that succeeds.
    patient: Vec<oneshot::Sender<()>>,
    loading: bool,
    /// Whether something changed since the load that runs began.
    again: bool,
    /// Whether a load is to begin soon.
    soon: bool,
    failures: u32,
    timer: Option<SpawnHandle>,
    notice: DeathNotice,
}

impl Aliases {
    /// A life that knows nothing yet.
    pub fn new(setup: Setup, birth: Birth) -> Self {
        let known =
            Known { registry: Arc::new(Registry::new::<String>(Vec::new(), &[])), loaded: None, error: None };
        Self {
            setup,
            known,
            waiting: Vec::new(),
            patient: Vec::new(),
            loading: false,
            again: false,
            soon: false,
            failures: 0,
            timer: None,
            notice: birth.notice,
        }
    }

    fn load(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.loading, true) {
            self.again = true;
            return;
        }
        self.soon = false;
        let setup = self.setup.clone();
        async move { fetch(&setup).await }
            .into_actor(self)
            .map(|loaded, aliases, ctx| aliases.settle(loaded, ctx))
            .spawn(ctx);
    }

    fn settle(&mut self, loaded: Result<Registry, String>, ctx: &mut Context<Self>) {
        self.loading = false;
        let answer = match loaded {
            Ok(registry) => {
                let count = self.take_over(registry);
                self.tell(ctx);
                Ok(count)
            }
            Err(why) => {
                warn!(stackstorm = %self.setup.name, error = %why, "aliases not loaded");
                self.failures = self.failures.saturating_add(1);
                self.known.error = Some(why.clone());
                Err(RefreshError(why))
            }
        };
        for waiter in self.waiting.drain(..) {
            drop(waiter.send(answer.clone()));
        }
        let interval = self.setup.settings.timer_update;
        let retry = Backoff::new(Duration::from_secs(1), interval.min(LONGEST_RETRY));
        let next = if std::mem::take(&mut self.again) {
            SOON
        } else if answer.is_ok() {
            interval
        } else {
            retry.wait(self.failures - 1, fastrand::f64())
        };
        self.load_after(next, ctx);
    }

    fn take_over(&mut self, registry: Registry) -> usize {
        let count = registry.aliases().len();
        if self.known.loaded.is_none() || self.known.registry.aliases().len() != count {
            info!(stackstorm = %self.setup.name, aliases = count, "aliases loaded");
            for Broken { reference, format, why } in registry.broken() {
                warn!(stackstorm = %self.setup.name, alias = %reference, %format, error = %why, "format left out");
            }
            for Duplicate { name, packs } in registry.duplicates() {
                warn!(stackstorm = %self.setup.name, alias = %name, ?packs, "alias name in several packs, refused");
            }
        }
        self.failures = 0;
        if self.known.loaded.is_none() {
            self.notice.online();
        }
        let loaded = Some(self.setup.world.now());
        self.known = Known { registry: Arc::new(registry), loaded, error: None };
        self.patient.drain(..).for_each(|waiter| waiter.send(()).unwrap_or_default());
        count
    }

    /// Tells the Router that there is a new registry.
    fn tell(&self, ctx: &mut Context<Self>) {
        let (router, renewed) = (self.setup.router.clone(), router::Renewed(self.setup.name.clone()));
        // While there is no Router, nothing is offered; it is told again at the next load.
        async move { router.send(renewed).await.unwrap_or_default() }.into_actor(self).spawn(ctx);
    }

    fn load_after(&mut self, after: Duration, ctx: &mut Context<Self>) {
        if let Some(timer) = self.timer.take() {
            ctx.cancel_future(timer);
        }
        self.timer = Some(ctx.run_later(after, Self::load));
    }
}

/// Loads all pages and compiles them away from the actors' thread.
async fn fetch(setup: &Setup) -> Result<Registry, String> {
    let aliases = auth::call(&setup.auth, async |access| setup.client.aliases(access).await).await;
    let aliases = aliases.map_err(|error| error.to_string())?;
    let packs = setup.settings.packs.clone();
    let built = tokio::task::spawn_blocking(move || Registry::new(aliases, &packs)).await;
    built.map_err(|_| "the aliases could not be compiled".into())
}

impl Actor for Aliases {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.load(ctx);
    }
}

impl Handler<Current> for Aliases {
    type Result = MessageResult<Current>;

    fn handle(&mut self, _: Current, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.known.clone())
    }
}

impl Handler<Ready> for Aliases {
    type Result = ResponseActFuture<Self, Known>;

    fn handle(&mut self, _: Ready, _: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        if self.known.loaded.is_none() && self.known.error.is_none() {
            self.waiting.push(tell);
        }
        Box::pin(told.into_actor(self).map(|_, aliases, _| aliases.known.clone()))
    }
}

impl Handler<Loaded> for Aliases {
    type Result = ResponseActFuture<Self, Known>;

    fn handle(&mut self, _: Loaded, _: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        if self.known.loaded.is_none() {
            self.patient.push(tell);
        }
        Box::pin(told.into_actor(self).map(|_, aliases, _| aliases.known.clone()))
    }
}

impl Handler<Stale> for Aliases {
    type Result = ();

    fn handle(&mut self, _: Stale, ctx: &mut Self::Context) {
        if self.loading {
            self.again = true;
        } else if !std::mem::replace(&mut self.soon, true) {
            self.load_after(SOON, ctx);
        }
    }
}

impl Handler<Refresh> for Aliases {
    type Result = ResponseFuture<Result<usize, RefreshError>>;

    fn handle(&mut self, _: Refresh, ctx: &mut Self::Context) -> Self::Result {
        let (tell, told) = oneshot::channel();
        self.waiting.push(tell);
        self.load(ctx);
        Box::pin(async move { told.await.unwrap_or_else(|_| Err(RefreshError("interrupted".into()))) })
    }
}

obey_supervisor!(Aliases);

/// How long a failed load is left alone at most.
const LONGEST_RETRY: Duration = Duration::from_secs(10);

/// How long many changes are gathered into one load.
const SOON: Duration = Duration::from_millis(500);
