//! What we put in the place of what we said.

use fulmar_contract::{MessageId, Undelivered};

use super::{Settled, settle};
use crate::{Harness, Session};

/// An edit replaces the text of the post that it names, as often as one likes, and nothing else appears. Where there are no
/// edits it is refused, and nothing appears either.
pub async fn an_edit_replaces_the_text_and_nothing_else(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let (receipt, heard) = tokio::join!(session.post(&room, "one"), harness.peer_hears(&room));
    assert_eq!(heard, "one");
    let message = receipt.map(|receipt| receipt.id);

    if backend.capabilities().edits {
        let Ok(Some(message)) = message else {
            panic!("where there are edits, a receipt names its message: {message:?}")
        };
        for text in ["two", "two, and żółw", "three"] {
            let (edited, seen) = tokio::join!(session.edit(&room, &message, text), harness.peer_sees_edit(&room));

            assert!(edited.is_ok(), "{edited:?}");
            assert_eq!(seen, text);
        }
    } else {
        let message = message.ok().flatten().unwrap_or_else(|| MessageId::new("1"));

        let edited = session.edit(&room, &message, "two").await;

        assert!(matches!(edited, Err(Undelivered::Refused { .. })), "expected a refusal, got {edited:?}");
    }

    let (receipt, heard) = tokio::join!(session.post(&room, "last"), harness.peer_hears(&room));
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "last", "an edit is no post");
}

/// A message that is gone cannot be edited: that is refused, nothing is posted in its place, and the session goes on.
pub async fn refuses_to_edit_what_is_gone(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let (receipt, _) = tokio::join!(session.post(&room, "one"), harness.peer_hears(&room));
    let message = receipt.ok().and_then(|receipt| receipt.id).unwrap_or_else(|| MessageId::new("1"));
    if backend.capabilities().edits {
        harness.forget(&room, &message).await;
    }

    let refused = session.edit(&room, &message, "two").await;

    assert!(matches!(refused, Err(Undelivered::Refused { .. })), "expected a refusal, got {refused:?}");
    let (receipt, heard) = tokio::join!(session.post(&room, "last"), harness.peer_hears(&room));
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "last");
}

/// What was posted in one life can be edited in the next.
pub async fn edits_what_an_earlier_life_posted(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().edits {
        return;
    }
    let (receipt, _) = tokio::join!(session.post(&room, "one"), harness.peer_hears(&room));
    let Ok(Some(message)) = receipt.map(|receipt| receipt.id) else { panic!("a receipt names its message") };
    drop(session);

    let (mut next, _) = Session::in_room(&*backend, &room).await;
    let (edited, seen) = tokio::join!(next.edit(&room, &message, "two"), harness.peer_sees_edit(&room));

    assert!(edited.is_ok(), "{edited:?}");
    assert_eq!(seen, "two");
}
