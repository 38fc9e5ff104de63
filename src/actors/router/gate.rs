//! The gate to one StackStorm: how many calls are in flight at once, and whose is next.
//!
//! Whatever somebody says to us has a ticket until it is answered, so that is bounded, too. Callers take turns: who has
//! much to say waits for themselves.

mod turns;

use std::{cell::RefCell, collections::HashMap, rc::Rc, time::Duration};

use tokio::{sync::oneshot, time::timeout};

use self::turns::{Number, Turns};
use super::person::Person;
use crate::metrics::{Level, Metrics, StackStorm};

/// The gate to one StackStorm.
pub struct Gate {
    state: RefCell<State>,
    in_flight: Level,
    waiting: Level,
}

#[derive(Default)]
struct State {
    turns: Turns,
    tell: HashMap<Number, oneshot::Sender<()>>,
}

/// On whose behalf StackStorm is called.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Caller {
    /// Ourselves, for what is owed to somebody already. Always gets a ticket.
    Gateway,
    /// Somebody who said something to us.
    Person(Person),
}

/// A ticket at the gate; given back when dropped.
pub(super) struct Ticket {
    gate: Rc<Gate>,
    number: Number,
}

/// The right to have one call in flight; given back when dropped.
pub(super) struct Turn {
    gate: Rc<Gate>,
    number: Number,
}

/// No turn came in [`PATIENCE`].
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("StackStorm was busy with earlier calls for {} minutes", PATIENCE.as_secs() / 60)]
pub(super) struct Late;

impl Gate {
    /// The gate to the StackStorm called `name`; `metrics` show how many calls are in flight and wait.
    pub fn new(name: &str, metrics: &Metrics) -> Self {
        let labels = StackStorm { stackstorm: name.to_owned() };
        let in_flight = metrics.in_flight.get_or_create_owned(&labels);
        Self { state: RefCell::default(), in_flight, waiting: metrics.waiting.get_or_create_owned(&labels) }
    }

    /// A ticket for `caller`; `None` when there are too many already.
    pub(super) fn join(self: &Rc<Self>, caller: Caller) -> Option<Ticket> {
        let number = self.state.borrow_mut().turns.join(caller)?;
        Some(Ticket { gate: Rc::clone(self), number })
    }

    /// Makes a change, then lets those go whose turn it is.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.borrow_mut();
        change(&mut state);
        while let Some(number) = state.turns.admit() {
            if let Some(tell) = state.tell.remove(&number) {
                // Who does not listen any more is about to give the turn back.
                tell.send(()).unwrap_or_default();
            }
        }
        self.in_flight.set(level(state.turns.in_flight()));
        self.waiting.set(level(state.turns.waiting()));
    }
}

fn level(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl Caller {
    const fn is_person(&self) -> bool {
        matches!(self, Self::Person(_))
    }
}

impl Ticket {
    /// The turn to call, if that is now.
    pub(super) fn turn_at_once(&self) -> Option<Turn> {
        let (turn, mut told) = self.ask();
        told.try_recv().is_ok().then_some(turn)
    }

    /// Waits for the turn to call.
    ///
    /// # Errors
    /// [`Late`].
    pub(super) async fn turn(&self) -> Result<Turn, Late> {
        let (turn, told) = self.ask();
        match timeout(PATIENCE, told).await {
            Ok(Ok(())) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Late),
        }
    }

    /// Asks for a turn; dropped before it is told, that asks no more.
    fn ask(&self) -> (Turn, oneshot::Receiver<()>) {
        let (tell, told) = oneshot::channel();
        self.gate.change(|state| {
            state.tell.insert(self.number, tell);
            state.turns.wait(self.number);
        });
        (Turn { gate: Rc::clone(&self.gate), number: self.number }, told)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.gate.change(|state| {
            state.tell.remove(&self.number);
            state.turns.rest(self.number);
        });
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.gate.change(|state| state.turns.leave(self.number));
    }
}

/// How long a call waits for its turn: what was typed longer ago may not be wanted any more.
const PATIENCE: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_is_told_and_holds_up_nobody() {
        let gate = Rc::new(Gate::new("default", &Metrics::default()));
        let tickets: Vec<Ticket> = (0..64).filter_map(|_| gate.join(Caller::Gateway)).collect();
        let mut turns = Vec::new();
        for ticket in tickets.iter().take(48) {
            turns.push(ticket.turn().await.unwrap());
        }
        let began = Instant::now();

        let late = tickets[48].turn().await.err().unwrap();

        assert_eq!(began.elapsed(), PATIENCE);
        assert_eq!(late.to_string(), "StackStorm was busy with earlier calls for 5 minutes");
        assert_eq!((gate.in_flight.get(), gate.waiting.get()), (48, 0));
        turns.clear();
        assert_eq!(gate.in_flight.get(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_is_broken_off_leaves_nothing_behind() {
        let gate = Rc::new(Gate::new("default", &Metrics::default()));
        let tickets: Vec<Ticket> = (0..49).filter_map(|_| gate.join(Caller::Gateway)).collect();
        let mut turns = Vec::new();
        for ticket in tickets.iter().take(48) {
            turns.push(ticket.turn().await.unwrap());
        }

        let broken_off = timeout(Duration::from_secs(1), tickets[48].turn()).await.is_err();

        assert!(broken_off);
        assert_eq!((gate.in_flight.get(), gate.waiting.get()), (48, 0));
        assert!(gate.state.borrow().tell.is_empty());
    }
}
