//! The Listener actor: one life is one connection to the stream of one StackStorm.
//!
//! The stream cannot replay, and an open one proves nothing. So after each connect, and now and then, it asks
//! for executions whose end is not known, and for what was announced meanwhile.

mod catch_up;
mod reach;
mod sieve;
mod sweep;

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message,
    MessageResult, WrapFuture,
};
use fulmar_contract::Recovery;
use futures_util::StreamExt;
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use tracing::{info, warn};

use super::{
    aliases::{Aliases, Stale},
    auth::{self, Auth},
    journal::{End, Ended, Journal, Owed},
    obey_supervisor,
    router::{Announced, Router},
    world::World,
};
use crate::{
    config,
    journal::RunId,
    metrics::{self, Metrics},
    st2::{
        Client,
        client::EventBytes,
        sse::Decoder,
        wire::{Execution, ExecutionId, Happening, Mark},
    },
    supervise::{Birth, Cause, DeathNotice, Line},
};

pub(super) use self::sweep::ask;
pub use self::{catch_up::Lookout, sweep::Sweeper};

use self::{
    catch_up::{Announcements, SETTLING},
    sweep::Scope,
};

/// Asks how the stream is.
#[derive(Debug, Message)]
#[rtype(result = "State")]
pub struct Report;

/// How the stream is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct State {
    /// Where it is in its life.
    pub phase: Phase,
    /// Seconds since the last byte.
    pub last_byte_age: Option<f64>,
    /// Whether what was announced before the stream was open is dealt with.
    pub caught_up: bool,
}

/// Where a stream is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Not open yet, or between two connections.
    #[default]
    Connecting,
    /// Open, and bytes have come.
    Open,
}

/// What Listener is made of, for every life.
#[derive(Clone)]
pub struct Setup {
    /// The StackStorm's name.
    pub name: String,
    /// The gateway's own name.
    pub gateway: String,
    /// Its settings.
    pub settings: config::StackStorm,
    /// Its API.
    pub client: Rc<Client>,
    /// Who owns the credential.
    pub auth: Line<Auth>,
    /// Who owns the registry.
    pub aliases: Line<Aliases>,
    /// Who owns what is known.
    pub journal: Line<Journal>,
    /// Who decides on announcements.
    pub router: Line<Router>,
    /// Who looks for what was missed.
    pub lookout: Lookout,
    /// Who asks for executions.
    pub sweeper: Sweeper,
    /// The clock.
    pub world: World,
    /// Counters.
    pub metrics: Metrics,
}

/// One life of the Listener.
pub struct Listener {
    setup: Setup,
    /// When the last byte came, once the stream is open.
    last_byte: Rc<RefCell<Option<Instant>>>,
    announcements: Announcements,
    notice: DeathNotice,
}

/// The first byte of a stream has come. If it is the first stream ever, with the time from which on all comes on it.
#[derive(Message)]
#[rtype(result = "()")]
struct FirstByte(Option<Timestamp>);

/// Why a connection ended.
enum Cut {
    /// Silent for too long: no reason for alarm.
    Silent,
    /// Anything else.
    Lost(String),
}

impl Listener {
    /// A life.
    pub fn new(setup: Setup, birth: Birth) -> Self {
        Self { setup, last_byte: Rc::default(), announcements: Announcements::Unknown, notice: birth.notice }
    }

    /// Opens the stream; a silent one is opened again at once.
    fn open(&mut self, ctx: &mut Context<Self>) {
        let setup = self.setup.clone();
        async move { Ok((connect(&setup).await?, catch_up::begin(&setup).await?)) }
            .into_actor(self)
            .map(|opened, listener, ctx| match opened {
                Ok((stream, first)) => listener.follow(stream, first, ctx),
                Err(why) => Self::end(Cut::Lost(why), listener, ctx),
            })
            .spawn(ctx);
    }

    fn follow(&mut self, stream: EventBytes, first: Option<Timestamp>, ctx: &mut Context<Self>) {
        let (setup, last_byte, me) = (self.setup.clone(), Rc::clone(&self.last_byte), ctx.address());
        let up = move || {
            if let Err(error) = me.try_send(FirstByte(first)) {
                warn!(%error, "first byte not noted");
            }
        };
        async move { follow(&setup, stream, &last_byte, up).await }.into_actor(self).map(Self::end).spawn(ctx);
    }

    /// Asks for executions whose end is not known.
    fn sweep(&self, scope: Scope) {
        self.setup.sweeper.sweep(self.setup.clone(), scope);
    }

    /// Deals with the announcements that were made before now and did not come.
    fn look(&mut self, ctx: &mut Context<Self>) {
        let looked = self.setup.lookout.look(self.setup.clone());
        let asking = async move { looked.await.unwrap_or_default() }
            .into_actor(self)
            .map(|(), listener, _| listener.announcements = Announcements::CaughtUp);
        self.announcements = Announcements::Asking(ctx.spawn(asking));
    }

    /// Looks again, though the stream has been open all the time.
    fn look_again(&mut self, _: &mut Context<Self>) {
        if matches!(self.announcements, Announcements::CaughtUp) {
            drop(self.setup.lookout.look(self.setup.clone()));
        }
    }

    /// The first stream ever has lasted: what was made before is not for us.
    fn settle(&mut self, surely: Timestamp, ctx: &mut Context<Self>) {
        let setup = self.setup.clone();
        let noting = async move { catch_up::note(&setup, surely).await }
            .into_actor(self)
            .map(|(), listener, _| listener.announcements = Announcements::CaughtUp);
        self.announcements = Announcements::Asking(ctx.spawn(noting));
    }

    fn end(cut: Cut, listener: &mut Self, ctx: &mut Context<Self>) {
        listener.last_byte.replace(None);
        if let Announcements::Asking(asking) = std::mem::take(&mut listener.announcements) {
            ctx.cancel_future(asking);
        }
        match cut {
            Cut::Silent => {
                info!(stackstorm = %listener.setup.name, "stream silent, opened again");
                listener.open(ctx);
            }
            Cut::Lost(why) => {
                listener.notice.because(Cause::Failed { why, recovery: Recovery::Backoff });
                ctx.stop();
            }
        }
    }
}

async fn connect(setup: &Setup) -> Result<EventBytes, String> {
    let mut events = vec!["st2.execution__update".to_owned(), "st2.actionalias__*".to_owned()];
    events.extend(setup.settings.announcement_routes.iter().map(|route| format!("st2.announcement__{route}")));
    let opened = auth::call(&setup.auth, async |access| setup.client.stream(access, &events).await).await;
    opened.map_err(|error| error.to_string())
}

/// Takes in what comes until nothing comes any more.
async fn follow(
    setup: &Setup,
    mut stream: EventBytes,
    last_byte: &RefCell<Option<Instant>>,
    up: impl FnOnce(),
) -> Cut {
    let mut decoder = Decoder::default();
    let mut up = Some(up);
    loop {
        let piece = match timeout(SILENCE, stream.next()).await {
            Err(_) => return Cut::Silent,
            Ok(None) => return Cut::Lost("the stream ended".into()),
            Ok(Some(Err(error))) => return Cut::Lost(error.to_string()),
            Ok(Some(Ok(piece))) => piece,
        };
        last_byte.replace(Some(Instant::now()));
        // The first byte proves that events are kept for us from here on: what was missed before is asked for now.
        if let Some(up) = up.take() {
            up();
        }
        for event in decoder.feed(&piece) {
            setup.metrics.events.get_or_create(&setup.labels()).inc();
            take_in(setup, Happening::read(event)).await;
        }
    }
}

async fn take_in(setup: &Setup, happening: Happening) {
    let passed_on = match happening {
        Happening::AliasesChanged => setup.aliases.send(Stale).await,
        Happening::Announced(announcement) => {
            let stackstorm = setup.name.clone();
            setup.router.send(Announced { stackstorm, announcement: *announcement }).await.map(drop)
        }
        Happening::Ended(execution) if setup.concerns_us(&execution) => {
            let run = setup.run_id(execution.id());
            setup.journal.send(Ended { run, end: End::Finished(Arc::from(execution)) }).await
        }
        Happening::Oversized(Some(id)) => match setup.journal.send(Owed(setup.name.clone())).await {
            Ok(owed) if owed.iter().any(|ours| ours == id.as_str()) => {
                ask(&setup.client, &setup.auth, &setup.journal, setup.run_id(&id)).await;
                Ok(())
            }
            Ok(_) => Ok(()),
            Err(down) => Err(down),
        },
        Happening::Garbled(name) => {
            warn!(stackstorm = %setup.name, event = %name, "event not understood");
            Ok(())
        }
        Happening::Ended(_) | Happening::Ignored | Happening::Oversized(None) => Ok(()),
    };
    if let Err(error) = passed_on {
        warn!(stackstorm = %setup.name, %error, "event not passed on");
    }
}

impl Setup {
    /// Whether an execution may be ours.
    fn concerns_us(&self, execution: &Execution) -> bool {
        let foreign = |mark: &Mark| mark.gateway != self.gateway;
        !execution.mark().is_some_and(foreign)
    }

    fn run_id(&self, id: &ExecutionId) -> RunId {
        RunId { stackstorm: self.name.clone(), id: id.as_str().to_owned() }
    }

    /// What time it is for StackStorm.
    fn time(&self) -> Timestamp {
        self.client.time().unwrap_or_else(|| self.world.now())
    }

    fn labels(&self) -> metrics::StackStorm {
        metrics::StackStorm { stackstorm: self.name.clone() }
    }
}

impl Actor for Listener {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Also at once: StackStorm's API may answer while its stream is away.
        self.sweep(Scope::All);
        ctx.run_interval(TICK, |listener, _| listener.sweep(Scope::Due));
        ctx.run_interval(LOOKS, Self::look_again);
        self.open(ctx);
    }
}

impl Handler<FirstByte> for Listener {
    type Result = ();

    fn handle(&mut self, FirstByte(first): FirstByte, ctx: &mut Self::Context) {
        self.notice.online();
        self.setup.sweeper.is_open();
        self.sweep(Scope::All);
        match first {
            Some(surely) => {
                let settled = ctx.run_later(SETTLING, move |listener, ctx| listener.settle(surely, ctx));
                self.announcements = Announcements::Asking(settled);
            }
            None => self.look(ctx),
        }
    }
}

impl Handler<Report> for Listener {
    type Result = MessageResult<Report>;

    fn handle(&mut self, _: Report, _: &mut Self::Context) -> Self::Result {
        let last_byte_age = self.last_byte.borrow().map(|at| at.elapsed().as_secs_f64());
        let phase = if last_byte_age.is_some() { Phase::Open } else { Phase::Connecting };
        let caught_up = matches!(self.announcements, Announcements::CaughtUp);
        MessageResult(State { phase, last_byte_age, caught_up })
    }
}

obey_supervisor!(Listener);

/// How long a stream may be silent. StackStorm's heart-beat comes every 25 s, but the timer starts anew at
/// every event that our filter hides.
const SILENCE: Duration = Duration::from_secs(60);

/// How often it is asked for announcements that an open stream did not bring, as when StackStorm's message bus was away: one
/// call, if there were not many.
const LOOKS: Duration = Duration::from_secs(300);

/// How often it is seen whose turn it is to be asked for.
const TICK: Duration = Duration::from_secs(5);
