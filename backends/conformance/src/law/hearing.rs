//! What the network says.

use super::{Settled, settle};
use crate::Harness;

/// What the peer writes in a room is heard as written, with a sender and an id.
pub async fn hears_a_room_message(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    harness.peer_says(&room, "żółw and 🐢").await;

    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), &heard.room), ("żółw and 🐢", &room));
    assert!(!heard.mentioned, "nobody was mentioned");
    assert!(!heard.sender.name.is_empty() && !heard.id.as_str().is_empty());
}

/// What the peer writes to us alone is heard as direct.
pub async fn hears_a_direct_message(mut harness: impl Harness) {
    let Settled { mut session, me, .. } = settle(&harness).await;

    harness.peer_says_directly(&me, "between us").await;

    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), heard.direct), ("between us", true));
}

/// Our mention at the beginning is noticed and taken away; one elsewhere is only text.
pub async fn knows_when_mentioned(mut harness: impl Harness) {
    let Settled { mut session, me, room, .. } = settle(&harness).await;

    harness.peer_says(&room, &format!("{}run date", harness.mention(&me))).await;
    harness.peer_says(&room, &format!("ask {}run date", harness.mention(&me))).await;

    let heard = session.heard().await;
    assert_eq!((heard.text.as_str(), heard.mentioned), ("run date", true));
    assert!(!session.heard().await.mentioned, "a mention in the middle is only text");
}

/// What we post is never heard.
pub async fn ignores_its_own_words(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    let receipt = session.post(&room, "our own words").await;
    harness.peer_hears(&room).await;
    harness.peer_says(&room, "somebody else's words").await;

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(session.heard().await.text, "somebody else's words");
}

/// Messages are heard in the order in which they were written, each with an id of its own.
pub async fn hears_in_order(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    for number in 0..20 {
        harness.peer_says(&room, &format!("number {number}")).await;
    }

    let mut ids = Vec::new();
    for number in 0..20 {
        let heard = session.heard().await;
        assert_eq!(heard.text, format!("number {number}"));
        assert!(!ids.contains(&heard.id), "the id {} came twice", heard.id);
        ids.push(heard.id);
    }
}

/// No message of a later session has the id of an earlier one's: it would be taken for that one, said once more.
pub async fn no_id_comes_again_in_a_later_session(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    harness.peer_says(&room, "once").await;
    let once = session.heard().await;
    assert!(session.leave().await.is_ok(), "it did not leave politely");
    harness.sees_us_leave().await;
    let Settled { mut session, .. } = settle(&harness).await;
    harness.peer_says(&room, "once").await;
    let again = session.heard().await;

    assert_ne!(once.id, again.id);
}

/// Nonsense from the network neither ends the session nor hides what comes after it.
pub async fn survives_garbage(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    harness.garbage().await;
    harness.peer_says(&room, "still there?").await;

    while session.heard().await.text != "still there?" {}
}
