//! What was said while nobody of ours was there.

use std::time::SystemTime;

use super::{Settled, settle};
use crate::{Harness, Session};

/// What was said while we were away is heard in the next session, if that is told since when: once, in its order, with the
/// time when it was said. What was heard last may come again, under its id.
pub async fn hears_what_was_said_while_away(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;
    harness.peer_says(&room, "before").await;
    let before = session.heard().await;
    assert!(session.leave().await.is_ok(), "it did not leave politely");
    harness.sees_us_leave().await;
    for text in ["one", "two", "three"] {
        harness.peer_says(&room, text).await;
    }
    let back = SystemTime::now();

    let mut session = Session::since(&*harness.backend(), before.at);
    session.online().await;
    session.joined(&room).await;
    harness.peer_says(&room, "four").await;

    let mut last = before.at;
    for text in ["one", "two", "three", "four"] {
        let mut heard = session.heard().await;
        if heard.id == before.id {
            heard = session.heard().await;
        }
        assert_eq!(heard.text, text);
        assert!(heard.at >= last, "{text} was said before what was heard before it");
        assert!(text == "four" || heard.at <= back, "{text} has not the time when it was said");
        last = heard.at;
    }
}

/// A session that is not told since when hears nothing of what was said before.
pub async fn hears_nothing_of_the_past_unasked(mut harness: impl Harness) {
    let Settled { session, room, .. } = settle(&harness).await;
    assert!(session.leave().await.is_ok(), "it did not leave politely");
    harness.sees_us_leave().await;
    harness.peer_says(&room, "to nobody").await;

    let mut session = Session::start(&*harness.backend());
    session.online().await;
    session.joined(&room).await;
    harness.peer_says(&room, "to us").await;

    assert_eq!(session.heard().await.text, "to us");
}

/// What a person makes of a message afterwards is not heard: it would be obeyed twice.
pub async fn an_edited_message_is_not_heard_again(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().edits {
        return;
    }
    harness.peer_says(&room, "run date").await;
    let heard = session.heard().await;

    harness.peer_edits(&room, &heard.id, "run uptime").await;
    harness.peer_says(&room, "thanks").await;

    assert_eq!(session.heard().await.text, "thanks");
}
