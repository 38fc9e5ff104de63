//! Who is shown what an execution prints.

use std::{cell::RefCell, rc::Rc};

use fulmar_contract::RoomId;
use tokio::sync::{Notify, watch};

use crate::{
    actors::router::person::Person,
    journal::{Route, RunId},
};

/// Who is shown what. Outlives the lives of the Router.
#[derive(Debug, Default)]
pub struct Tails(RefCell<Vec<Shown>>);

#[derive(Debug)]
struct Shown {
    execution: RunId,
    person: Person,
    room: (String, RoomId),
    stop: Rc<Notify>,
    /// Closed when it is over.
    over: watch::Receiver<()>,
}

/// One of them; over when dropped.
pub(super) struct Tail {
    tails: Rc<Tails>,
    stop: Rc<Notify>,
    _over: watch::Sender<()>,
}

/// Why there cannot be another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::actors::router::runs) enum Taken {
    /// This person is shown one already.
    Person,
    /// There are [`IN_ROOM`] in the room.
    Room,
}

impl Tails {
    /// Another one, for `person` at `route`.
    pub(super) fn begin(self: &Rc<Self>, execution: RunId, person: Person, route: &Route) -> Result<Tail, Taken> {
        let mut tails = self.0.borrow_mut();
        let room = (route.chat.clone(), route.room.clone());
        if tails.iter().any(|it| it.person == person) {
            return Err(Taken::Person);
        }
        if tails.iter().filter(|it| it.room == room).count() >= IN_ROOM {
            return Err(Taken::Room);
        }
        let (stop, (alive, over)) = (Rc::<Notify>::default(), watch::channel(()));
        tails.push(Shown { execution, person, room, stop: Rc::clone(&stop), over });
        Ok(Tail { tails: Rc::clone(self), stop, _over: alive })
    }

    /// Ends that of `person`; returns whether there was one.
    pub(super) fn stop(&self, person: &Person) -> bool {
        let tails = self.0.borrow();
        let its = tails.iter().find(|it| it.person == *person);
        its.inspect(|it| it.stop.notify_one()).is_some()
    }

    /// Waits until nobody is shown any more what `execution` prints.
    pub(in crate::actors::router) async fn over(&self, execution: &RunId) {
        let ours: Vec<_> = {
            let tails = self.0.borrow();
            tails.iter().filter(|it| it.execution == *execution).map(|it| it.over.clone()).collect()
        };
        for mut over in ours {
            while over.changed().await.is_ok() {}
        }
    }
}

impl Tail {
    /// Waits until it is told to stop.
    pub(super) async fn stopped(&self) {
        self.stop.notified().await;
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.tails.0.borrow_mut().retain(|it| !Rc::ptr_eq(&it.stop, &self.stop));
    }
}

/// How many there may be in a room.
pub(in crate::actors::router::runs) const IN_ROOM: usize = 4;

#[cfg(test)]
mod tests {
    use fulmar_contract::Identity;
    use tokio::time::{Duration, timeout};

    use super::*;

    fn person(name: &str) -> Person {
        Person { chat: "ops".into(), identity: Identity::Claimed(name.into()) }
    }

    fn run(id: &str) -> RunId {
        RunId { stackstorm: "default".into(), id: id.into() }
    }

    fn route(room: &str) -> Route {
        Route { chat: "ops".into(), room: RoomId::new(room), thread: None }
    }

    #[test]
    fn there_is_one_for_a_person_and_four_in_a_room() {
        let tails = Rc::new(Tails::default());

        let mut begun: Vec<Tail> = ["a", "b", "c", "d"]
            .map(|name| tails.begin(run("5f"), person(name), &route("#ops")).ok().unwrap())
            .into();

        assert_eq!(tails.begin(run("60"), person("a"), &route("#dev")).err(), Some(Taken::Person));
        assert_eq!(tails.begin(run("60"), person("e"), &route("#ops")).err(), Some(Taken::Room));
        assert!(tails.begin(run("60"), person("e"), &route("#dev")).is_ok());
        begun.pop();
        assert!(tails.begin(run("60"), person("e"), &route("#ops")).is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_is_told_to_stop_stops_and_is_waited_for() {
        let tails = Rc::new(Tails::default());
        let tail = tails.begin(run("5f"), person("a"), &route("#ops")).ok().unwrap();

        assert!(tails.stop(&person("a")) && !tails.stop(&person("b")));

        tail.stopped().await;
        let waiting = timeout(Duration::from_secs(1), tails.over(&run("5f"))).await;
        assert!(waiting.is_err(), "it is not over yet");
        drop(tail);
        tails.over(&run("5f")).await;
        assert!(!tails.stop(&person("a")));
    }
}
