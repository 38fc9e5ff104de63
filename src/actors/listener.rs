//! The Listener actor: one life is one connection to the stream of one StackStorm.
//!
//! The stream cannot replay, and an open one proves nothing. So after each connect, and now and then, it asks
//! for every execution whose end is not known.

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message,
    MessageResult, WrapFuture,
};
use fulmar_contract::Recovery;
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};

use super::{
    aliases::{Aliases, Stale},
    auth::{self, Auth, CallError},
    journal::{End, Ended, Journal, Owed},
    obey_supervisor,
    router::{Announced, Router},
};
use crate::{
    config,
    metrics::{self, Metrics},
    st2::{
        Client,
        client::EventBytes,
        sse::Decoder,
        wire::{Execution, ExecutionId, Happening, Mark},
    },
    supervise::{Birth, Cause, DeathNotice, Line},
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
    /// Counters.
    pub metrics: Metrics,
}

/// One life of the Listener.
pub struct Listener {
    setup: Setup,
    /// When the last byte came, once the stream is open.
    last_byte: Rc<RefCell<Option<Instant>>>,
    sweeping: bool,
    /// Whether a sweep is to follow the one that runs: what that one asked for may be older than the stream.
    again: bool,
    notice: DeathNotice,
}

/// The first byte of a stream has come.
#[derive(Message)]
#[rtype(result = "()")]
struct FirstByte;

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
        Self { setup, last_byte: Rc::default(), sweeping: false, again: false, notice: birth.notice }
    }

    /// Opens the stream; a silent one is opened again at once.
    fn open(&mut self, ctx: &mut Context<Self>) {
        let setup = self.setup.clone();
        async move { connect(&setup).await }
            .into_actor(self)
            .map(|opened, listener, ctx| match opened {
                Ok(stream) => listener.follow(stream, ctx),
                Err(why) => Self::end(Cut::Lost(why), listener, ctx),
            })
            .spawn(ctx);
    }

    fn follow(&mut self, stream: EventBytes, ctx: &mut Context<Self>) {
        let (setup, last_byte, me) = (self.setup.clone(), Rc::clone(&self.last_byte), ctx.address());
        let up = move || {
            if let Err(error) = me.try_send(FirstByte) {
                warn!(%error, "first byte not noted");
            }
        };
        async move { follow(&setup, stream, &last_byte, up).await }.into_actor(self).map(Self::end).spawn(ctx);
    }

    /// Asks for every execution whose end is not known, unless it is being done.
    fn sweep(&mut self, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.sweeping, true) {
            return;
        }
        let setup = self.setup.clone();
        async move { sweep(&setup).await }
            .into_actor(self)
            .map(|(), listener, ctx| {
                listener.sweeping = false;
                if std::mem::take(&mut listener.again) {
                    listener.sweep(ctx);
                }
            })
            .spawn(ctx);
    }

    fn end(cut: Cut, listener: &mut Self, ctx: &mut Context<Self>) {
        listener.last_byte.replace(None);
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
            let id = execution.id().as_str().to_owned();
            setup.journal.send(Ended { id, end: End::Finished(Arc::from(execution)) }).await
        }
        Happening::Oversized(Some(id)) => match setup.journal.send(Owed(setup.name.clone())).await {
            Ok(owed) if owed.iter().any(|ours| ours == id.as_str()) => {
                ask(setup, &id).await;
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

/// Asks for every execution whose end is not known.
async fn sweep(setup: &Setup) {
    let Ok(owed) = setup.journal.send(Owed(setup.name.clone())).await else { return };
    let ids: Vec<ExecutionId> = owed.into_iter().filter_map(ExecutionId::new).collect();
    if ids.is_empty() {
        return;
    }
    debug!(stackstorm = %setup.name, executions = ids.len(), "asking for executions whose end is not known");
    let found = auth::call(&setup.auth, async |access| setup.client.executions(access, &ids).await).await;
    let found = match found {
        Ok(found) => found,
        Err(error) => return warn!(stackstorm = %setup.name, %error, "open executions not asked for"),
    };
    for id in ids {
        match found.iter().find(|execution| *execution.id() == id) {
            Some(execution) if !execution.status().is_terminal() => {}
            Some(_) | None => ask(setup, &id).await,
        }
    }
}

/// Tells the Journal of an execution's end as StackStorm has it, if it has ended or does not exist.
async fn ask(setup: &Setup, id: &ExecutionId) {
    let asked = auth::call(&setup.auth, async |access| setup.client.execution(access, id).await).await;
    let end = match asked {
        Ok(execution) if execution.status().is_terminal() => End::Finished(Arc::new(execution)),
        Ok(_) => return,
        Err(CallError::Api(error)) if error.is_absent() => End::Missing,
        Err(error) => return warn!(stackstorm = %setup.name, %error, execution = %id, "execution not asked for"),
    };
    let id = id.as_str().to_owned();
    if let Err(error) = setup.journal.send(Ended { id, end }).await {
        warn!(stackstorm = %setup.name, %error, "end of an execution not passed on");
    }
}

impl Setup {
    /// Whether an execution may be ours.
    fn concerns_us(&self, execution: &Execution) -> bool {
        let foreign = |mark: &Mark| mark.gateway != self.gateway;
        !execution.mark().is_some_and(foreign)
    }

    fn labels(&self) -> metrics::StackStorm {
        metrics::StackStorm { stackstorm: self.name.clone() }
    }
}

impl Actor for Listener {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        // Also at once: StackStorm's API may answer while its stream is away.
        self.sweep(ctx);
        ctx.run_interval(SWEEP, Self::sweep);
        self.open(ctx);
    }
}

impl Handler<FirstByte> for Listener {
    type Result = ();

    fn handle(&mut self, _: FirstByte, ctx: &mut Self::Context) {
        self.notice.online();
        self.again = self.sweeping;
        self.sweep(ctx);
    }
}

impl Handler<Report> for Listener {
    type Result = MessageResult<Report>;

    fn handle(&mut self, _: Report, _: &mut Self::Context) -> Self::Result {
        let last_byte_age = self.last_byte.borrow().map(|at| at.elapsed().as_secs_f64());
        let phase = if last_byte_age.is_some() { Phase::Open } else { Phase::Connecting };
        MessageResult(State { phase, last_byte_age })
    }
}

obey_supervisor!(Listener);

/// How long a stream may be silent. StackStorm's heart-beat comes every 25 s, but the timer starts anew at
/// every event that our filter hides.
const SILENCE: Duration = Duration::from_secs(60);

/// How often executions whose end is not known are asked for: an open stream proves nothing.
const SWEEP: Duration = Duration::from_secs(30);
