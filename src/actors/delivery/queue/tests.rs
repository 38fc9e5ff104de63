use fulmar_contract::{RoomId, Tone};
use uuid::Uuid;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn id(n: u128) -> DeliveryId {
    DeliveryId(Uuid::from_u128(n))
}

fn item(n: u128, texts: &[&str]) -> Item {
    toned(n, texts, Tone::Neutral, false)
}

fn toned(n: u128, texts: &[&str], tone: Tone, idempotent: bool) -> Item {
    let post = |text: &&str| Post { tone, ..Post::plain(RoomId::new("#ops"), *text, "") };
    Item::new(id(n), texts.iter().map(post).collect(), idempotent)
}

fn queue(items: Vec<Item>) -> Queue {
    Queue { items: items.into(), ..Queue::default() }
}

/// The texts that go, at most `window` being out.
fn goes(queue: &mut Queue, window: usize) -> Vec<String> {
    queue.send(window, None).posts.into_iter().map(|(.., post)| post.text).collect()
}

fn settle(queue: &mut Queue, n: u128, number: usize, fate: Result<(), Undelivered>) -> Next {
    queue.settle((id(n), number), fate, Backoff::new(SECOND, 60 * SECOND), 0.0).unwrap()
}

/// Sends the only post and settles it.
fn tries(queue: &mut Queue, fate: Result<(), Undelivered>) -> Next {
    assert_eq!(goes(queue, 1).len(), 1);
    settle(queue, 1, 0, fate)
}

fn waits(next: &Next) -> Duration {
    let Next::Wait(after, ..) = *next else { panic!("{next:?}") };
    after
}

fn later(after: Option<Duration>) -> Result<(), Undelivered> {
    Err(Undelivered::Later { after, why: "busy".into() })
}

fn unknown() -> Result<(), Undelivered> {
    Err(Undelivered::Unknown { why: "cut".into() })
}

fn refused() -> Result<(), Undelivered> {
    Err(Undelivered::Refused { why: "no".into() })
}

const fn sending(sent: usize, parts: usize, posting: usize) -> DeliveryState {
    DeliveryState::Sending { sent, parts, posting }
}

#[test]
fn posts_go_in_order_and_no_more_than_the_window_has_space_for() {
    let mut queue = queue(vec![item(1, &["a", "b"]), item(2, &["c"]), item(3, &["d"])]);

    let batch = queue.send(3, None);

    assert_eq!(batch.states, [(id(1), sending(0, 2, 2)), (id(2), sending(0, 1, 1))]);
    assert_eq!(batch.posts.len(), 3);
    assert_eq!(goes(&mut queue, 3), [""; 0]);
    assert_eq!(settle(&mut queue, 1, 0, Ok(())), Next::GoOn);
    let batch = queue.send(3, None);
    assert_eq!(batch.states, [(id(1), sending(1, 2, 1)), (id(3), sending(0, 1, 1))]);
    assert_eq!(batch.posts.len(), 1);
    assert_eq!(settle(&mut queue, 1, 1, Ok(())), Next::Delivered(id(1)));
}

#[test]
fn a_window_of_one_waits_for_each_receipt() {
    let mut queue = queue(vec![item(1, &["a", "b"]), item(2, &["c"])]);

    assert_eq!(goes(&mut queue, 1), ["a"]);
    assert_eq!(goes(&mut queue, 1), [""; 0]);
    settle(&mut queue, 1, 0, Ok(()));
    assert_eq!(goes(&mut queue, 1), ["b"]);
    settle(&mut queue, 1, 1, Ok(()));
    assert_eq!(goes(&mut queue, 1), ["c"]);
}

#[test]
fn what_failed_goes_again_before_anything_new_and_only_when_nothing_is_out() {
    let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"]), item(3, &["c"]), item(4, &["d"])]);
    assert_eq!(goes(&mut queue, 3), ["a", "b", "c"]);

    settle(&mut queue, 1, 0, Ok(()));
    waits(&settle(&mut queue, 2, 0, later(None)));

    assert_eq!(goes(&mut queue, 3), [""; 0]);
    assert_eq!(settle(&mut queue, 3, 0, Ok(())), Next::Delivered(id(3)));
    assert_eq!(goes(&mut queue, 3), ["b", "d"]);
}

#[test]
fn what_fails_together_is_waited_for_once() {
    let mut queue = queue(vec![item(1, &["a", "b"]), item(2, &["c"])]);
    goes(&mut queue, 3);

    assert_eq!(waits(&settle(&mut queue, 1, 0, later(None))), SECOND);
    assert_eq!(settle(&mut queue, 1, 1, later(None)), Next::GoOn);
    assert_eq!(settle(&mut queue, 2, 0, later(None)), Next::GoOn);
    goes(&mut queue, 1);
    assert_eq!(waits(&settle(&mut queue, 1, 0, later(None))), 2 * SECOND);
}

#[test]
fn what_is_taken_back_goes_again() {
    let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"])]);
    goes(&mut queue, 1);
    let batch = queue.send(2, None);
    settle(&mut queue, 1, 0, later(None));

    assert!(queue.has_failed());
    queue.take_back(&batch);

    assert_eq!(goes(&mut queue, 2), ["a", "b"]);
}

#[test]
fn a_refused_delivery_makes_way() {
    let mut queue = queue(vec![item(1, &["a", "b"]), item(2, &["c"])]);
    goes(&mut queue, 1);

    assert_eq!(settle(&mut queue, 1, 0, refused()), Next::Dead(id(1), "no".into()));

    assert_eq!(goes(&mut queue, 1), ["c"]);
}

#[test]
fn a_refused_post_is_tried_once_more_without_its_colour() {
    let mut queue = queue(vec![toned(1, &["a"], Tone::Bad, false)]);

    assert_eq!(tries(&mut queue, refused()), Next::GoOn);
    let batch = queue.send(1, None);
    assert_eq!(batch.posts[0].2.tone, Tone::Neutral);
    assert_eq!(settle(&mut queue, 1, 0, refused()), Next::Dead(id(1), "no".into()));
}

#[test]
fn waits_grow_while_the_chat_is_away_and_begin_anew_after_a_success() {
    let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"])]);

    assert_eq!(waits(&tries(&mut queue, later(None))), SECOND);
    assert_eq!(waits(&tries(&mut queue, later(None))), 2 * SECOND);
    tries(&mut queue, Ok(()));
    goes(&mut queue, 1);
    assert_eq!(waits(&settle(&mut queue, 2, 0, later(None))), SECOND);
}

#[test]
fn the_wait_that_the_network_asks_for_is_kept_within_reason() {
    let mut queue = queue(vec![item(1, &["a"])]);

    assert_eq!(waits(&tries(&mut queue, later(Some(7 * SECOND)))), 7 * SECOND);
    assert_eq!(waits(&tries(&mut queue, later(Some(Duration::MAX)))), 300 * SECOND);
}

#[test]
fn a_delivery_goes_on_where_it_was_and_says_what_may_be_a_repetition() {
    let texts = ["a", "b", "c", "d"];
    let (mut once, mut keyed) = (item(1, &texts), toned(2, &texts, Tone::Neutral, true));

    once.resume(1, 2);
    keyed.resume(1, 2);

    assert_eq!(once.state(), sending(1, 4, 2));
    assert_eq!(goes(&mut queue(vec![once]), 9), ["(repeated) b", "(repeated) c", "d"]);
    assert_eq!(goes(&mut queue(vec![keyed]), 9), ["b", "c", "d"]);
}

#[test]
fn an_unconfirmed_post_is_repeated_with_a_mark_and_not_for_ever() {
    let mut queue = queue(vec![item(1, &["a"])]);

    waits(&tries(&mut queue, unknown()));
    assert_eq!(queue.news(), [(id(1), sending(0, 1, 1))]);
    let batch = queue.send(1, None);
    assert_eq!(batch.posts[0].2.text, "(repeated) a");
    settle(&mut queue, 1, 0, unknown());
    tries(&mut queue, unknown());
    assert_eq!(tries(&mut queue, unknown()), Next::Dead(id(1), "cut".into()));
}

#[test]
fn nothing_goes_before_the_journal_has_it_nor_before_what_was_said_earlier() {
    let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"])]);
    queue.items.iter_mut().for_each(|item| item.kept = false);

    assert_eq!(queue.send(9, Some(id(2))).posts.len(), 0);
    queue.is_kept(id(2));
    assert_eq!(goes(&mut queue, 9), [""; 0]);
    assert_eq!(queue.send(9, Some(id(1))).posts.len(), 2);
}

#[test]
fn each_step_is_news_once() {
    let mut queue = queue(vec![item(1, &["a", "b"])]);

    goes(&mut queue, 1);
    assert_eq!(queue.news(), []);
    settle(&mut queue, 1, 0, Ok(()));

    assert_eq!(queue.news(), [(id(1), sending(1, 2, 0))]);
    assert_eq!(queue.news(), []);
}
