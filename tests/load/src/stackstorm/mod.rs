//! A StackStorm that costs next to nothing: it answers and publishes at once, with bodies of real size and shape.
//!
//! It lives on a thread of its own. It checks no credential and runs no action.

mod body;
mod http;
mod hub;
mod server;

use std::{
    collections::HashMap,
    net::SocketAddr,
    ops::Range,
    rc::Rc,
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::{runtime, sync::mpsc, task::LocalSet, time::Instant};

use self::{
    body::Bodies,
    server::{Storm, serve},
};
use crate::Outcome;

/// A stand-in that runs.
pub struct StackStorm {
    /// Where it is.
    pub address: SocketAddr,
    /// When it wrote the end of each command.
    pub written: Written,
    orders: mpsc::Sender<Order>,
}

/// When the ends of commands went out, by their numbers.
#[derive(Clone, Default)]
pub struct Written(Arc<Mutex<HashMap<u64, Instant>>>);

/// What it is told to do.
#[derive(Debug)]
pub enum Order {
    /// Have so many aliases, and forget all executions.
    Aliases(u64),
    /// Announce something with each number in the range, in each of the rooms by turns.
    Announce(Range<u64>, Vec<String>),
    /// Publish so many events a second that concern nobody here.
    Unrelated(u32),
}

impl StackStorm {
    /// Starts it on a free port.
    pub fn start() -> Outcome<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let written = Written::default();
        let (orders, given) = mpsc::channel(16);
        let bodies = Bodies::recorded()?;
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let notes = written.clone();
        thread::spawn(move || {
            let storm = Rc::new(Storm::new(bodies, notes));
            let served = LocalSet::new().block_on(&runtime, serve(storm, listener, given));
            if let Err(error) = served {
                eprintln!("the StackStorm stand-in ended: {error}");
            }
        });
        Ok(Self { address, written, orders })
    }

    /// Has it do something.
    pub async fn order(&self, order: Order) -> Outcome<()> {
        Ok(self.orders.send(order).await?)
    }
}

impl Written {
    /// Takes out when the end of a command went out first.
    pub fn take(&self, number: u64) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&number)
    }

    fn note(&self, ends: &[u64], at: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for number in ends {
            all.entry(*number).or_insert(at);
        }
    }
}
