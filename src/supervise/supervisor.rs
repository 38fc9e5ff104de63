//! The actor that keeps the children alive.

use std::{thread, time::Duration};

use actix::{Actor, AsyncContext, Context, Handler, Message, MessageResult, Recipient, SpawnHandle};
use fulmar_contract::Login;
use jiff::{Timestamp, Unit};
use tokio::{sync::oneshot, time::Instant};
use tracing::{error, info, warn};

use super::{
    Cause, ChildSpec, ChildStatus, DeathNotice, Phase, Tell,
    child::{Birth, Exited, LifeId, Online},
    decide::{Decision, History, decide},
};

/// Asks how the children are.
#[derive(Debug, Message)]
#[rtype(result = "Vec<ChildStatus>")]
pub struct Snapshot;

/// Stops all children in reverse order.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Shutdown;

/// What an operator asks of one child.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), UnknownChild>")]
pub enum Order {
    /// Hold up the thread that all share, for three seconds. For test switches.
    Hang,
    /// Begin a new life now, whatever the present one does.
    Restart(String),
    /// Pass something on. For test switches.
    Tell(String, Tell),
}

/// There is no such child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such child")]
pub struct UnknownChild;

/// How the whole ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// A child that the gateway cannot do without failed for good.
    Escalated {
        /// Its name.
        child: String,
        /// Why.
        why: String,
    },
    /// It was told to.
    Stopped,
}

/// Starts, restarts, parks and stops the children. Cannot itself be restarted: its end is the process's end.
pub struct Supervisor {
    children: Vec<Child>,
    stopping: Option<Ended>,
    ended: Option<oneshot::Sender<Ended>>,
    grace: Duration,
}

struct Child {
    spec: ChildSpec,
    history: History,
    phase: Phase,
    life: u64,
    online_at: Option<Instant>,
    address: Option<Recipient<Tell>>,
    timer: Option<SpawnHandle>,
    restart_now: bool,
    told_to_stop: bool,
    last_error: Option<String>,
    since: Timestamp,
    next_try: Option<Timestamp>,
}

impl Supervisor {
    /// A supervisor of `specs`, started in this order and stopped in reverse, all within `grace`.
    /// The receiver is told when all have stopped.
    pub fn new(specs: Vec<ChildSpec>, grace: Duration) -> (Self, oneshot::Receiver<Ended>) {
        let (ended, receiver) = oneshot::channel();
        let children = specs.into_iter().map(Child::new).collect();
        (Self { children, stopping: None, ended: Some(ended), grace }, receiver)
    }

    fn begin(&mut self, index: usize, login: Login, ctx: &mut Context<Self>) {
        let Some(child) = self.children.get_mut(index) else { return };
        child.life += 1;
        child.enter(Phase::Starting, None);
        let id = LifeId { child: index, life: child.life };
        let me = ctx.address();
        let notice = DeathNotice::new(id, me.clone().recipient(), me.recipient());
        child.address = Some((child.spec.start)(Birth { login, notice }));
    }

    fn begin_after(&mut self, index: usize, after: Duration, login: Login, ctx: &mut Context<Self>) {
        let timer = ctx.run_later(after, move |supervisor, ctx| supervisor.begin(index, login, ctx));
        if let Some(child) = self.children.get_mut(index) {
            child.timer = Some(timer);
        }
    }

    /// The child that `id` speaks of, unless it speaks of a life that is over.
    fn present(&mut self, id: &LifeId) -> Option<&mut Child> {
        self.children.get_mut(id.child).filter(|child| child.life == id.life)
    }

    fn named(&mut self, name: &str) -> Result<(usize, &mut Child), UnknownChild> {
        self.children.iter_mut().enumerate().find(|(_, child)| child.spec.name == name).ok_or(UnknownChild)
    }

    fn escalate(&mut self, index: usize, ctx: &mut Context<Self>) {
        let Some(child) = self.children.get_mut(index) else { return };
        child.enter(Phase::Stopped, None);
        let (child, why) = (child.spec.name.clone(), child.last_error.clone().unwrap_or_default());
        error!(%child, error = %why, "failed too often; the gateway stops");
        self.stop_all(Ended::Escalated { child, why }, ctx);
    }

    fn stop_all(&mut self, ended: Ended, ctx: &mut Context<Self>) {
        if self.stopping.is_some() {
            return;
        }
        self.stopping = Some(ended);
        for child in &mut self.children {
            if let Some(timer) = child.timer.take() {
                ctx.cancel_future(timer);
            }
            if child.address.is_none() {
                child.enter(Phase::Stopped, None);
            }
        }
        ctx.run_later(self.grace, |supervisor, _| {
            for child in supervisor.children.iter().filter(|child| child.address.is_some()) {
                warn!(child = %child.spec.name, "did not stop in time");
            }
            supervisor.end();
        });
        self.stop_next();
    }

    /// Tells the last child that lives to stop, and those of its sort before it: they do not wait for each other.
    fn stop_next(&mut self) {
        let mut alive = self.children.iter_mut().rev().skip_while(|child| child.address.is_none()).peekable();
        let Some(tier) = alive.peek().map(|child| child.spec.tier) else { return self.end() };
        for child in alive.take_while(|child| child.spec.tier == tier) {
            if !std::mem::replace(&mut child.told_to_stop, true) {
                child.tell(Tell::Stop);
            }
        }
    }

    fn end(&mut self) {
        if let (Some(ended), Some(tell)) = (self.stopping.clone(), self.ended.take()) {
            drop(tell.send(ended));
        }
    }

    fn follow(&mut self, index: usize, cause: &Cause, ctx: &mut Context<Self>) {
        let Some(child) = self.children.get_mut(index) else { return };
        let up = child.online_at.take().map(|at| at.elapsed());
        let now = Instant::now();
        if std::mem::take(&mut child.restart_now) {
            child.history.clear();
            return self.begin(index, Login::Usual, ctx);
        }
        let name = child.spec.name.clone();
        match decide(&child.spec.policy, &mut child.history, cause, up, now, fastrand::f64()) {
            Decision::Escalate => self.escalate(index, ctx),
            Decision::Park { after } => {
                child.enter(Phase::Parked, Some(after));
                error!(child = %name, error = %cause.why(), ?after, "parked");
                self.begin_after(index, after, Login::Usual, ctx);
            }
            Decision::Restart { after, login } => {
                child.enter(Phase::Waiting, Some(after));
                warn!(child = %name, error = %cause.why(), ?after, "life ended, another follows");
                self.begin_after(index, after, login, ctx);
            }
        }
    }
}

impl Child {
    fn new(spec: ChildSpec) -> Self {
        Self {
            spec,
            history: History::default(),
            phase: Phase::Starting,
            life: 0,
            online_at: None,
            address: None,
            timer: None,
            restart_now: false,
            told_to_stop: false,
            last_error: None,
            since: now(),
            next_try: None,
        }
    }

    fn enter(&mut self, phase: Phase, wait: Option<Duration>) {
        self.phase = phase;
        self.since = now();
        self.next_try = wait.and_then(|wait| self.since.checked_add(wait).ok());
    }
    fn tell(&self, what: Tell) {
        if let Some(address) = &self.address {
            address.do_send(what);
        }
    }

    fn status(&self) -> ChildStatus {
        ChildStatus {
            name: self.spec.name.clone(),
            kind: self.spec.kind.into(),
            phase: self.phase,
            restarts: self.life.saturating_sub(1),
            last_error: self.last_error.clone(),
            since: self.since,
            next_try: self.next_try,
        }
    }
}

impl Actor for Supervisor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        for index in 0..self.children.len() {
            self.begin(index, Login::Usual, ctx);
        }
    }
}

impl Handler<Online> for Supervisor {
    type Result = ();

    fn handle(&mut self, Online(id): Online, _: &mut Self::Context) {
        if let Some(child) = self.present(&id) {
            child.online_at = Some(Instant::now());
            child.enter(Phase::Up, None);
            info!(child = %child.spec.name, life = child.life, "up");
        }
    }
}

impl Handler<Exited> for Supervisor {
    type Result = ();

    fn handle(&mut self, Exited { id, cause }: Exited, ctx: &mut Self::Context) {
        let stopping = self.stopping.is_some();
        let Some(child) = self.present(&id) else { return };
        child.address = None;
        if cause != Cause::Stopped {
            child.last_error = Some(cause.why().to_owned());
        }
        if stopping {
            child.enter(Phase::Stopped, None);
            self.stop_next();
        } else {
            self.follow(id.child, &cause, ctx);
        }
    }
}

impl Handler<Snapshot> for Supervisor {
    type Result = MessageResult<Snapshot>;

    fn handle(&mut self, _: Snapshot, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.children.iter().map(Child::status).collect())
    }
}

impl Handler<Shutdown> for Supervisor {
    type Result = ();

    fn handle(&mut self, _: Shutdown, ctx: &mut Self::Context) {
        self.stop_all(Ended::Stopped, ctx);
    }
}

impl Handler<Order> for Supervisor {
    type Result = Result<(), UnknownChild>;

    fn handle(&mut self, order: Order, ctx: &mut Self::Context) -> Self::Result {
        let stopping = self.stopping.is_some();
        let (name, what) = match &order {
            Order::Hang => {
                ctx.run_later(Duration::ZERO, |_, _| hang());
                return Ok(());
            }
            Order::Restart(name) => (name, Tell::Stop),
            Order::Tell(name, what) => (name, *what),
        };
        let (index, child) = self.named(name)?;
        let restart = matches!(order, Order::Restart(_)) && !stopping;
        if child.address.is_some() {
            child.restart_now = restart;
            child.tell(what);
        } else if restart {
            child.history.clear();
            if let Some(timer) = child.timer.take() {
                ctx.cancel_future(timer);
            }
            self.begin(index, Login::Usual, ctx);
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "to hold up the thread is what it is for")]
fn hang() {
    thread::sleep(HANG);
}

/// How long a test switch holds up the thread.
const HANG: Duration = Duration::from_secs(3);

/// The time, as fine as people care for.
fn now() -> Timestamp {
    let now = Timestamp::now();
    now.round(Unit::Second).unwrap_or(now)
}
