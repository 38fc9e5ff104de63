//! Posts to rooms in which we are not yet: they wait a little, and none overtakes another. Pure, but for answering those who
//! gave them.
//!
//! Were each put off at once, the next one might find the room joined, and would be said before it.

use std::{collections::VecDeque, time::Duration};

use fulmar_contract::{Order, Post, RoomId, Undelivered};
use tokio::time::Instant;

use crate::outbox::{Answer, tell};

/// The posts that wait, and those that have waited.
#[derive(Default)]
pub(crate) struct Parked {
    /// Oldest first.
    waiting: VecDeque<Waiting>,
    admitted: VecDeque<(Post, Answer)>,
}

struct Waiting {
    /// Folded.
    room: RoomId,
    post: Post,
    answer: Answer,
    since: Instant,
}

impl Parked {
    /// Has a post wait for its room, folded. Where so many wait already, all for that room go later.
    pub(crate) fn wait(&mut self, room: &RoomId, post: Post, answer: Answer, since: Instant) {
        let is_full = self.waiting.len() >= MOST;
        self.waiting.push_back(Waiting { room: room.clone(), post, answer, since });
        if is_full {
            self.turn_away(room);
        }
    }

    /// Whether something waits for `room`, so that what comes next has to wait behind it.
    pub(crate) fn holds(&self, room: &RoomId) -> bool {
        self.waiting.iter().any(|it| it.room == *room)
    }

    /// Lets go of what waits for rooms that we are in by now, and puts off what has waited for too long.
    pub(crate) fn sort(&mut self, is_missing: impl Fn(&RoomId) -> bool, now: Instant) {
        while let Some(at) = self.waiting.iter().position(|it| !is_missing(&it.room)) {
            self.admitted.extend(self.waiting.remove(at).map(|it| (it.post, it.answer)));
        }
        let is_late = |it: &&Waiting| now.duration_since(it.since) >= PATIENCE;
        while let Some(room) = self.waiting.iter().find(is_late).map(|it| it.room.clone()) {
            self.turn_away(&room);
        }
    }

    /// The next post that need not wait any longer.
    pub(crate) fn next(&mut self) -> Option<Order> {
        self.admitted.pop_front().map(|(post, receipt)| Order::Post { post, receipt })
    }

    /// Puts off all that wait for `room`.
    fn turn_away(&mut self, room: &RoomId) {
        let (theirs, others) = self.waiting.drain(..).partition(|it| it.room == *room);
        self.waiting = others;
        let theirs: VecDeque<Waiting> = theirs;
        for Waiting { post, answer, .. } in theirs {
            let why = format!("{} is not joined", post.room);
            tell(answer, Err(Undelivered::Later { after: None, why }));
        }
    }
}

impl Drop for Parked {
    fn drop(&mut self) {
        let waiting = self.waiting.drain(..).map(|it| it.answer);
        for answer in self.admitted.drain(..).map(|(_, answer)| answer).chain(waiting) {
            tell(answer, Err(Undelivered::Later { after: None, why: "the session ended".into() }));
        }
    }
}

/// How many may wait.
const MOST: usize = 64;

/// How long a room is waited for: a server that lets us in does so in less.
const PATIENCE: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use fulmar_contract::Receipt;
    use tokio::sync::oneshot;

    use super::*;

    type Fate = oneshot::Receiver<Result<Receipt, Undelivered>>;

    /// Has a post wait.
    fn wait(parked: &mut Parked, room: &str, text: &str, since: Instant) -> Fate {
        let (answer, fate) = oneshot::channel();
        parked.wait(&RoomId::new(room), Post::plain(RoomId::new(room), text, "1"), answer, since);
        fate
    }

    fn texts(parked: &mut Parked) -> Vec<String> {
        let mut texts = Vec::new();
        while let Some(Order::Post { post, .. }) = parked.next() {
            texts.push(post.text);
        }
        texts
    }

    #[test]
    fn what_waits_for_a_room_goes_in_its_order_once_that_is_joined() {
        let (mut parked, now) = (Parked::default(), Instant::now());
        for (room, text) in [("#ops", "one"), ("#dev", "two"), ("#ops", "three")] {
            drop(wait(&mut parked, room, text, now));
        }

        parked.sort(|room| room.as_str() == "#dev", now);

        assert_eq!(texts(&mut parked), ["one", "three"]);
        assert!(parked.holds(&RoomId::new("#dev")) && !parked.holds(&RoomId::new("#ops")));
    }

    #[test]
    fn what_waits_for_too_long_is_put_off_with_all_that_waits_behind_it() {
        let (mut parked, now) = (Parked::default(), Instant::now());
        let [mut old, mut young] = [now, now + PATIENCE / 2].map(|at| wait(&mut parked, "#ops", "x", at));
        let mut other = wait(&mut parked, "#dev", "x", now + PATIENCE / 2);

        parked.sort(|_| true, now + PATIENCE);

        assert!(
            [&mut old, &mut young]
                .iter_mut()
                .all(|it| matches!(it.try_recv(), Ok(Err(Undelivered::Later { .. }))))
        );
        assert!(other.try_recv().is_err(), "it may still come");
    }

    #[test]
    fn no_more_than_so_many_wait() {
        let (mut parked, now) = (Parked::default(), Instant::now());

        let mut fates: Vec<Fate> = (0..=MOST).map(|_| wait(&mut parked, "#ops", "x", now)).collect();

        assert!(fates.iter_mut().all(|fate| fate.try_recv().is_ok()) && !parked.holds(&RoomId::new("#ops")));
    }
}
