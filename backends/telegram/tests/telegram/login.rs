//! How sessions begin, and what ends them.

use fulmar_botapi::{ADA, BotApi, Fault, OPS, What};
use fulmar_conformance::Session;
use fulmar_contract::{Failure, Link, Login};
use tokio::{
    sync::mpsc,
    time::{Duration, Instant, pause},
};

use crate::chat::{self, settled};

/// How a session ends before it is online.
async fn end_of_login(fault: Fault) -> Failure {
    let api = BotApi::start().await;
    api.fault(fault);
    Session::start(&*chat::on(&api).build()).ended_unheard().await.unwrap_err()
}

#[tokio::test]
async fn a_flood_at_the_login_is_waited_out() {
    for method in ["getMe", "deleteWebhook"] {
        let end = end_of_login(Fault::of(method, What::Flood(17))).await;

        let Failure::RateLimited { retry_after } = end else { panic!("{end:?}") };
        assert_eq!(retry_after, Duration::from_secs(17));
    }
}

#[tokio::test]
async fn what_breaks_a_login_loses_the_session_at_once() {
    let start = Instant::now();

    for what in [What::Status(500), What::Status(502), What::Cut, What::CutAfter] {
        let end = end_of_login(Fault::of("getMe", what)).await;

        assert!(matches!(end, Failure::Lost { .. }), "{what:?}: {end:?}");
    }

    assert!(start.elapsed() < Duration::from_secs(8), "nothing is waited for in between");
}

#[tokio::test]
async fn what_breaks_the_polling_loses_the_session() {
    for what in [What::Status(502), What::Cut] {
        let (api, session, _) = settled().await;

        api.fault(Fault::of("getUpdates", what));
        api.say(OPS, ADA, "next");

        let end = session.ended().await;
        assert!(matches!(end, Err(Failure::Lost { .. })), "{what:?}: {end:?}");
    }
}

#[tokio::test]
async fn a_flood_of_polls_is_waited_out() {
    let (api, session, _) = settled().await;

    api.fault(Fault::of("getUpdates", What::Flood(9)));
    api.say(OPS, ADA, "next");

    let end = session.ended().await;
    assert!(matches!(end, Err(Failure::RateLimited { retry_after }) if retry_after.as_secs() == 9), "{end:?}");
}

#[tokio::test]
async fn a_link_that_is_dead_is_noticed_within_a_minute() {
    let api = BotApi::start().await;
    let ((events, mut heard), (_orders, out)) = (mpsc::channel(16), mpsc::channel(1));
    api.fault(Fault::of("getUpdates", What::Hang));
    let session = tokio::spawn(chat::on(&api).build().run(Link::new(Login::Usual, events, out)));
    api.called("getUpdates", 1).await;

    // From here on nothing moves but the clock.
    pause();
    let start = Instant::now();
    while heard.recv().await.is_some() {}

    let end = session.await.unwrap();
    assert!(matches!(end, Err(Failure::Lost { .. })), "{end:?}");
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[tokio::test]
async fn another_program_with_the_token_is_named_as_the_reason() {
    let (api, session, _) = settled().await;

    api.another_poller();

    let Err(Failure::Lost { why }) = session.ended().await else { panic!("it is not lost") };
    assert!(why.starts_with("another program uses this token: Conflict"), "{why}");
}

#[tokio::test]
async fn no_failure_shows_the_token() {
    let api = BotApi::start().await;
    let token = api.token();
    // Nobody listens on a port that was just given back.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let backend = chat::on(&api).text("api_url", &format!("http://{free}")).build();

    let Err(end @ Failure::Lost { .. }) = Session::start(&*backend).ended().await else {
        panic!("it is not lost")
    };

    assert!(!format!("{end} {end:?}").contains(token.split(':').nth(1).unwrap()), "{end}");
    assert!(!end.to_string().contains("/bot"), "the address of a call holds the token: {end}");
}
