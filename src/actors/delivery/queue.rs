//! What is to be said in one room, in order. Pure.

use std::{collections::VecDeque, mem, time::Duration};

use fulmar_contract::{Post, Tone, Undelivered};

use crate::{
    journal::{DeliveryId, DeliveryState},
    supervise::Backoff,
};

/// The queue of one room. A delivery is finished before the next begins.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: VecDeque<Item>,
    attempt: u32,
    /// What the room is about.
    pub(super) now: Now,
    /// Counts the waits, so that one that was cut short is not ended twice.
    pub(super) waits: u64,
}

/// What a room is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Now {
    /// Nothing: the next post may go.
    #[default]
    Free,
    /// A post is on its way.
    Posting,
    /// Waiting before another try.
    Waiting,
}

/// A delivery cut into posts.
#[derive(Debug)]
pub(super) struct Item {
    id: DeliveryId,
    posts: Vec<Post>,
    sent: usize,
    tries: u32,
    /// Whether a second copy of a post is no second message.
    idempotent: bool,
}

/// What follows from the fate of a post.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The delivery is finished; go on with the next.
    Delivered(DeliveryId),
    /// It will not be said; go on with the next.
    Dead(DeliveryId, String),
    /// Go on: with the next post, or with the same one, changed.
    GoOn,
    /// Wait, then try again. The delivery is as far as this.
    Wait(Duration, String, DeliveryId, DeliveryState),
}

impl Queue {
    pub(super) fn push(&mut self, item: Item) {
        self.items.push_back(item);
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// The post whose turn it is, and how far its delivery will have come when it goes.
    pub(super) fn front(&self) -> Option<(DeliveryId, DeliveryState, Post)> {
        let item = self.items.front()?;
        Some((item.id, item.state(true), item.posts.get(item.sent)?.clone()))
    }

    /// Takes in the fate of the post whose turn it was. `jitter` is from 0 to 1.
    pub(super) fn settle(&mut self, fate: Result<(), Undelivered>, backoff: Backoff, jitter: f64) -> Option<Next> {
        let item = self.items.front_mut()?;
        let id = item.id;
        let wait = |attempt| backoff.wait(attempt, jitter);
        Some(match fate {
            Ok(()) => {
                self.attempt = 0;
                item.sent += 1;
                item.tries = 0;
                if !item.is_done() {
                    return Some(Next::GoOn);
                }
                self.items.pop_front();
                Next::Delivered(id)
            }
            Err(Undelivered::Refused { .. }) if item.take_colour_off() => Next::GoOn,
            Err(Undelivered::Refused { why }) => {
                self.items.pop_front();
                Next::Dead(id, why)
            }
            Err(Undelivered::Unknown { why }) if item.tries >= UNCONFIRMED => {
                self.items.pop_front();
                Next::Dead(id, why)
            }
            Err(Undelivered::Unknown { why }) => {
                item.tries += 1;
                item.mark_repeated();
                self.attempt += 1;
                Next::Wait(wait(self.attempt - 1), why, id, item.state(true))
            }
            Err(Undelivered::Later { after, why }) => {
                self.attempt = self.attempt.saturating_add(1);
                let after = after.map(|after| after.clamp(SHORTEST, LONGEST));
                Next::Wait(after.unwrap_or_else(|| wait(self.attempt - 1)), why, id, item.state(false))
            }
        })
    }
}

impl Item {
    pub(super) const fn new(id: DeliveryId, posts: Vec<Post>, idempotent: bool) -> Self {
        Self { id, posts, sent: 0, tries: 0, idempotent }
    }

    /// Goes on after `sent` posts; `posting` says whether the next one may be out already.
    pub(super) fn resume(&mut self, sent: usize, posting: bool) {
        self.sent = sent;
        if posting {
            self.mark_repeated();
        }
    }

    const fn state(&self, posting: bool) -> DeliveryState {
        DeliveryState::Sending { sent: self.sent, parts: self.posts.len(), posting }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.sent >= self.posts.len()
    }

    /// Takes the colour off the post whose turn it is, since some rooms refuse colours; returns whether it had one.
    fn take_colour_off(&mut self) -> bool {
        let post = self.posts.get_mut(self.sent);
        post.is_some_and(|post| mem::take(&mut post.tone) != Tone::Neutral)
    }

    /// The post whose turn it is may be out already: a second copy says so.
    fn mark_repeated(&mut self) {
        let post = self.posts.get_mut(self.sent).filter(|post| !post.text.starts_with(REPEATED));
        if let Some(post) = post.filter(|_| !self.idempotent) {
            post.text.insert_str(0, REPEATED);
        }
    }
}

/// How often an unconfirmed post is repeated.
const UNCONFIRMED: u32 = 3;

/// The shortest wait that a network can ask for.
const SHORTEST: Duration = Duration::from_millis(100);

/// The longest wait that a network can ask for.
const LONGEST: Duration = Duration::from_secs(300);

/// What stands before a post that may be out already.
pub(super) const REPEATED: &str = "(repeated) ";

#[cfg(test)]
mod tests {
    use fulmar_contract::RoomId;
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn id(n: u128) -> DeliveryId {
        DeliveryId(Uuid::from_u128(n))
    }

    fn item(n: u128, texts: &[&str]) -> Item {
        let post = |text: &&str| Post {
            room: RoomId::new("#ops"),
            thread: None,
            mention: None,
            text: (*text).into(),
            tone: Tone::Neutral,
            extra: Value::Null,
            key: String::new(),
        };
        Item::new(id(n), texts.iter().map(post).collect(), false)
    }

    fn queue(items: Vec<Item>) -> Queue {
        Queue { items: items.into(), ..Queue::default() }
    }

    fn settle(queue: &mut Queue, fate: Result<(), Undelivered>) -> Next {
        queue.settle(fate, Backoff::new(SECOND, 60 * SECOND), 0.0).unwrap()
    }

    fn text(queue: &Queue) -> String {
        queue.front().unwrap().2.text
    }

    fn waits(next: &Next) -> Duration {
        let Next::Wait(after, ..) = *next else { panic!("{next:?}") };
        after
    }

    fn later(after: Option<Duration>) -> Result<(), Undelivered> {
        Err(Undelivered::Later { after, why: "busy".into() })
    }

    #[test]
    fn a_delivery_is_finished_before_the_next_begins() {
        let mut queue = queue(vec![item(1, &["a", "b"]), item(2, &["c"])]);

        assert_eq!(settle(&mut queue, Ok(())), Next::GoOn);
        assert_eq!(queue.front().unwrap().1, DeliveryState::Sending { sent: 1, parts: 2, posting: true });
        assert_eq!(text(&queue), "b");
        assert_eq!(settle(&mut queue, Ok(())), Next::Delivered(id(1)));
        assert_eq!(text(&queue), "c");
    }

    #[test]
    fn a_refused_delivery_makes_way() {
        let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"])]);

        let next = settle(&mut queue, Err(Undelivered::Refused { why: "no such room".into() }));

        assert_eq!(next, Next::Dead(id(1), "no such room".into()));
        assert_eq!(text(&queue), "b");
    }

    #[test]
    fn a_refused_post_is_tried_once_more_without_its_colour() {
        let mut item = item(1, &["a"]);
        item.posts[0].tone = Tone::Bad;
        let mut queue = queue(vec![item]);
        let refused = || Err(Undelivered::Refused { why: "no colours here".into() });

        assert_eq!(settle(&mut queue, refused()), Next::GoOn);
        assert_eq!(queue.front().unwrap().2.tone, Tone::Neutral);
        assert_eq!(settle(&mut queue, refused()), Next::Dead(id(1), "no colours here".into()));
    }

    #[test]
    fn waits_grow_while_the_chat_is_away_and_begin_anew_after_a_success() {
        let mut queue = queue(vec![item(1, &["a", "b"])]);

        assert_eq!(waits(&settle(&mut queue, later(None))), SECOND);
        assert_eq!(waits(&settle(&mut queue, later(None))), 2 * SECOND);
        settle(&mut queue, Ok(()));
        assert_eq!(waits(&settle(&mut queue, later(None))), SECOND);
    }

    #[test]
    fn the_wait_that_the_network_asks_for_is_kept_within_reason() {
        let mut queue = queue(vec![item(1, &["a"])]);

        assert_eq!(waits(&settle(&mut queue, later(Some(7 * SECOND)))), 7 * SECOND);
        assert_eq!(waits(&settle(&mut queue, later(Some(Duration::MAX)))), 300 * SECOND);
    }

    #[test]
    fn a_delivery_goes_on_where_it_was_and_says_what_may_be_a_repetition() {
        let (mut once, mut keyed) = (item(1, &["a", "b"]), item(2, &["a", "b"]));
        keyed.idempotent = true;

        once.resume(1, true);
        keyed.resume(1, true);

        assert_eq!(text(&queue(vec![once])), "(repeated) b");
        assert_eq!(text(&queue(vec![keyed])), "b");
    }

    #[test]
    fn an_unconfirmed_post_is_repeated_with_a_mark_and_not_for_ever() {
        let mut queue = queue(vec![item(1, &["a"])]);
        let unknown = || Err(Undelivered::Unknown { why: "cut".into() });

        assert!(matches!(settle(&mut queue, unknown()), Next::Wait(..)));
        assert_eq!(text(&queue), "(repeated) a");
        settle(&mut queue, unknown());
        settle(&mut queue, unknown());
        assert_eq!(settle(&mut queue, unknown()), Next::Dead(id(1), "cut".into()));
    }
}
