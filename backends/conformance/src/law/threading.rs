//! Where a message belongs: its thread, and the message that it answers. Without threads or replies there is nothing to prove.

use fulmar_contract::Post;

use super::{Settled, settle};
use crate::Harness;

/// A message in a thread says so, always in the same way; one outside of threads says that it is in none.
pub async fn a_message_in_a_thread_says_so(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().threads {
        return;
    }

    harness.peer_says(&room, "outside").await;
    harness.peer_says_in_thread(&room, "inside").await;
    harness.peer_says_in_thread(&room, "still inside").await;

    let outside = session.heard().await;
    let inside = session.heard().await;
    let still = session.heard().await;
    assert_eq!((outside.text.as_str(), outside.thread), ("outside", None));
    assert_eq!((inside.text.as_str(), still.text.as_str()), ("inside", "still inside"));
    assert!(inside.thread.is_some(), "the thread was not heard");
    assert_eq!(inside.thread, still.thread);
    assert_eq!(still.room, room);
}

/// What answers a message in a thread is in that thread; what answers one outside is not.
pub async fn an_answer_stays_in_its_thread(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().threads {
        return;
    }
    harness.peer_says_in_thread(&room, "inside").await;
    let heard = session.heard().await;

    for thread in [heard.thread, None] {
        let key = format!("in {thread:?}");
        let post = Post { thread: thread.clone(), ..Post::plain(room.clone(), "the answer", key) };
        let (receipt, seen) = tokio::join!(session.write(post), harness.peer_sees(&room));

        assert!(receipt.is_ok(), "{receipt:?}");
        assert_eq!((seen.text.as_str(), seen.thread), ("the answer", thread));
    }
}

/// Where a thread can be opened at a message, what is posted in that thread is seen there.
pub async fn a_thread_can_be_opened_at_a_message(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    harness.peer_says(&room, "run date").await;
    let Some(thread) = backend.thread_at(&session.heard().await.id) else { return };

    let post = Post { thread: Some(thread.clone()), ..Post::plain(room.clone(), "the answer", "opening") };
    let (receipt, seen) = tokio::join!(session.write(post), harness.peer_sees(&room));

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!((seen.text.as_str(), seen.thread), ("the answer", Some(thread)));
}

/// A post shows which message it answers.
pub async fn a_post_shows_what_it_answers(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().replies {
        return;
    }
    harness.peer_says(&room, "run date").await;
    harness.peer_says(&room, "meanwhile").await;
    let asked = session.heard().await.id;

    for answers in [Some(asked), None] {
        let key = format!("to {answers:?}");
        let post = Post { answers: answers.clone(), ..Post::plain(room.clone(), "the answer", key) };
        let (receipt, seen) = tokio::join!(session.write(post), harness.peer_sees(&room));

        assert!(receipt.is_ok(), "{receipt:?}");
        assert_eq!((seen.text.as_str(), seen.answers), ("the answer", answers));
    }
}

/// What answers a message that is gone is posted all the same.
pub async fn an_answer_to_what_is_gone_is_posted(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().replies {
        return;
    }
    harness.peer_says(&room, "run date").await;
    let asked = session.heard().await.id;
    harness.forget(&room, &asked).await;

    let post = Post { answers: Some(asked), ..Post::plain(room.clone(), "the answer", "answer") };
    let (receipt, seen) = tokio::join!(session.write(post), harness.peer_sees(&room));

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(seen.text, "the answer");
}
