//! Rooms that are joined and left by order.

use fulmar_contract::Event;

use super::{Settled, named, settle};
use crate::{Harness, Session, within};

/// A room that we are told to join is joined: we hear what is said there, and are heard. Told again, we are there.
pub async fn joins_a_room_when_told(mut harness: impl Harness) {
    let Settled { backend, mut session, .. } = settle(&harness).await;
    let other = named(&*backend, harness.other_room());

    let joined = session.join(&other).await;
    session.joined(&other).await;
    let again = session.join(&other).await;

    assert_eq!((joined, again), (Ok(()), Ok(())));
    harness.peer_says(&other, "welcome").await;
    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), heard.room), ("welcome", other.clone()));
    let (receipt, heard) = tokio::join!(session.post(&other, "thanks"), harness.peer_hears(&other));
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "thanks");
}

/// A room that we are told to leave is left, and nothing more is heard from it. There is no leaving a room that is none
/// of ours.
pub async fn leaves_a_room_when_told(mut harness: impl Harness) {
    let Settled { mut session, me, room, .. } = settle(&harness).await;

    let left = session.part(&room).await;
    session.parted(&room).await;
    let again = session.part(&room).await;

    assert_eq!(left, Ok(()));
    assert!(again.is_err(), "we were not there any more");
    harness.peer_says(&room, "anybody?").await;
    harness.peer_says_directly(&me, "you there?").await;
    assert_eq!(session.heard().await.text, "you there?");
}

/// What was joined and left by order is so in the next life, too.
pub async fn remembers_its_rooms_in_the_next_life(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let other = named(&*backend, harness.other_room());
    assert_eq!(session.join(&other).await, Ok(()));
    assert_eq!(session.part(&room).await, Ok(()));
    drop(session);
    within("the network to see us leave", harness.sees_us_leave()).await;

    let mut next = Session::start(&*backend);

    let first = next.event().await;
    let Event::Online { rooms, .. } = first else { panic!("expected to be online first, got {first:?}") };
    assert_eq!(rooms.iter().collect::<Vec<_>>(), [&other]);
    next.joined(&other).await;
}
