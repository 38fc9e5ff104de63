//! The Chat actor: hosts one session of one chat's backend.
//!
//! A fresh one for each life. It keeps no queue: what could not be written stays with Delivery.

mod ears;
mod hearing;
mod order;

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use actix::{
    Actor, ActorContext, ActorFutureExt, AsyncContext, Context, ContextFutureSpawner, Handler, Message,
    MessageResult, StreamHandler, WrapFuture,
};
use fulmar_contract::{self as contract, Backend, Event, Failure, Link, Login, Order, Recovery, RoomId, Sender};
use futures_util::stream::unfold;
use serde::Serialize;
use tokio::{
    sync::{
        Notify,
        mpsc::{self, error::TrySendError},
        oneshot,
    },
    task::JoinError,
};
use tokio_util::task::AbortOnDropHandle;
use tracing::{Instrument, info, info_span, warn};

pub use self::{
    hearing::Hearing,
    order::{Deliver, Edit, Join, Leave, Offer, React},
};

use self::ears::Ears;
use super::{
    delivery::{self, Delivery},
    journal::Journal,
    router::{self, Router},
    world::World,
};
use crate::{
    metrics::{self, Metrics},
    supervise::{Birth, Cause, DeathNotice, Line, Tell},
};

/// Passes on what the network posted to us over HTTP.
#[derive(Debug, Message)]
#[rtype(result = "Result<(), NotTaken>")]
pub struct Call(pub contract::Call);

/// A call did not reach the session; it may come again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// There is no session.
    #[error("there is no session")]
    Away,
    /// Too many calls wait already.
    #[error("too many calls wait")]
    Busy,
}

/// Asks how the chat is.
#[derive(Debug, Message)]
#[rtype(result = "Status")]
pub struct Report;

/// How a chat is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Status {
    /// Who we are on the network, once online.
    pub me: Option<String>,
    /// The rooms that are joined.
    pub rooms: Vec<RoomId>,
    /// The rooms that should be joined and are not, with the reason.
    pub missing: BTreeMap<RoomId, String>,
    /// Whether the network vouches for people.
    #[serde(skip)]
    pub vouches: bool,
}

/// What a chat is made of, for every life.
#[derive(Clone)]
pub struct Setup {
    /// The name in the configuration.
    pub name: String,
    /// The network's code.
    pub backend: Arc<dyn Backend>,
    /// Who decides on what is heard.
    pub router: Line<Router>,
    /// Who owns what is still to be said.
    pub delivery: Line<Delivery>,
    /// Who remembers until when we heard.
    pub journal: Line<Journal>,
    /// Until when we heard, so far.
    pub hearing: Rc<RefCell<Hearing>>,
    /// Where the network reaches us over HTTP, if it can.
    pub address: Option<String>,
    /// The clock.
    pub world: World,
    /// Where to count.
    pub metrics: Metrics,
}

/// One life of one chat.
pub struct Chat {
    setup: Setup,
    notice: DeathNotice,
    login: Login,
    orders: Option<mpsc::Sender<Order>>,
    calls: Option<mpsc::Sender<contract::Call>>,
    panic_inside: Arc<Notify>,
    me: Option<Sender>,
    vouches: bool,
    rooms: BTreeMap<RoomId, Result<(), String>>,
}

impl Chat {
    /// A life of the chat that `setup` describes.
    pub fn new(setup: Setup, Birth { login, notice }: Birth) -> Self {
        Self {
            setup,
            notice,
            login,
            orders: None,
            calls: None,
            panic_inside: Arc::default(),
            me: None,
            vouches: false,
            rooms: BTreeMap::new(),
        }
    }

    fn open(&mut self, ctx: &mut Context<Self>) {
        let (report, events) = mpsc::channel(QUEUE);
        let (orders, taken) = mpsc::channel(QUEUE);
        self.orders = Some(orders);
        let (calls, called) = mpsc::channel(CALLS);
        self.calls = Some(calls);
        let since = self.setup.hearing.borrow().until();
        let address = self.setup.address.clone();
        let link = Link { calls: called, address, since, ..Link::new(self.login, report, taken) };
        let session = self.setup.backend.run(link);
        let panic_inside = self.panic_inside.clone();
        let session = async move {
            tokio::select! {
                ended = session => ended,
                () = panic_inside.notified() => panic!("told to panic by a test switch"),
            }
        };
        let span = info_span!("session", chat = %self.setup.name);
        let session = AbortOnDropHandle::new(tokio::spawn(session.instrument(span)));
        let (listening, all_heard) = oneshot::channel();
        let ended = async move {
            let ended = session.await;
            // Never answered: it ends when the last event has been taken in.
            drop(all_heard.await);
            ended
        };
        ended.into_actor(self).map(|ended, chat, ctx| chat.close(ended, ctx)).spawn(ctx);
        let ears = Ears::new(self.setup.clone(), events, listening);
        ctx.add_stream(unfold(ears, |mut ears| async move { Some((ears.next().await?, ears)) }));
    }

    fn close(&mut self, ended: Result<Result<(), Failure>, JoinError>, ctx: &mut Context<Self>) {
        self.notice.because(match ended {
            Ok(Ok(())) => Cause::Stopped,
            Ok(Err(failure)) => Cause::Failed { why: failure.to_string(), recovery: failure.recovery() },
            Err(error) if error.is_panic() => Cause::Panicked,
            Err(_) => Cause::Failed { why: "session cancelled".into(), recovery: Recovery::Backoff },
        });
        ctx.stop();
    }

    fn order(&self, order: Order) -> Result<(), String> {
        let Some(orders) = &self.orders else { return Err("the session is ending".into()) };
        orders.try_send(order).map_err(|error| error.to_string())
    }

    /// Tells the Router that commands can be offered.
    fn online(&self, ctx: &mut Context<Self>) {
        let (router, online) = (self.setup.router.clone(), router::Online(self.setup.name.clone()));
        async move { router.send(online).await.unwrap_or_default() }.into_actor(self).spawn(ctx);
    }

    /// Tells Delivery that posts may go through now.
    fn reachable(&self, ctx: &mut Context<Self>) {
        let (delivery, chat) = (self.setup.delivery.clone(), self.setup.name.clone());
        async move {
            if let Err(error) = delivery.send(delivery::Reachable { chat }).await {
                warn!(%error, "delivery not told that the chat is reachable");
            }
        }
        .into_actor(self)
        .spawn(ctx);
    }
}

impl Setup {
    fn labels(&self) -> metrics::Chat {
        metrics::Chat { chat: self.name.clone() }
    }
}

impl Actor for Chat {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.open(ctx);
    }
}

impl StreamHandler<Event> for Chat {
    fn handle(&mut self, event: Event, ctx: &mut Self::Context) {
        match event {
            // The Router has them already.
            Event::Heard(_) | Event::InputEnded | Event::Reacted(_) => {}
            Event::Joined(room) => {
                info!(chat = %self.setup.name, %room, "joined");
                self.rooms.insert(room, Ok(()));
                self.reachable(ctx);
            }
            Event::Left { room, why } => {
                warn!(chat = %self.setup.name, %room, %why, "not in the room");
                self.rooms.insert(room, Err(why));
            }
            Event::Online { me, rooms, vouches } => {
                (self.me, self.vouches) = (Some(me), vouches);
                self.rooms = rooms.into_iter().map(|room| (room, Err("not joined yet".into()))).collect();
                self.notice.online();
                self.reachable(ctx);
                self.online(ctx);
            }
            Event::Parted(room) => {
                info!(chat = %self.setup.name, %room, "parted");
                self.rooms.remove(&room);
            }
        }
    }

    /// The session says itself how it ended.
    fn finished(&mut self, _: &mut Self::Context) {}
}

impl Handler<Report> for Chat {
    type Result = MessageResult<Report>;

    fn handle(&mut self, _: Report, _: &mut Self::Context) -> Self::Result {
        let me = self.me.as_ref().map(|me| me.name.clone());
        let mut status = Status { me, vouches: self.vouches, ..Status::default() };
        for (room, joined) in self.rooms.clone() {
            match joined {
                Ok(()) => status.rooms.push(room),
                Err(why) => drop(status.missing.insert(room, why)),
            }
        }
        MessageResult(status)
    }
}

impl Handler<Call> for Chat {
    type Result = Result<(), NotTaken>;

    fn handle(&mut self, Call(call): Call, _: &mut Self::Context) -> Self::Result {
        let calls = self.calls.as_ref().ok_or(NotTaken::Away)?;
        calls.try_send(call).map_err(|error| match error {
            TrySendError::Closed(_) => NotTaken::Away,
            TrySendError::Full(_) => NotTaken::Busy,
        })
    }
}

impl Handler<Tell> for Chat {
    type Result = ();

    fn handle(&mut self, tell: Tell, ctx: &mut Self::Context) {
        match tell {
            Tell::Panic => panic!("told to panic by a test switch"),
            Tell::PanicInside => self.panic_inside.notify_one(),
            // Nobody there knows us yet: there is no need to be polite.
            Tell::Stop if self.me.is_none() => ctx.stop(),
            // The session leaves politely and ends, and with it this life.
            Tell::Stop => drop(self.orders.take()),
        }
    }
}

/// How many calls may wait for the session: each waits itself for an answer.
const CALLS: usize = 64;

/// How many events or orders may wait between the session and the actor.
const QUEUE: usize = 256;
