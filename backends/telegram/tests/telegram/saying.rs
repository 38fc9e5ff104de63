//! What is said, and what becomes of it.

use std::sync::Arc;

use fulmar_botapi::{ADA, BOB, BotApi, Fault, LOUNGE, Limits, OPS, What};
use fulmar_conformance::Session;
use fulmar_contract::{File, Identity, Mention, Post, Receipt, ThreadId, Undelivered, UserId};
use serde_json::json;
use tokio::time::{Duration, Instant};

use crate::chat::{self, room, settled, settled_as};

fn post(text: &str) -> Post {
    Post::plain(room(OPS), text, text)
}

/// What becomes of a post that this befalls.
async fn befallen(what: What) -> (BotApi, Session, Result<Receipt, Undelivered>) {
    let (api, mut session, _) = settled().await;
    api.fault(Fault::of("sendMessage", what));
    let outcome = session.post(&room(OPS), "hello").await;
    (api, session, outcome)
}

#[tokio::test]
async fn what_may_have_been_taken_is_unknown_and_the_session_goes_on() {
    for (what, is_there) in [(What::Cut, false), (What::CutAfter, true), (What::Status(502), false)] {
        let (api, mut session, outcome) = befallen(what).await;

        assert!(matches!(outcome, Err(Undelivered::Unknown { .. })), "{what:?}: {outcome:?}");
        assert_eq!(!api.shown(OPS).is_empty(), is_there);
        assert!(session.post(&room(OPS), "again").await.is_ok());
    }
}

#[tokio::test]
async fn a_flood_is_put_off_for_as_long_as_telegram_says_and_its_chat_rests() {
    let (_api, mut session, outcome) = befallen(What::Flood(2)).await;
    let start = Instant::now();

    let Err(Undelivered::Later { after, .. }) = outcome else { panic!("{outcome:?}") };
    assert_eq!(after, Some(Duration::from_secs(2)));
    assert!(session.post(&room(LOUNGE), "elsewhere").await.is_ok());
    assert!(start.elapsed() < Duration::from_secs(1), "another chat does not wait");
    assert!(session.post(&room(OPS), "again").await.is_ok());
    assert!(start.elapsed() >= Duration::from_millis(1_900));
}

#[tokio::test]
async fn the_documented_limits_are_kept_without_being_told() {
    let api = BotApi::start().await;
    api.limit(Limits::DOCUMENTED);
    let chat = chat::on(&api).with("rate", 1).with("group_rate", 20).with("total_rate", 30);
    let (mut session, _) = settled_as(chat, &api).await;
    let mut answers = Vec::new();

    for number in 0..7 {
        answers.push(session.order(&room(OPS), &number.to_string()).await);
        answers.push(session.order(&room(LOUNGE), &number.to_string()).await);
    }

    for answer in answers {
        assert!(answer.await.unwrap().is_ok());
    }
    let texts: Vec<String> = api.shown(OPS).into_iter().map(|shown| shown.text).collect();
    assert_eq!(texts, ["0", "1", "2", "3", "4", "5", "6"]);
}

#[tokio::test]
async fn marks_that_telegram_cannot_read_are_refused_with_its_words() {
    let (api, mut session, _) = settled().await;

    let refused = session.write(Post { marked: Some("<h1>x</h1>".into()), ..post("x") }).await;

    let expected = "Bad Request: can't parse entities: Unsupported start tag \"h1\" at byte offset 0";
    assert_eq!(refused, Err(Undelivered::Refused { why: expected.into() }));
    assert!(api.shown(OPS).is_empty());
}

#[tokio::test]
async fn a_mention_alerts_the_person_that_it_names() {
    let (api, mut session, _) = settled().await;
    let mention =
        Some(Mention { identity: Identity::Vouched(UserId::new(BOB.to_string())), name: "B<o>b".into() });

    let (posted, shown) = tokio::join!(session.write(Post { mention, ..post("1 < 2") }), api.next_post(OPS));

    assert!(posted.is_ok(), "{posted:?}");
    assert_eq!(shown.text, "B<o>b: 1 < 2");
    assert_eq!(shown.pieces("text_link"), ["B<o>b"]);
    assert_eq!(shown.entities[0].url, Some(format!("tg://user?id={BOB}")));
}

#[tokio::test]
async fn a_text_that_is_too_long_for_a_caption_goes_before_its_file() {
    let (api, mut session, _) = settled().await;
    let file = File { name: "all.txt".into(), media_type: "text/plain".into(), content: Arc::from(&b"all"[..]) };
    let long = "🐢".repeat(513);

    let posted = session.write(Post { file: Some(file.clone()), ..post(&long) }).await.unwrap();
    let (text, document) = (api.next_post(OPS).await, api.next_post(OPS).await);

    assert_eq!((text.text, text.file), (long, None));
    assert_eq!((document.text.as_str(), document.file.map(|file| file.name)), ("", Some("all.txt".into())));
    assert_eq!(posted.id.unwrap().as_str(), format!("{OPS}/{}", text.id));

    api.fault(Fault::of("sendDocument", What::Flood(5)));
    let half = session.write(Post { file: Some(file), ..post(&"x".repeat(2000)) }).await;
    assert!(matches!(half, Err(Undelivered::Unknown { .. })), "half of it is there: {half:?}");
}

#[tokio::test]
async fn a_file_needs_no_text_and_goes_where_it_belongs() {
    let (api, mut session, _) = settled().await;
    let file = File { name: "a\"b.txt".into(), media_type: "no such type".into(), content: Arc::from(&b"x"[..]) };
    let asked = api.say(OPS, ADA, "run date");
    let thread = Some(ThreadId::new(fulmar_botapi::TOPIC.to_string()));
    let answers = Some(session.heard().await.id);

    let (posted, shown) =
        tokio::join!(session.write(Post { file: Some(file), thread, answers, ..post("") }), api.next_post(OPS));

    assert!(posted.is_ok(), "{posted:?}");
    assert_eq!((shown.topic, shown.answers), (Some(fulmar_botapi::TOPIC), Some(asked)));
    assert_eq!(shown.file.unwrap().content[..], b"x"[..]);
}

#[tokio::test]
async fn a_topic_that_is_gone_refuses() {
    let (_api, mut session, _) = settled().await;

    let refused = session.write(Post { thread: Some(ThreadId::new("99")), ..post("hello") }).await;

    assert_eq!(refused, Err(Undelivered::Refused { why: "Bad Request: message thread not found".into() }));
}

#[tokio::test]
async fn an_edit_that_changes_nothing_is_as_good_as_any() {
    let (api, mut session, _) = settled().await;
    let message = session.post(&room(OPS), "one").await.unwrap().id.unwrap();

    for _ in 0..2 {
        assert_eq!(session.edit(&room(OPS), &message, "two").await, Ok(Receipt { id: Some(message.clone()) }));
    }

    assert_eq!(api.shown(OPS).last().unwrap().text, "two");
}

#[tokio::test]
async fn who_blocks_the_bot_is_not_written_to() {
    let (api, mut session, _) = settled().await;
    api.say(ADA, ADA, "/start");
    session.heard().await;

    api.kick(ADA);
    let blocked = session.post(&room(ADA), "hello").await;
    let stranger = session.post(&room(BOB), "hello").await;

    let refused = |why: &str| Err(Undelivered::Refused { why: why.into() });
    assert_eq!(blocked, refused("Forbidden: bot was blocked by the user"));
    assert_eq!(stranger, refused("Bad Request: chat not found"));
}

#[tokio::test]
async fn previews_and_sounds_are_as_the_alias_says() {
    let (api, mut session, _) = settled().await;
    let extra = json!({"disable_web_page_preview": false, "disable_notification": true});

    let usual = session.write(post("see https://example.org")).await;
    let said = session.write(Post { extra, ..post("see https://example.com") }).await;

    assert!(usual.is_ok() && said.is_ok());
    let ways: Vec<_> = api.shown(OPS).into_iter().map(|shown| (shown.has_preview, shown.is_silent)).collect();
    assert_eq!(ways, [(false, false), (true, true)]);
}

#[tokio::test]
async fn only_telegrams_own_reactions_are_taken() {
    let (api, mut session, _) = settled().await;
    let asked = api.say(OPS, ADA, "run date");
    let message = session.heard().await.id;

    assert_eq!(session.react(&room(OPS), &message, Some("❤\u{fe0f}")).await, Ok(()));
    api.reaction(OPS, asked, Some("❤")).await;
    assert_eq!(session.react(&room(OPS), &message, Some("✅")).await, Err("Bad Request: REACTION_INVALID".into()));
}

#[tokio::test]
async fn what_is_offered_already_is_not_offered_again() {
    let (api, mut session, _) = settled().await;

    for _ in 0..3 {
        assert_eq!(session.offer(&["help", "run", "no-dash"]).await, Ok(()));
    }

    assert_eq!(api.calls("setMyCommands"), 1);
    assert_eq!(api.commands()[1], ("run".into(), "What run does".into()));
}
