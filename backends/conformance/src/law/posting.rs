//! What we say.

use fulmar_contract::{Identity, Mention, Post, Tone, Undelivered, split};

use super::{Settled, named, settle};
use crate::{Harness, session::receipt};

/// A post that the network took has a receipt and is there for the peer to read.
pub async fn receipt_after_the_network_accepts(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    let (receipt, heard) = tokio::join!(session.post(&room, "żółw and 🐢"), harness.peer_hears(&room));

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "żółw and 🐢");
}

/// Posts ordered at once are written in that order, and each has its receipt.
pub async fn posts_in_order(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    let mut answers = Vec::new();
    for number in 0..20 {
        answers.push(session.order(&room, &format!("number {number}")).await);
    }

    for number in 0..20 {
        assert_eq!(harness.peer_hears(&room).await, format!("number {number}"));
    }
    for answer in answers {
        let receipt = receipt(answer).await;
        assert!(receipt.is_ok(), "{receipt:?}");
    }
}

/// A second attempt at a post, in the same session or the next, is no second message.
pub async fn a_second_attempt_is_the_same_message(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    if !backend.capabilities().idempotent {
        return;
    }
    let post = Post::plain(room.clone(), "once", "the-one-key");

    let (first, heard) = tokio::join!(session.write(post.clone()), harness.peer_hears(&room));
    let second = session.write(post.clone()).await;
    assert!(session.leave().await.is_ok(), "it did not leave politely");
    harness.sees_us_leave().await;
    let Settled { mut session, .. } = settle(&harness).await;
    let third = session.write(post).await;

    assert_eq!(heard, "once");
    assert!(first.is_ok(), "{first:?}");
    assert_eq!((&second, &third), (&first, &first));
    let (receipt, heard) = tokio::join!(session.post(&room, "last"), harness.peer_hears(&room));
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "last");
}

/// A direct message names the room in which it can be answered.
pub async fn answers_a_direct_message(mut harness: impl Harness) {
    let Settled { mut session, me, .. } = settle(&harness).await;
    harness.peer_says_directly(&me, "between us").await;
    let heard = session.heard().await;

    let (receipt, answer) = tokio::join!(session.post(&heard.room, "only you"), harness.peer_hears(&heard.room));

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(answer, "only you");
}

/// A post begins with the name of the person whom it mentions, and bad news reads as it was written.
pub async fn names_who_is_mentioned(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;
    let mut post = Post::plain(room.clone(), "it is done", "named");
    post.mention = Some(Mention { identity: Identity::Claimed("ada".into()), name: "ada".into() });
    post.tone = Tone::Bad;

    let answer = session.order_post(post).await;
    let (receipt, heard) = tokio::join!(receipt(answer), harness.peer_hears(&room));

    assert!(receipt.is_ok(), "{receipt:?}");
    let text = heard.split_once("ada").map(|(_, text)| text);
    assert!(text.is_some_and(|text| text.contains("it is done")), "{heard:?}");
}

/// A text as long as the limit allows arrives as one.
pub async fn keeps_what_is_within_the_limit_whole(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let longest = "x".repeat(backend.capabilities().limit.max);

    let (receipt, heard) = tokio::join!(session.post(&room, &longest), harness.peer_hears(&room));

    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, longest);
}

/// The parts of a long text arrive whole and in order.
pub async fn loses_nothing_of_what_is_split(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let limit = backend.capabilities().limit;
    let text = "żółw 🐢 lorem ".repeat(limit.max / 4);

    for part in split(&text, limit) {
        let (receipt, heard) = tokio::join!(session.post(&room, part), harness.peer_hears(&room));

        assert!(receipt.is_ok(), "{receipt:?}");
        assert_eq!(heard, part);
    }
}

/// Whatever stands in a text, it acts as text: it neither ends the session nor reaches a reader's screen as
/// a control character.
pub async fn control_characters_do_not_escape(mut harness: impl Harness) {
    let Settled { mut session, room, .. } = settle(&harness).await;

    let evil = session.post(&room, "\u{1}VERSION\u{1}\0 a\r\nQUIT :gone\rQUIT\nQUIT \u{1b}[2J\u{7}</x>").await;
    let after = session.post(&room, "still here").await;

    assert!(evil.is_ok() && after.is_ok(), "{evil:?}, {after:?}");
    loop {
        let heard = harness.peer_hears(&room).await;
        let control = heard.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
        assert_eq!(control, None, "in {heard:?}");
        if heard == "still here" {
            break;
        }
    }
}

/// A post to a room that does not exist is refused, and the session goes on.
pub async fn refused_when_the_room_is_unknown(mut harness: impl Harness) {
    let Settled { backend, mut session, room, .. } = settle(&harness).await;
    let unknown = named(&*backend, harness.unknown_room());

    let refused = session.post(&unknown, "anybody?").await;

    assert!(matches!(refused, Err(Undelivered::Refused { .. })), "expected a refusal, got {refused:?}");
    let (receipt, heard) = tokio::join!(session.post(&room, "still here"), harness.peer_hears(&room));
    assert!(receipt.is_ok(), "{receipt:?}");
    assert_eq!(heard, "still here");
}
