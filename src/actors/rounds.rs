//! [`Rounds`]: work for all who asked before it began.

use std::{
    cell::{Cell, RefCell},
    mem::take,
    rc::Rc,
};

/// Work that is done in rounds, one at a time, each for all who asked before it began. A round that panics ends with what was
/// asked of it; the next one begins all the same.
pub(super) struct Rounds<Q> {
    /// What the next round is for.
    asked: RefCell<Vec<Q>>,
    is_under_way: Cell<bool>,
}

impl<Q: 'static> Rounds<Q> {
    /// Asks for a round that begins after now: at once, by `work`, or by that which is under way already.
    pub(super) fn ask<F>(self: &Rc<Self>, question: Q, work: impl Fn(Vec<Q>) -> F + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        self.asked.borrow_mut().push(question);
        if self.is_under_way.replace(true) {
            return;
        }
        let rounds = Rc::clone(self);
        actix::spawn(async move {
            loop {
                let asked = take(&mut *rounds.asked.borrow_mut());
                if asked.is_empty() {
                    return rounds.is_under_way.set(false);
                }
                // By itself, as it may panic, which is logged where all panics are.
                drop(actix::spawn(work(asked)).await);
            }
        });
    }

    /// Lets only those ask for the next round who are `wanted`.
    pub(super) fn retain(&self, wanted: impl FnMut(&Q) -> bool) {
        self.asked.borrow_mut().retain(wanted);
    }
}

impl<Q> Default for Rounds<Q> {
    fn default() -> Self {
        Self { asked: RefCell::default(), is_under_way: Cell::new(false) }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    /// A round for these, and who lets it end.
    type Begun = (Vec<u32>, oneshot::Sender<()>);

    /// Work that ends when it is let.
    struct Work {
        rounds: Rc<Rounds<u32>>,
        begun: Rc<RefCell<Vec<Begun>>>,
    }

    impl Work {
        fn new() -> Self {
            Self { rounds: Rc::default(), begun: Rc::default() }
        }

        fn ask(&self, question: u32) {
            let begun = Rc::clone(&self.begun);
            self.rounds.ask(question, move |asked| {
                let (tell, told) = oneshot::channel();
                begun.borrow_mut().push((asked, tell));
                async { told.await.expect("told to end") }
            });
        }

        /// The next round.
        async fn begun(&self) -> Begun {
            loop {
                if let Some(begun) = self.begun.borrow_mut().pop() {
                    return begun;
                }
                tokio::task::yield_now().await;
            }
        }
    }

    #[test]
    fn a_round_is_for_all_who_asked_before_it_began() {
        actix::System::new().block_on(async {
            let work = Work::new();
            work.ask(1);
            let (first, end) = work.begun().await;
            [2, 3].into_iter().for_each(|question| work.ask(question));

            end.send(()).unwrap();

            let (second, _end) = work.begun().await;
            assert_eq!((first, second), (vec![1], vec![2, 3]));
        });
    }

    #[test]
    fn who_asks_after_the_last_round_has_one() {
        actix::System::new().block_on(async {
            let work = Work::new();
            for question in [1, 2] {
                work.ask(question);
                let (asked, end) = work.begun().await;
                assert_eq!(asked, [question]);
                end.send(()).unwrap();
                while work.rounds.is_under_way.get() {
                    tokio::task::yield_now().await;
                }
            }
        });
    }

    #[test]
    fn a_round_that_panics_takes_only_its_own_with_it() {
        actix::System::new().block_on(async {
            let work = Work::new();
            work.ask(1);
            let (_, end) = work.begun().await;
            work.ask(2);

            drop(end);

            assert_eq!(work.begun().await.0, [2]);
        });
    }

    #[test]
    fn who_does_not_want_it_any_more_has_no_round() {
        actix::System::new().block_on(async {
            let work = Work::new();
            work.ask(1);
            let (_, end) = work.begun().await;
            [2, 3].into_iter().for_each(|question| work.ask(question));

            work.rounds.retain(|question| *question == 3);
            end.send(()).unwrap();

            assert_eq!(work.begun().await.0, [3]);
        });
    }
}
