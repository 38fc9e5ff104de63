use fulmar_contract::{RoomId, Tone};
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::{
    actors::delivery::item::{Progress, Recut},
    journal::{Route, Speech},
    markup::Format,
};

const SECOND: Duration = Duration::from_secs(1);

fn id(n: u128) -> DeliveryId {
    DeliveryId(Uuid::from_u128(n))
}

fn item(n: u128, texts: &[&str]) -> Item {
    toned(n, texts, Tone::Neutral, Again::Marked)
}

fn toned(n: u128, texts: &[&str], tone: Tone, again: Again) -> Item {
    let post = |text: &&str| Post { tone, ..Post::plain(RoomId::new("#ops"), *text, "") };
    Item::new(id(n), texts.iter().map(post).collect(), again)
}

/// One that is still to be cut.
fn uncut(n: u128) -> Item {
    let delivery = Delivery {
        id: id(n),
        command: None,
        execution: None,
        speech: Speech::Result,
        route: Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: None },
        answers: None,
        mention: None,
        text: "long".into(),
        format: Format::Plain,
        tone: Tone::Good,
        link: None,
        extra: Value::Null,
    };
    Item::uncut(Arc::new(delivery), Again::Marked)
}

/// The next to be cut.
fn cuts(queue: &mut Queue) -> Option<DeliveryId> {
    queue.cut_next().map(|delivery| delivery.id)
}

const fn went(sent: usize, parts: usize, posting: usize) -> Progress {
    Progress { sent, parts, posting }
}

fn posts(texts: &[&str]) -> Vec<Post> {
    texts.iter().map(|text| Post::plain(RoomId::new("#ops"), *text, "")).collect()
}

fn queue(items: Vec<Item>) -> Queue {
    let mut queue = Queue::default();
    items.into_iter().for_each(|item| queue.push(item));
    queue
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
fn a_refused_post_is_tried_once_more_without_marks_and_colour() {
    let mut queue = queue(vec![toned(1, &["a"], Tone::Bad, Again::Marked)]);

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
    let (mut once, mut keyed) = (item(1, &texts), toned(2, &texts, Tone::Neutral, Again::AsItIs));

    once.resume(went(1, 4, 2)).unwrap();
    keyed.resume(went(1, 4, 2)).unwrap();

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
    assert_eq!(tries(&mut queue, unknown()), Next::Dead(id(1), "sent 4 times and never confirmed: cut".into()));
}

#[test]
fn nothing_goes_before_the_journal_has_it_nor_before_what_was_said_earlier() {
    let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"])]);
    queue.items.change_all(|item| item.kept = false);

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

#[test]
fn what_must_not_be_repeated_is_given_up_when_it_is_in_doubt() {
    let mut queue = queue(vec![toned(1, &["a", "b"], Tone::Neutral, Again::Never), item(2, &["c"])]);

    let next = tries(&mut queue, unknown());

    assert_eq!(next, Next::Dead(id(1), "perhaps said already, and not to be repeated: cut".into()));
    assert_eq!(goes(&mut queue, 9), ["c"]);
}

/// What ends the session each time is given up alone: what goes with it at first is in doubt, too, but not for ever.
#[test]
fn what_ends_every_session_takes_nothing_with_it() {
    let mut queue = queue(vec![item(1, &["poison"]), item(2, &["b"]), item(3, &["c"])]);
    let mut dead = Vec::new();
    let mut said = Vec::new();

    for _ in 0..20 {
        let batch = queue.send(3, None).posts;
        let is_cut = batch.iter().any(|(.., post)| post.text.ends_with("poison"));
        for (delivery, number, _) in batch {
            let fate = if is_cut { unknown() } else { Ok(()) };
            match queue.settle((delivery, number), fate, Backoff::new(SECOND, SECOND), 0.0) {
                Some(Next::Dead(id, _)) => dead.push(id),
                Some(Next::Delivered(id)) => said.push(id),
                _ => {}
            }
        }
    }

    assert_eq!((dead, said), (vec![id(1)], vec![id(2), id(3)]));
}

#[test]
fn what_is_suspected_of_ending_sessions_waits_out_its_wait() {
    let mut queue = queue(vec![item(1, &["a"])]);

    let once = (tries(&mut queue, unknown()), queue.is_back());
    let twice = (tries(&mut queue, unknown()), queue.is_back());

    assert_eq!((once.1, twice.1), (true, false));
}

/// A network may say "later" of one post for ever.
#[test]
fn what_is_always_put_off_is_given_up_once_others_went_in_its_place() {
    let mut queue = queue(vec![item(1, &["poison"]), item(2, &["its result"])]);
    queue.items.change_all(|item| item.command = Some(CommandId(Uuid::nil())));
    (3..20).for_each(|n| queue.push(item(n, &["x"])));
    let mut tries = 0;

    let dead = loop {
        tries += 1;
        let (delivery, number, post) = queue.send(1, None).posts.remove(0);
        let fate = if post.text == "poison" { later(None) } else { Ok(()) };
        assert_ne!(post.text, "its result", "an ack goes before its result");
        if let Some(Next::Dead(id, why)) =
            queue.settle((delivery, number), fate, Backoff::new(SECOND, SECOND), 0.0)
        {
            break (id, why);
        }
    };

    assert_eq!(dead, (id(1), "put off 13 times while others were taken: busy".into()));
    assert_eq!(tries, 16);
    assert_eq!(goes(&mut queue, 1), ["its result"]);
}

#[test]
fn a_room_that_puts_off_everything_loses_nothing_and_keeps_its_order() {
    let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"]), item(3, &["c"])]);

    for _ in 0..100 {
        let (delivery, number, _) = queue.send(1, None).posts.remove(0);
        let next = queue.settle((delivery, number), later(None), Backoff::new(SECOND, SECOND), 0.0);
        assert!(matches!(next, Some(Next::Wait(..))), "{next:?}");
    }
    assert!(queue.is_back());

    assert_eq!(goes(&mut queue, 3), ["a", "b", "c"]);
}

#[test]
fn what_is_alone_and_put_off_is_tried_again() {
    let mut queue = queue(vec![item(1, &["a"])]);

    (0..100).for_each(|_| drop(tries(&mut queue, later(None))));

    assert_eq!(goes(&mut queue, 1), ["a"]);
}

#[test]
fn what_has_waited_too_long_is_taken_out_with_the_reason_why_it_had_to() {
    let now = Instant::now();
    let mut queue = queue(vec![item(1, &["a"]), item(2, &["b"])]);
    queue.items.change(id(1), |item| item.until = Some(now + SECOND));
    tries(&mut queue, later(None));

    assert_eq!(queue.overdue(now), None);
    assert_eq!(queue.overdue(now + SECOND), Some((id(1), "busy".into())));
    assert_eq!(queue.overdue(now + 1_000_000 * SECOND), None, "b may wait for ever");
}

#[test]
fn nothing_goes_before_what_is_still_to_be_cut() {
    let mut queue = queue(vec![item(1, &["a"]), uncut(2), item(3, &["d"])]);

    let before = goes(&mut queue, 5);
    assert_eq!(cuts(&mut queue), Some(id(2)));
    assert_eq!(queue.is_cut(id(2), Ok(posts(&["b", "c"]))), None);

    assert_eq!((before, goes(&mut queue, 5)), (vec!["a".into()], vec!["b".into(), "c".into(), "d".into()]));
}

#[test]
fn of_a_room_one_text_is_cut_at_a_time_and_none_that_is_not_journalled() {
    let mut queue = queue(vec![uncut(1), uncut(2), uncut(3)]);
    queue.items.change(id(3), |item| item.kept = false);

    let first = [cuts(&mut queue), cuts(&mut queue)];
    queue.is_cut(id(1), Ok(posts(&["a"])));
    let second = cuts(&mut queue);
    // It was dropped meanwhile.
    queue.remove(id(2));
    queue.is_cut(id(2), Ok(posts(&["b"])));
    let third = cuts(&mut queue);

    assert_eq!((first, second, third), ([Some(id(1)), None], Some(id(2)), None));
    queue.is_kept(id(3));
    assert_eq!(cuts(&mut queue), Some(id(3)));
}

#[test]
fn what_was_cut_into_nothing_is_out_of_the_way() {
    let mut queue = queue(vec![uncut(1), item(2, &["a"])]);

    cuts(&mut queue);
    assert_eq!(queue.is_cut(id(1), Ok(Vec::new())), Some(Next::Delivered(id(1))));

    assert_eq!(goes(&mut queue, 1), ["a"]);
}

#[test]
fn what_was_said_in_an_earlier_life_is_not_said_again_once_it_is_cut() {
    let mut queue = queue(vec![uncut(1)]);
    queue.items.change(id(1), |item| item.resume(went(1, 3, 1)));

    queue.is_cut(id(1), Ok(posts(&["a", "b", "c"])));

    assert_eq!(goes(&mut queue, 5), ["(repeated) b", "c"]);
}

#[test]
fn what_was_half_said_and_is_cut_otherwise_now_is_given_up() {
    let mut queue = queue(vec![uncut(1)]);
    queue.items.change(id(1), |item| item.resume(went(1, 3, 0)));

    let cut = queue.is_cut(id(1), Ok(posts(&["a"])));

    assert_eq!(cut, Some(Next::Dead(id(1), Recut.to_string())));
    assert_eq!(item(2, &["a"]).resume(went(0, 2, 1)), Err(Recut));
}
