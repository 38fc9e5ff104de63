//! What is asked to come again later.

use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

/// Answers by `status` with this `Retry-After`.
fn later(status: u16, after: &str) -> HttpResponse {
    let mut response = HttpResponse::build(status.try_into().unwrap());
    response.insert_header(("Retry-After", after)).json(json!({"faultstring": "later"}))
}

/// How long a call takes.
async fn timed<T>(call: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    (call.await, began.elapsed())
}

#[actix_web::test]
async fn what_only_asks_is_asked_once_more_when_the_time_has_come() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let (client, requests) = serve(|seen| match (seen.path.as_str(), ASKED.fetch_add(1, Ordering::Relaxed)) {
        (_, 0) => later(429, "0.3"),
        (_, 2) => later(503, "0.3"),
        ("/api/v1/executions/5f", _) => HttpResponse::Ok().json(json!({"id": "5f"})),
        (_, _) => HttpResponse::Created()
            .json(json!({"token": "t", "user": "u", "expiry": "2036-11-21T03:34:00.000000Z"})),
    });

    let (asked, first) = timed(ask(&client)).await;
    let (token, second) = timed(client.token("u", &Secret::new("p"), Duration::from_secs(60))).await;

    assert!(asked.is_ok() && token.is_ok(), "{asked:?}");
    assert!([first, second].iter().all(|took| *took >= Duration::from_millis(300)), "{first:?} {second:?}");
    assert_eq!(requests.lock().unwrap().len(), 4);
}

#[actix_web::test]
async fn a_refusal_that_comes_twice_is_an_error() {
    let (client, requests) = serve(|_| later(429, "0.1"));

    let error = ask(&client).await.unwrap_err();

    assert_eq!(error.to_string(), "StackStorm answered 429: later");
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_command_is_never_sent_again_and_the_next_one_waits() {
    let (client, requests) = serve(|_| later(429, "0.3"));

    let (first, _) = timed(client.execute(&key(), &command())).await;
    let (second, took) = timed(client.execute(&key(), &command())).await;

    assert_eq!([first, second].map(|it| it.unwrap_err().fate()), [Fate::Doubtful; 2]);
    assert!(took >= Duration::from_millis(300), "{took:?}");
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[actix_web::test]
async fn while_a_service_rests_for_long_commands_are_refused_unsent_and_others_go_on() {
    let (client, requests) = serve(|seen| match seen.path.as_str() {
        "/stream/v1/stream" => HttpResponse::Ok().content_type("text/event-stream").body("\n"),
        _ => later(503, "3600"),
    });

    let first = client.execute(&key(), &command()).await.unwrap_err();
    let second = client.execute(&key(), &command()).await.unwrap_err();

    assert_eq!((first.fate(), second.fate()), (Fate::Doubtful, Fate::NotRun));
    // An hour is not believed.
    assert!(second.to_string().starts_with("StackStorm asks not to be called for 59 seconds"), "{second}");
    assert!(client.stream(&key(), &["x".to_owned()]).await.is_ok());
    assert_eq!(requests.lock().unwrap().len(), 2);
}

#[actix_web::test]
async fn a_stream_is_not_opened_before_its_time() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let (client, _) = serve(|_| match ASKED.fetch_add(1, Ordering::Relaxed) {
        0 => later(503, "0.3"),
        _ => HttpResponse::Ok().content_type("text/event-stream").body("\n"),
    });

    let refused = client.stream(&key(), &["x".to_owned()]).await.err().map(|it| it.to_string());
    let (opened, took) = timed(client.stream(&key(), &["x".to_owned()])).await;

    assert_eq!(refused.unwrap(), "StackStorm is not available (503): later");
    assert!(opened.is_ok() && took >= Duration::from_millis(300), "{took:?}");
}

#[actix_web::test]
async fn what_names_no_time_or_a_strange_one_is_an_ordinary_refusal() {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let (client, requests) = serve(|_| match ASKED.fetch_add(1, Ordering::Relaxed) {
        0 => later(429, "-1"),
        1 => later(503, "soon"),
        2 => later(429, "1000000000"),
        3 => later(503, "Fri, 31 Dec 2049 23:59:59 GMT"),
        _ => HttpResponse::TooManyRequests().finish(),
    });

    for _ in 0..5 {
        assert!(ask(&client).await.is_err());
    }

    assert_eq!(requests.lock().unwrap().len(), 5);
}
