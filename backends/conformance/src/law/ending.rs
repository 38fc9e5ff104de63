//! How sessions end.

use fulmar_contract::Failure;

use super::{Settled, settle};
use crate::{Harness, within};

/// A cut connection is [`Failure::Lost`].
pub async fn severed_is_lost(mut harness: impl Harness) {
    let Settled { session, .. } = settle(&harness).await;

    harness.sever().await;

    let end = session.ended().await;
    assert!(matches!(end, Err(Failure::Lost { .. })), "expected a lost session, got {end:?}");
}

/// Closed orders end the session without a failure.
pub async fn leaves_when_orders_close(mut harness: impl Harness) {
    let Settled { session, .. } = settle(&harness).await;

    let end = session.leave().await;

    assert!(end.is_ok(), "{end:?}");
    within("the network to see us leave", harness.sees_us_leave()).await;
}

/// A dropped session does not linger.
pub async fn dropping_the_session_closes_the_connection(mut harness: impl Harness) {
    let Settled { session, .. } = settle(&harness).await;

    drop(session);

    within("the network to see us leave", harness.sees_us_leave()).await;
}

/// Nothing of a life that ended stands in the way of the next.
pub async fn a_second_session_works_after_the_first(mut harness: impl Harness) {
    let first = settle(&harness).await;
    drop(first);
    within("the network to see us leave", harness.sees_us_leave()).await;

    let Settled { mut session, room, .. } = settle(&harness).await;

    harness.peer_says(&room, "welcome back").await;
    assert_eq!(session.heard().await.text, "welcome back");
    let (receipt, heard) = tokio::join!(session.post(&room, "thanks"), harness.peer_hears(&room));
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "thanks");
}
