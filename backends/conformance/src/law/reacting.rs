//! Reactions, theirs and ours.

use fulmar_contract::MessageId;

use super::{Settled, settle};
use crate::Harness;

/// A reaction to a message of ours is heard, and so is that it was taken away.
pub async fn hears_a_reaction_come_and_go(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().reactions {
        return;
    }
    let (receipt, _) = tokio::join!(session.post(&room, "which one?"), harness.peer_hears(&room));
    let Ok(Some(message)) = receipt.map(|receipt| receipt.id) else { panic!("a receipt names its message") };

    for (emoji, is_there) in [(Some("👍"), true), (None, false)] {
        harness.peer_reacts(&room, &message, emoji).await;

        let reaction = session.reacted().await;
        assert_eq!((reaction.emoji.as_str(), reaction.is_there), ("👍", is_there));
        assert_eq!((&reaction.room, &reaction.message), (&room, &message));
        assert!(!reaction.sender.name.is_empty(), "somebody reacted");
    }
}

/// A reaction of ours is there to see until another takes its place, or it is taken away; we do not hear it ourselves.
/// Where there are no reactions, it is refused.
pub async fn a_reaction_of_ours_takes_the_place_of_the_last(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    harness.peer_says(&room, "run date").await;
    let asked = session.heard().await.id;
    if !backend.capabilities().reactions {
        let refused = session.react(&room, &asked, Some("👀")).await;

        assert!(refused.is_err(), "there are no reactions");
        return;
    }

    for emoji in [Some("👀"), Some("👍"), None] {
        let taken = session.react(&room, &asked, emoji).await;

        assert_eq!(taken, Ok(()));
        harness.peer_sees_reaction(&room, &asked, emoji).await;
    }

    let (receipt, _) = tokio::join!(session.post(&room, "done"), harness.peer_hears(&room));
    let Ok(Some(message)) = receipt.map(|receipt| receipt.id) else { panic!("a receipt names its message") };
    harness.peer_reacts(&room, &message, Some("👎")).await;
    assert_eq!(session.reacted().await.emoji, "👎", "our own reactions were heard");
}

/// A reaction to a message that is gone ends nothing.
pub async fn survives_a_reaction_to_what_is_gone(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().reactions {
        return;
    }
    let (receipt, _) = tokio::join!(session.post(&room, "one"), harness.peer_hears(&room));
    let message = receipt.ok().and_then(|receipt| receipt.id).unwrap_or_else(|| MessageId::new("1"));
    harness.forget(&room, &message).await;

    // Some networks take it, some do not.
    drop(session.react(&room, &message, Some("👀")).await);

    let (receipt, heard) = tokio::join!(session.post(&room, "last"), harness.peer_hears(&room));
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "last");
}
