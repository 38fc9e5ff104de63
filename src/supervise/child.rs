//! What the supervisor knows of a child, and what a child is given for each of its lives.

use std::fmt;

use actix::{Message, Recipient};
use fulmar_contract::Login;

use super::{
    decide::{Cause, Policy},
    line::Line,
};

/// A child and how to begin a life of it.
pub struct ChildSpec {
    /// The name, unique in the gateway.
    pub name: String,
    /// What sort of child it is, for status: a chat's network kind, or the actor's name.
    pub kind: &'static str,
    /// Children of one tier that stand together stop together; see [`ChildSpec::in_tier`].
    pub(super) tier: &'static str,
    /// How it is restarted.
    pub policy: Policy,
    /// Builds and starts a fresh actor, and says how to reach it.
    pub start: Box<dyn Fn(Birth) -> Recipient<Tell>>,
}

/// What a new life is given.
#[derive(Debug)]
pub struct Birth {
    /// How to log in.
    pub login: Login,
    /// To be kept by the actor as long as it lives.
    pub notice: DeathNotice,
}

/// Tells the supervisor of the end of a life when it is dropped, whether by a stop or by a panic.
pub struct DeathNotice {
    id: LifeId,
    cause: Cause,
    online: Recipient<Online>,
    exited: Recipient<Exited>,
}

/// One life of one child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LifeId {
    pub(super) child: usize,
    pub(super) life: u64,
}

/// A child's life is up: it does what it is for.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Online(pub(super) LifeId);

/// A child's life has ended.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub(super) struct Exited {
    pub(super) id: LifeId,
    pub(super) cause: Cause,
}

/// What the supervisor tells a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub enum Tell {
    /// Panic, to prove that it is borne. Sent only where test switches are on.
    Panic,
    /// Panic in what the child hosts, if it hosts anything.
    PanicInside,
    /// End this life politely.
    Stop,
}

impl DeathNotice {
    pub(super) const fn new(id: LifeId, online: Recipient<Online>, exited: Recipient<Exited>) -> Self {
        Self { id, cause: Cause::Stopped, online, exited }
    }

    /// Says that this life does what it is for.
    pub fn online(&self) {
        self.online.do_send(Online(self.id.clone()));
    }

    /// Sets what will be told as the cause of the end.
    pub fn because(&mut self, cause: Cause) {
        self.cause = cause;
    }
}

impl Drop for DeathNotice {
    fn drop(&mut self) {
        let cause = std::mem::replace(&mut self.cause, Cause::Stopped);
        let cause = if std::thread::panicking() { Cause::Panicked } else { cause };
        self.exited.do_send(Exited { id: self.id.clone(), cause });
    }
}

impl fmt::Debug for DeathNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeathNotice").field("id", &self.id).field("cause", &self.cause).finish()
    }
}

/// Starts an actor for each life and keeps `line` leading to it.
pub fn child<A>(
    name: impl Into<String>,
    kind: &'static str,
    policy: Policy,
    line: Line<A>,
    build: impl Fn(Birth) -> A + 'static,
) -> ChildSpec
where
    A: actix::Actor<Context = actix::Context<A>> + actix::Handler<Tell>,
{
    let start = move |birth| {
        let address = build(birth).start();
        line.connect(address.clone());
        address.recipient()
    };
    ChildSpec { name: name.into(), kind, tier: kind, policy, start: Box::new(start) }
}

impl ChildSpec {
    /// The same child, stopping together with its neighbours of the same tier.
    #[must_use]
    pub fn in_tier(self, tier: &'static str) -> Self {
        Self { tier, ..self }
    }
}
