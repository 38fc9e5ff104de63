//! One at a time, by command: what is announced for one is dealt with in the order in which it came, and what it is to us is
//! asked only when that of those before it is journalled.

use std::{
    cell::RefCell,
    collections::{HashMap, VecDeque, hash_map::Entry},
    rc::Rc,
};

use tokio::sync::oneshot;

use crate::journal::CommandId;

/// Those who wait for their turn, by command. Where somebody has it, there is a queue, if an empty one.
#[derive(Default)]
pub struct Sequence(RefCell<HashMap<CommandId, VecDeque<oneshot::Sender<()>>>>);

/// A place among those for one command; given up when dropped.
pub(super) struct Place {
    sequence: Rc<Sequence>,
    command: CommandId,
    /// Told when it is its turn; `None` once it is.
    called: Option<oneshot::Receiver<()>>,
}

impl Sequence {
    /// The next place for a command; `None` if there are too many.
    pub(super) fn join(self: &Rc<Self>, command: CommandId) -> Option<Place> {
        let called = match self.0.borrow_mut().entry(command) {
            Entry::Vacant(entry) => {
                entry.insert(VecDeque::new());
                None
            }
            Entry::Occupied(entry) if entry.get().len() >= MOST => return None,
            Entry::Occupied(mut entry) => {
                let (call, called) = oneshot::channel();
                entry.get_mut().push_back(call);
                Some(called)
            }
        };
        Some(Place { sequence: Rc::clone(self), command, called })
    }

    /// Gives the turn to the next who is still there.
    fn pass_on(&self, command: CommandId) {
        let mut all = self.0.borrow_mut();
        while let Some(call) = all.get_mut(&command).and_then(VecDeque::pop_front) {
            if call.send(()).is_ok() {
                return;
            }
        }
        all.remove(&command);
    }
}

impl Place {
    /// Whether it is its turn.
    pub(super) const fn is_first(&self) -> bool {
        self.called.is_none()
    }

    /// Waits for its turn.
    pub(super) async fn turn(&mut self) {
        if let Some(called) = &mut self.called {
            called.await.unwrap_or_default();
            self.called = None;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.called.as_mut().is_none_or(|called| called.try_recv().is_ok()) {
            self.sequence.pass_on(self.command);
        }
    }
}

/// How many may wait for one command.
const MOST: usize = 1_000;

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    const COMMAND: CommandId = CommandId(Uuid::nil());

    #[test]
    fn each_has_its_turn_when_those_before_it_are_gone_whether_they_waited_or_not() {
        let sequence = Rc::new(Sequence::default());
        let [first, second, third] = [(); 3].map(|()| sequence.join(COMMAND).unwrap());
        let mut fourth = sequence.join(COMMAND).unwrap();
        let other = sequence.join(CommandId(Uuid::max())).unwrap();

        assert!(first.is_first() && other.is_first() && !second.is_first());
        drop(second);
        assert!(fourth.turn().now_or_never().is_none());
        drop(first);
        assert!(fourth.turn().now_or_never().is_none());
        drop(third);
        assert!(fourth.turn().now_or_never().is_some() && fourth.is_first());

        drop((fourth, other));
        assert!(sequence.0.borrow().is_empty());
    }

    #[test]
    fn not_more_than_so_many_wait() {
        let sequence = Rc::new(Sequence::default());
        let places: Vec<_> = (0..=MOST).map(|_| sequence.join(COMMAND).unwrap()).collect();

        assert!(sequence.join(COMMAND).is_none());
        drop(places);
        assert!(sequence.0.borrow().is_empty());
    }
}
