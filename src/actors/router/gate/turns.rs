//! Whose call to a StackStorm is next. Pure: no clock, nothing asynchronous.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::Caller;

/// Names a ticket; earlier tickets have smaller ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Number(u64);

/// Who has a ticket, and whose calls wait or are in flight.
///
/// Callers take turns, one call at a time; each caller's own calls go in the order in which their tickets were given.
#[derive(Debug, Default)]
pub(super) struct Turns {
    tickets: HashMap<Number, (Caller, Stage)>,
    callers: HashMap<Caller, Tally>,
    /// The callers of whom a call waits, the next one first.
    ring: VecDeque<Caller>,
    in_flight: usize,
    waiting: usize,
    /// How many tickets people have.
    taken: usize,
    last: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    InFlight,
    /// Wants no call at the moment.
    Resting,
    Waiting,
}

#[derive(Debug, Default)]
struct Tally {
    tickets: usize,
    in_flight: usize,
    waiting: BTreeSet<Number>,
}

impl Turns {
    /// Gives `caller` a ticket. `None` when there are no more, or a person has their [`SHARE`] already.
    pub(super) fn join(&mut self, caller: Caller) -> Option<Number> {
        let own = self.callers.get(&caller).map_or(0, |tally| tally.tickets);
        if caller.is_person() {
            let left = TICKETS - self.taken;
            if own >= SHARE * left {
                return None;
            }
            self.taken += 1;
        }
        self.last += 1;
        let number = Number(self.last);
        self.callers.entry(caller.clone()).or_default().tickets += 1;
        self.tickets.insert(number, (caller, Stage::Resting));
        Some(number)
    }

    /// A ticket that rests wants a call.
    pub(super) fn wait(&mut self, number: Number) {
        let Some((caller, stage @ Stage::Resting)) = self.tickets.get_mut(&number) else { return };
        let Some(tally) = self.callers.get_mut(caller) else { return };
        *stage = Stage::Waiting;
        self.waiting += 1;
        if tally.waiting.is_empty() {
            self.ring.push_back(caller.clone());
        }
        tally.waiting.insert(number);
    }

    /// The ticket whose call may go now. To be asked after every change, until there is none.
    pub(super) fn admit(&mut self) -> Option<Number> {
        let next = self.ring.iter().position(|caller| self.may_call(caller))?;
        let caller = self.ring.remove(next)?;
        let tally = self.callers.get_mut(&caller)?;
        let number = tally.waiting.pop_first()?;
        tally.in_flight += 1;
        self.in_flight += 1;
        self.waiting -= 1;
        if !tally.waiting.is_empty() {
            self.ring.push_back(caller);
        }
        self.tickets.get_mut(&number)?.1 = Stage::InFlight;
        Some(number)
    }

    /// A ticket's call is over, or not wanted any more.
    pub(super) fn rest(&mut self, number: Number) {
        let Some((caller, stage)) = self.tickets.get_mut(&number) else { return };
        let Some(tally) = self.callers.get_mut(caller) else { return };
        match std::mem::replace(stage, Stage::Resting) {
            Stage::InFlight => {
                self.in_flight -= 1;
                tally.in_flight -= 1;
            }
            Stage::Resting => {}
            Stage::Waiting => {
                self.waiting -= 1;
                tally.waiting.remove(&number);
                if tally.waiting.is_empty() {
                    self.ring.retain(|other| other != caller);
                }
            }
        }
    }

    /// Takes a ticket back.
    pub(super) fn leave(&mut self, number: Number) {
        self.rest(number);
        let Some((caller, _)) = self.tickets.remove(&number) else { return };
        self.taken -= usize::from(caller.is_person());
        let Some(tally) = self.callers.get_mut(&caller) else { return };
        tally.tickets -= 1;
        if tally.tickets == 0 {
            self.callers.remove(&caller);
        }
    }

    /// How many calls are in flight.
    pub(super) const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// How many calls wait.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    fn may_call(&self, caller: &Caller) -> bool {
        let own = self.callers.get(caller).map_or(0, |tally| tally.in_flight);
        let most = if own == 0 { CALLS } else { CALLS - RESERVED };
        self.in_flight < most && (own < CALLS_OF_ONE || !caller.is_person())
    }
}

/// How many calls may be in flight.
const CALLS: usize = 64;

/// How many of these are kept for callers that have none in flight.
const RESERVED: usize = 16;

/// How many calls of one person may be in flight.
const CALLS_OF_ONE: usize = 4;

/// How many tickets people may have: for the calls in flight, and for 1,000 more.
const TICKETS: usize = CALLS + 1_000;

/// How many times as many tickets as are left for all a person may have: one alone may have nearly all, many have little
/// each, and there is always room for who has none.
const SHARE: usize = 9;

#[cfg(test)]
mod tests;
