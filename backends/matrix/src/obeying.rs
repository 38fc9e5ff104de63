//! What a session does about its orders, and about what moves it from room to room.

mod rooms;
mod writing;

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use fulmar_contract::{Failure, Order, RoomId};
use futures_util::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use crate::session::{Session, Turn};
use rooms::Attempts;

/// The obeying part of a session.
///
/// What is to be done in one room is done in its order; rooms do not wait for each other.
pub(crate) struct Obeying<'a> {
    session: &'a Session<'a>,
    orders: mpsc::Receiver<Order>,
    turns: mpsc::Receiver<Turn>,
    /// The rooms in which something is being done, and what is to be done there next.
    busy: HashMap<RoomId, VecDeque<Order>>,
    /// How many orders wait.
    waiting: usize,
    tasks: FuturesUnordered<BoxFuture<'a, Done>>,
    attempts: Attempts,
}

/// What was done.
enum Done {
    /// An order, in this room.
    Order(RoomId),
    /// An attempt to be in a room, or to be in what took its place.
    Entry {
        /// The room.
        room: RoomId,
        /// Why it failed.
        end: Result<(), String>,
    },
    /// Something that nobody waits for.
    Other,
}

impl<'a> Obeying<'a> {
    /// Obeys `orders`, and follows what `turns` tell.
    pub(crate) fn new(
        session: &'a Session<'a>,
        orders: mpsc::Receiver<Order>,
        turns: mpsc::Receiver<Turn>,
    ) -> Self {
        Self {
            session,
            orders,
            turns,
            busy: HashMap::new(),
            waiting: 0,
            tasks: FuturesUnordered::new(),
            attempts: Attempts::default(),
        }
    }

    /// Obeys until there are no more orders.
    pub(crate) async fn run(mut self) -> Result<(), Failure> {
        loop {
            let due = self.attempts.due();
            tokio::select! {
                order = self.orders.recv(), if self.waiting < MOST_WAITING => match order {
                    Some(order) => self.take(order),
                    None => return self.leave().await,
                },
                Some(turn) = self.turns.recv() => self.follow(turn).await?,
                Some(done) = self.tasks.next() => self.done(done).await?,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => self.enter_due(),
            }
        }
    }

    fn take(&mut self, order: Order) {
        let room = match &order {
            Order::Edit { post, .. } | Order::Post { post, .. } => post.room.clone(),
            Order::Join { room, .. } | Order::Leave { room, .. } | Order::React { room, .. } => room.clone(),
            Order::Offer { .. } => {
                order.refuse("Matrix offers no commands");
                return;
            }
        };
        match self.busy.get_mut(&room) {
            Some(next) => {
                next.push_back(order);
                self.waiting += 1;
            }
            None => {
                self.busy.insert(room.clone(), VecDeque::new());
                self.begin(room, order);
            }
        }
    }

    fn begin(&self, room: RoomId, order: Order) {
        let session = self.session;
        self.tasks.push(Box::pin(async move {
            session.carry_out(order).await;
            Done::Order(room)
        }));
    }

    async fn done(&mut self, done: Done) -> Result<(), Failure> {
        match done {
            Done::Order(room) => {
                match self.busy.get_mut(&room).and_then(VecDeque::pop_front) {
                    Some(order) => {
                        self.waiting -= 1;
                        self.begin(room, order);
                    }
                    None => drop(self.busy.remove(&room)),
                }
                Ok(())
            }
            Done::Entry { room, end } => self.entered(room, end).await,
            Done::Other => Ok(()),
        }
    }

    /// Ends what was begun, if that does not take long. We stay logged in.
    async fn leave(mut self) -> Result<(), Failure> {
        let goodbye = async {
            while let Some(done) = self.tasks.next().await {
                if matches!(done, Done::Order(_)) && self.done(done).await.is_err() {
                    break;
                }
            }
        };
        // In time or not, we have left.
        timeout(GOODBYE, goodbye).await.unwrap_or_default();
        Ok(())
    }
}

/// How many orders wait for others in the same room, before no more are taken.
const MOST_WAITING: usize = 64;
/// How long what was begun may take when we leave.
const GOODBYE: Duration = Duration::from_secs(2);
