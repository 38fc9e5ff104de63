//! What is to be done, a lane for each chat: in order, at the allowed speed, and none holds up another.

use std::{
    collections::{HashMap, VecDeque},
    future::pending,
    time::Duration,
};

use fulmar_contract::Order;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use crate::{config::Pace, limits::Window};

/// What is done one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// What is written in a chat.
    Chat(i64),
    /// What is offered to everybody.
    Offers,
    /// Reactions in a chat, which have no limit of their own.
    Reactions(i64),
}

/// The orders, and those of them that wait for their turn. Dropped, it puts them off.
#[derive(Debug)]
pub(crate) struct Outbox {
    orders: mpsc::Receiver<Order>,
    is_open: bool,
    lanes: HashMap<Key, Lane>,
    waiting: usize,
    under_way: usize,
    numbers: u64,
    pace: Pace,
    all: Window,
}

#[derive(Debug, Default)]
struct Lane {
    /// Each with a number, which is smaller for what is older.
    waiting: VecDeque<(u64, Order)>,
    is_busy: bool,
    windows: Vec<Window>,
    /// Telegram asked us to stay away until then.
    rest: Option<Instant>,
}

/// What there is to do.
#[derive(Debug)]
pub(crate) enum Step {
    /// The orders are closed, and all have been carried out.
    Closed,
    /// A new order, to be [put in its lane](Outbox::line_up).
    Order(Order),
    /// Carry this out, and [say when it is done](Outbox::settled).
    Start(Key, Order),
}

impl Outbox {
    pub(crate) fn new(orders: mpsc::Receiver<Order>, pace: Pace) -> Self {
        let (lanes, all) = (HashMap::new(), Window::of_all(&pace));
        Self { orders, is_open: true, lanes, waiting: 0, under_way: 0, numbers: 0, pace, all }
    }

    /// Waits until there is something to do. Loses nothing when it is dropped.
    pub(crate) async fn step(&mut self) -> Step {
        loop {
            let now = Instant::now();
            if let Some((key, order)) = self.start(now) {
                return Step::Start(key, order);
            }
            if !self.is_open && self.waiting + self.under_way == 0 {
                return Step::Closed;
            }
            let ready = self.ready_at().filter(|ready| *ready > now);
            let has_room = self.is_open && self.waiting < MOST;
            tokio::select! {
                order = self.orders.recv(), if has_room => match order {
                    Some(order) => return Step::Order(order),
                    None => self.is_open = false,
                },
                () = until(ready) => {}
            }
        }
    }

    /// Puts an order behind those that it must not overtake.
    pub(crate) fn line_up(&mut self, key: Key, order: Order) {
        let pace = &self.pace;
        let lane = self.lanes.entry(key).or_insert_with(|| Lane::new(key, pace));
        self.numbers += 1;
        self.waiting += 1;
        lane.waiting.push_back((self.numbers, order));
    }

    /// What was started is done, and its lane has to rest for so long.
    pub(crate) fn settled(&mut self, key: Key, rest: Option<Duration>) {
        let now = Instant::now();
        self.under_way = self.under_way.saturating_sub(1);
        self.all.note(now);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.is_busy = false;
            lane.rest = rest.and_then(|rest| now.checked_add(rest));
            lane.windows.iter_mut().for_each(|window| window.note(now));
        }
        if self.lanes.len() > MOST {
            self.lanes.retain(|_, lane| lane.is_busy || !lane.waiting.is_empty() || lane.ready_at() > Some(now));
        }
    }

    /// Takes the oldest order that may be carried out now.
    fn start(&mut self, now: Instant) -> Option<(Key, Order)> {
        if !self.all.admits(self.under_way, now) {
            return None;
        }
        let ready = self.lanes.iter().filter(|(_, lane)| lane.ready_at().is_none_or(|ready| ready <= now));
        let oldest = ready.filter_map(|(key, lane)| Some((lane.next()?, *key))).min_by_key(|(number, _)| *number);
        let (_, key) = oldest?;
        let lane = self.lanes.get_mut(&key)?;
        let (_, order) = lane.waiting.pop_front()?;
        lane.is_busy = true;
        self.waiting -= 1;
        self.under_way += 1;
        Some((key, order))
    }

    /// When the next order may be carried out, if only time stands in its way.
    fn ready_at(&self) -> Option<Instant> {
        let lanes = self.lanes.values().filter(|lane| lane.next().is_some());
        let first = lanes.map(Lane::ready_at).min()?;
        first.max(self.all.ready_at())
    }
}

impl Lane {
    fn new(key: Key, pace: &Pace) -> Self {
        let windows = match key {
            Key::Chat(chat) => Window::of_chat(chat, pace),
            Key::Offers | Key::Reactions(_) => Vec::new(),
        };
        Self { windows, ..Self::default() }
    }

    /// The number of the next order, unless another is being carried out.
    fn next(&self) -> Option<u64> {
        self.waiting.front().filter(|_| !self.is_busy).map(|(number, _)| *number)
    }

    /// When it may be carried out; `None` if that was always so.
    fn ready_at(&self) -> Option<Instant> {
        self.windows.iter().map(Window::ready_at).fold(self.rest, Option::max)
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let waiting = self.lanes.drain().flat_map(|(_, lane)| lane.waiting).map(|(_, order)| order);
        for order in waiting {
            order.put_off(OVER);
        }
        Order::put_off_all(&mut self.orders, OVER);
    }
}

async fn until(ready: Option<Instant>) {
    match ready {
        Some(ready) => sleep_until(ready).await,
        None => pending().await,
    }
}

const OVER: &str = "the session ended";

/// How many orders may wait for their turn before no more are taken, and how many lanes are kept.
const MOST: usize = 64;

#[cfg(test)]
mod tests;
