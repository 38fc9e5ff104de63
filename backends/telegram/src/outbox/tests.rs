//! Turns, speed and rests.

use fulmar_contract::{Post, Receipt, RoomId, Undelivered};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::*;

const FREE: Pace = Pace { rate: 0, burst: 1, group: 0, total: 0 };

struct Desk {
    outbox: Outbox,
    orders: mpsc::Sender<Order>,
}

impl Desk {
    fn new(pace: Pace) -> Self {
        let (orders, out) = mpsc::channel(256);
        Self { outbox: Outbox::new(out, pace), orders }
    }

    fn order(&self, chat: i64, text: &str) -> oneshot::Receiver<Result<Receipt, Undelivered>> {
        let (receipt, answer) = oneshot::channel();
        let post = Post::plain(RoomId::new(chat.to_string()), text, text);
        self.orders.try_send(Order::Post { post, receipt }).unwrap();
        answer
    }

    /// The chat and the text of what is started next.
    async fn started(&mut self) -> (i64, String) {
        loop {
            match self.outbox.step().await {
                Step::Order(order) => {
                    let Order::Post { post, .. } = &order else { panic!("{order:?}") };
                    let chat = post.room.as_str().parse().unwrap();
                    self.outbox.line_up(Key::Chat(chat), order);
                }
                Step::Start(Key::Chat(chat), Order::Post { post, .. }) => return (chat, post.text),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_chat_gets_one_at_a_time_in_order_and_others_do_not_wait() {
    let mut desk = Desk::new(FREE);
    for (chat, text) in [(1, "a"), (1, "b"), (2, "c")] {
        drop(desk.order(chat, text));
    }

    assert_eq!(desk.started().await, (1, "a".into()));
    assert_eq!(desk.started().await, (2, "c".into()));
    assert_eq!(desk.started().now_or_never(), None, "the first is not done yet");
    desk.outbox.settled(Key::Chat(1), None);
    assert_eq!(desk.started().await, (1, "b".into()));
}

#[tokio::test(start_paused = true)]
async fn a_chat_that_has_to_rest_rests_alone() {
    let mut desk = Desk::new(FREE);
    for (chat, text) in [(1, "a"), (1, "b"), (2, "c"), (2, "d")] {
        drop(desk.order(chat, text));
    }
    let start = Instant::now();
    desk.started().await;
    desk.started().await;

    desk.outbox.settled(Key::Chat(1), Some(Duration::from_secs(7)));
    desk.outbox.settled(Key::Chat(2), None);

    assert_eq!(desk.started().await, (2, "d".into()));
    assert_eq!(desk.started().await, (1, "b".into()));
    assert_eq!(start.elapsed().as_secs(), 7);
}

#[tokio::test(start_paused = true)]
async fn the_allowed_speed_is_kept_and_nothing_dropped() {
    let mut desk = Desk::new(Pace { rate: 1, burst: 3, group: 20, total: 30 });
    let start = Instant::now();
    let mut times = Vec::new();

    for number in 0..25 {
        drop(desk.order(-1, &number.to_string()));
    }
    for number in 0..25 {
        assert_eq!(desk.started().await, (-1, number.to_string()));
        desk.outbox.settled(Key::Chat(-1), None);
        times.push(start.elapsed().as_secs());
    }

    assert_eq!(times[..7], [0, 0, 0, 3, 3, 3, 6]);
    assert_eq!(times[20..], [60, 60, 60, 63, 63]);
}

#[tokio::test(start_paused = true)]
async fn all_chats_share_one_limit() {
    let mut desk = Desk::new(Pace { total: 2, ..FREE });
    let start = Instant::now();

    for chat in 1..=5 {
        drop(desk.order(chat, "x"));
    }
    for chat in 1..=5 {
        assert_eq!(desk.started().await.0, chat);
        desk.outbox.settled(Key::Chat(chat), None);
    }

    assert_eq!(start.elapsed().as_secs(), 2);
}

#[tokio::test]
async fn it_is_closed_once_all_is_carried_out() {
    let mut desk = Desk::new(FREE);
    drop(desk.order(1, "a"));
    desk.started().await;
    let (orders, _) = mpsc::channel(1);
    desk.orders = orders;

    assert!(desk.outbox.step().now_or_never().is_none());
    desk.outbox.settled(Key::Chat(1), None);

    assert!(matches!(desk.outbox.step().await, Step::Closed));
}

#[tokio::test]
async fn what_waits_at_the_end_is_put_off() {
    let mut desk = Desk::new(FREE);
    let mut answers = vec![desk.order(1, "a"), desk.order(1, "b")];
    desk.started().await;
    answers.push(desk.order(1, "c"));

    drop(desk);

    let mut fates = Vec::new();
    for answer in answers {
        fates.push(answer.await);
    }
    assert!(fates[0].is_err(), "it was started: nobody knows");
    assert!(fates[1..].iter().all(|fate| matches!(fate, Ok(Err(Undelivered::Later { .. })))), "{fates:?}");
}

#[tokio::test]
async fn lanes_that_nobody_needs_are_given_up() {
    let mut desk = Desk::new(FREE);

    for chat in 1..=1000 {
        drop(desk.order(chat, "x"));
        desk.started().await;
        desk.outbox.settled(Key::Chat(chat), None);
    }

    assert!(desk.outbox.lanes.len() <= MOST + 1);
}
