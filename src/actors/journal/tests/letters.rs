//! How many dead letters are kept and for how long, and how one is found.

use fulmar_contract::Tone;

use super::*;
use crate::{
    journal::{DeliveryId, Speech},
    markup::Format,
};

const HOUR: Duration = Duration::from_secs(3_600);

fn id(n: u128) -> DeliveryId {
    DeliveryId(Uuid::from_u128(n))
}

/// What makes a dead letter.
fn death(n: u128) -> Vec<Entry> {
    let route = Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: None };
    let delivery = Delivery {
        id: id(n),
        command: None,
        execution: None,
        speech: Speech::Notice,
        route,
        answers: None,
        mention: None,
        text: "x".into(),
        format: Format::Plain,
        tone: Tone::Neutral,
        link: None,
        extra: Value::Null,
    };
    vec![Entry::Queued(delivery), Entry::Moved(id(n), DeliveryState::Dead { why: "no room".into() })]
}

impl Stage {
    async fn find(&self, end: &str) -> Result<Found, NotFound> {
        self.journal.send(Find(end.into())).await.unwrap()
    }

    async fn dead(&self) -> usize {
        self.journal.send(Count).await.unwrap().counts.dead
    }
}

#[test]
fn the_oldest_dead_letter_goes_when_there_are_too_many() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());

        keep(&stage.journal, (1..=1_001).flat_map(death).collect()).await.unwrap();

        assert_eq!(stage.dead().await, 1_000);
        assert!(matches!(stage.find(&id(1).to_string()).await, Err(NotFound::None(_))));
        assert!(stage.find(&id(2).to_string()).await.is_ok());
    });
}

#[test]
fn a_dead_letter_that_nobody_wants_goes_in_time() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());

        keep(&stage.journal, death(1)).await.unwrap();
        sleep(12 * HOUR).await;
        keep(&stage.journal, death(2)).await.unwrap();
        keep(&stage.journal, vec![Entry::Moved(id(1), DeliveryState::Queued)]).await.unwrap();
        keep(&stage.journal, death(1).split_off(1)).await.unwrap();
        sleep(23 * HOUR).await;
        let later = stage.dead().await;
        sleep(3 * HOUR).await;

        assert_eq!((later, stage.dead().await), (2, 0));
    });
}

#[test]
fn a_dead_letter_that_was_tried_again_keeps_no_other() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());

        keep(&stage.journal, [death(1), death(2)].concat()).await.unwrap();
        sleep(20 * HOUR).await;
        keep(&stage.journal, vec![Entry::Moved(id(1), DeliveryState::Queued)]).await.unwrap();
        keep(&stage.journal, death(1).split_off(1)).await.unwrap();
        sleep(6 * HOUR).await;

        assert_eq!(stage.dead().await, 1);
        assert!(matches!(stage.find(&id(2).to_string()).await, Err(NotFound::None(_))));
    });
}

#[test]
fn a_letter_is_found_by_the_end_of_its_name_if_only_it_ends_so() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());
        keep(&stage.journal, [death(0x1_0a0b), death(0x2_0a0b)].concat()).await.unwrap();

        let found = stage.find("1-0A0b").await.unwrap();
        let two = stage.find("a0b").await.unwrap_err();

        assert_eq!(found.letter.delivery.id, id(0x1_0a0b));
        let history: Vec<&str> = found.history.iter().map(|event| event.what.as_str()).collect();
        assert_eq!(history, ["message queued", "message given up: no room"]);
        assert_eq!(two.to_string(), "2 messages end in a0b: give more of the name");
        assert!(stage.find("").await.is_err() && stage.find("f").await.is_err());
    });
}

#[test]
fn how_far_one_has_come_is_kept_though_another_is_not_known_any_more() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());
        keep(&stage.journal, death(1)).await.unwrap();
        let dropped = DeliveryState::Dropped { why: "unwanted".into() };

        let moves = vec![Entry::Moved(id(2), DeliveryState::Delivered), Entry::Moved(id(1), dropped)];
        let kept = keep(&stage.journal, moves).await;

        assert!(matches!(kept, Err(NotKept::Misfit(_))), "{kept:?}");
        assert_eq!(stage.dead().await, 0);
    });
}
