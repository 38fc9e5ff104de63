//! The Delivery actor: owns what is still to be said.
//!
//! One queue a room, so a blocked room blocks only itself. The queues outlive the lives of chats; after its
//! own death it refills them from the Journal.

mod cut;
mod flow;
mod item;
mod items;
mod letters;
mod load;
mod parts;
mod queue;
mod remark;

use std::{
    collections::{BTreeMap, HashMap},
    mem,
    sync::Arc,
    time::Duration,
};

use actix::{Actor, ActorFutureExt, Context, ContextFutureSpawner, Handler, Message, WrapFuture};
use fulmar_contract::{Backend, RoomId};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

pub use self::cut::Cutter;
pub use self::letters::{Handle, Handling, Unhandled};
pub(crate) use self::load::bound;
use self::{
    item::{Again, Progress},
    load::Load,
    parts::Terms,
    queue::{Batch, NOT_REPEATED, Now, Queue},
    remark::Acks,
};
use super::{
    chat::Chat,
    journal::{Journal, NotKept, Pending, keep},
    obey_supervisor,
    tasks::{Answer, Tasks},
    world::World,
};
use crate::{
    config::{Manner, Unconfirmed},
    journal as rows,
    journal::{DeliveryId, DeliveryState, Entry},
    metrics::Metrics,
    supervise::{Backoff, Birth, DeathNotice, Line},
};

pub use self::remark::{AckOf, Editable, Remark};

/// Has something said. Answered once the Journal has it.
#[derive(Clone, Debug, Message)]
#[rtype(result = "Result<(), Unsaid>")]
pub struct Say {
    /// What.
    pub delivery: rows::Delivery,
    /// What it is said of: kept before it, in one write. If that does not fit, it is dealt with, and nothing is said.
    pub with: Vec<Entry>,
}

/// A chat, or one more room of it, can be posted to.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Reachable {
    /// The chat.
    pub chat: String,
}

/// Why something cannot even be queued.
#[derive(Debug, thiserror::Error)]
pub enum Unsaid {
    /// Too much is waiting.
    #[error("too many deliveries are waiting already")]
    Full,
    /// The Journal did not take it.
    #[error("not journalled: {0}")]
    Journal(NotKept),
    /// The route names a chat that is not configured.
    #[error("there is no chat called {0:?}")]
    NoSuchChat(String),
    /// No posts can be made of it.
    #[error("it cannot be cut into posts; the log has the place")]
    Uncut,
}

/// How a chat is reached and what it can do.
#[derive(Clone)]
pub struct Outlet {
    /// The kind of network.
    pub kind: &'static str,
    /// What commands begin with there.
    pub prefixes: Arc<[String]>,
    /// How many posts one delivery may take.
    pub max_posts: usize,
    /// What becomes of a post that may be out already, where a second copy would be a second message.
    pub unconfirmed: Unconfirmed,
    /// How it answers.
    pub manner: Manner,
    /// The network's code.
    pub backend: Arc<dyn Backend>,
    /// The hosting actor.
    pub line: Line<Chat>,
}

/// What Delivery is made of, for every life.
#[derive(Clone)]
pub struct Setup {
    /// How the chats are reached, by name.
    pub outlets: BTreeMap<String, Outlet>,
    /// What is known.
    pub journal: Line<Journal>,
    /// The clock.
    pub world: World,
    /// Where to count.
    pub metrics: Metrics,
    /// How long something may wait to be said; zero is for ever.
    pub max_wait: Duration,
    /// Where long texts are cut.
    pub cutter: Cutter,
}

/// One life of Delivery.
pub struct Delivery {
    outlets: BTreeMap<String, Outlet>,
    journal: Line<Journal>,
    world: World,
    metrics: Metrics,
    max_wait: Duration,
    cutter: Cutter,
    rooms: HashMap<Place, Queue>,
    acks: Acks,
    tasks: Tasks<Self>,
    backoff: Backoff,
    notice: DeathNotice,
}

type Place = (String, RoomId);

/// How far deliveries have come.
type States = Vec<(DeliveryId, DeliveryState)>;

impl Outlet {
    /// What posts have to be like.
    fn terms(&self) -> Terms {
        Terms {
            kind: self.kind,
            capabilities: self.backend.capabilities(),
            prefixes: Arc::clone(&self.prefixes),
            most: self.max_posts,
            calls_all: false,
        }
    }
}

impl Delivery {
    /// A life with what `setup` has.
    pub fn new(setup: Setup, birth: Birth) -> Self {
        let Setup { outlets, journal, world, metrics, max_wait, cutter } = setup;
        let backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(60));
        let (rooms, acks, tasks, notice) = (HashMap::new(), Acks::default(), Tasks::default(), birth.notice);
        Self { outlets, journal, world, metrics, max_wait, cutter, rooms, acks, tasks, backoff, notice }
    }

    /// Whether so much waits that there is no space for `delivery`.
    fn is_full_for(&self, delivery: &rows::Delivery) -> bool {
        let (load, room) = (Load::of(delivery), self.rooms.get(&place_of(delivery)));
        let all: Load = self.rooms.values().map(Queue::load).sum();
        (room.map(Queue::load).unwrap_or_default() + load).is_too_much(all + load)
    }

    /// When something is given up that was queued at `at`: from now on by a clock that never leaps.
    fn until(&self, at: Timestamp) -> Option<Instant> {
        let age = self.world.now().duration_since(at).max(SignedDuration::ZERO).unsigned_abs();
        (!self.max_wait.is_zero()).then(|| Instant::now() + self.max_wait.saturating_sub(age))
    }

    /// Puts a delivery that the Journal has since `at`, and which has come as far as `state`, into its room's queue.
    fn resume(
        &mut self,
        delivery: &rows::Delivery,
        at: Timestamp,
        state: &DeliveryState,
        ctx: &mut Context<Self>,
    ) {
        let mut item = match self.cut(delivery, at) {
            Ok(item) => item,
            Err(unsaid) => return self.bury(delivery.id, unsaid.to_string(), ctx),
        };
        if let DeliveryState::Sending { sent, parts, posting } = state {
            if *posting > 0 && item.again == Again::Never {
                self.metrics.unconfirmed(&delivery.route.chat, "dropped");
                return self.bury(delivery.id, format!("{NOT_REPEATED}: the gateway ended over it"), ctx);
            }
            (0..*posting).for_each(|_| self.metrics.unconfirmed(&delivery.route.chat, "repeated"));
            let progress = Progress { sent: *sent, parts: *parts, posting: *posting };
            if let Err(recut) = item.resume(progress) {
                return self.bury(delivery.id, recut.to_string(), ctx);
            }
        }
        if item.is_done() {
            return self.record(vec![(delivery.id, DeliveryState::Delivered)], ctx);
        }
        let place = place_of(delivery);
        self.rooms.entry(place.clone()).or_default().push(item);
        self.cut_next(&place, ctx);
        self.pump(place, ctx);
    }

    /// Puts a new delivery into its room's queue; returns what goes at once when the Journal has it. The error is what
    /// becomes of a delivery that needs no queue.
    fn enqueue(&mut self, delivery: &rows::Delivery) -> Result<Batch, DeliveryState> {
        let cut = self.cut(delivery, self.world.now());
        let mut item = cut.map_err(|unsaid| DeliveryState::Dead { why: unsaid.to_string() })?;
        if item.is_done() {
            return Err(DeliveryState::Delivered);
        }
        item.kept = false;
        let place = place_of(delivery);
        let window = self.window(&place);
        let queue = self.rooms.entry(place).or_default();
        queue.push(item);
        if queue.now != Now::Free {
            return Ok(Batch::default());
        }
        let batch = queue.send(window, Some(delivery.id));
        if !batch.posts.is_empty() {
            queue.now = Now::Noting;
        }
        Ok(batch)
    }

    /// Goes on once it is known whether the Journal has a new delivery, and with it what `batch` says.
    fn go_on(&mut self, delivery: &rows::Delivery, mut batch: Batch, kept: bool, ctx: &mut Context<Self>) {
        let place = place_of(delivery);
        let Some(queue) = self.rooms.get_mut(&place) else { return };
        let noted = !batch.posts.is_empty();
        if kept {
            queue.is_kept(delivery.id);
        } else {
            queue.take_back(&mem::take(&mut batch));
            queue.remove(delivery.id);
        }
        self.cut_next(&place, ctx);
        if noted { self.hand_over(place, batch, ctx) } else { self.pump(place, ctx) }
    }

    fn refill(&self, ctx: &mut Context<Self>) {
        let journal = self.journal.clone();
        // Without it nothing that was queued would ever be said.
        let asked = async move {
            loop {
                if let Ok(pending) = journal.send(Pending).await {
                    return pending;
                }
            }
        };
        asked
            .into_actor(self)
            .map(|pending, delivery, ctx| {
                for (row, at, state) in pending {
                    delivery.resume(&row, at, &state, ctx);
                }
            })
            .wait(ctx);
    }
}

fn moved(states: impl IntoIterator<Item = (DeliveryId, DeliveryState)>) -> impl Iterator<Item = Entry> {
    states.into_iter().map(|(id, state)| Entry::Moved(id, state))
}

fn place_of(delivery: &rows::Delivery) -> Place {
    (delivery.route.chat.clone(), delivery.route.room.clone())
}

impl Actor for Delivery {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.refill(ctx);
        self.notice.online();
    }
}

impl Handler<Say> for Delivery {
    type Result = Answer<Self, Result<(), Unsaid>>;

    fn handle(&mut self, Say { delivery, with }: Say, _: &mut Self::Context) -> Self::Result {
        if self.is_full_for(&delivery) {
            return Answer::now(Err(Unsaid::Full));
        }
        if self.rooms.get(&place_of(&delivery)).is_some_and(|queue| queue.has(delivery.id)) {
            return Answer::now(Ok(()));
        }
        // Now, so that what is said first goes first, whenever the Journal has it.
        let (mut batch, end) = match self.enqueue(&delivery) {
            Ok(batch) => (batch, None),
            Err(end) => (Batch::default(), Some((delivery.id, end))),
        };
        let mut entries = with;
        entries.push(Entry::Queued(delivery.clone()));
        entries.extend(moved(mem::take(&mut batch.states).into_iter().chain(end)));
        let journal = self.journal.clone();
        let kept = async move { keep(&journal, entries).await };
        self.tasks.answer(kept, move |kept, actor, ctx| {
            actor.go_on(&delivery, batch, kept.is_ok(), ctx);
            match kept {
                // It is queued already, or what it tells has been told.
                Ok(()) | Err(NotKept::Misfit(_)) => Ok(()),
                Err(error) => Err(Unsaid::Journal(error)),
            }
        })
    }
}

impl Handler<Reachable> for Delivery {
    type Result = ();

    /// Cuts short the waits of the chat.
    fn handle(&mut self, Reachable { chat }: Reachable, ctx: &mut Self::Context) {
        let back = self.rooms.iter_mut().filter(|(place, _)| place.0 == chat);
        let back: Vec<Place> = back.filter_map(|(place, queue)| queue.is_back().then(|| place.clone())).collect();
        for place in back {
            self.wake(place, ctx);
        }
    }
}

obey_supervisor!(Delivery);
