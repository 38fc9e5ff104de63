//! What is made of bad answers, and of none.

use std::future::pending;

use futures_util::{StreamExt, TryStreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::yield_now,
};

use super::*;

/// A client of a server that reads one request on each connection, then does `then` with it; and the count of
/// connections.
async fn break_off<F: Future<Output = ()> + 'static>(then: fn(TcpStream) -> F) -> (Client, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(Mutex::new(0));
    let count = Arc::clone(&connections);
    actix_web::rt::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            *count.lock().unwrap() += 1;
            let mut request = [0; 4096];
            if connection.read(&mut request).await.is_ok_and(|read| read > 0) {
                actix_web::rt::spawn(then(connection));
            }
        }
    });
    (client(port), connections)
}

async fn answer(connection: &mut TcpStream, text: &str) {
    connection.write_all(text.as_bytes()).await.unwrap();
}

#[actix_web::test]
async fn each_status_has_its_meaning() {
    let (client, _) = serve(|seen| {
        let status = seen.body["source_context"].as_u64().unwrap();
        HttpResponse::build(u16::try_from(status).unwrap().try_into().unwrap()).json(json!({"faultstring": "no"}))
    });

    for (status, fate, text) in [
        (401, Fate::NotRun, "StackStorm refused the credentials: no"),
        (400, Fate::Doubtful, "StackStorm answered 400: no"),
        (307, Fate::Doubtful, "StackStorm answered 307: no"),
        (500, Fate::Doubtful, "StackStorm answered 500: no"),
        (503, Fate::Doubtful, "StackStorm is not available (503): no"),
        (502, Fate::Unknown, "StackStorm is not available (502): no"),
        (504, Fate::Unknown, "StackStorm is not available (504): no"),
        (
            201,
            Fate::Unknown,
            "StackStorm gave an unexpected answer: missing field `execution` at line 1 column 20",
        ),
    ] {
        let error = client
            .execute(&key(), &AliasExecution { source_context: status.into(), ..command() })
            .await
            .unwrap_err();

        assert_eq!((error.fate(), error.to_string().as_str()), (fate, text));
    }
}

#[actix_web::test]
async fn a_refused_connection_means_that_nothing_ran() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();

    let error = client(port).execute(&key(), &command()).await.unwrap_err();

    assert!(matches!(error, ApiError::Unreachable { .. }), "{error}");
    assert_eq!(error.fate(), Fate::NotRun);
}

#[actix_web::test]
async fn a_connection_closed_before_the_answer_leaves_it_unknown_and_nothing_is_sent_again() {
    let (client, connections) = break_off(|connection| async move { drop(connection) }).await;

    let error = client.execute(&key(), &command()).await.unwrap_err();

    assert_eq!(error.to_string(), "StackStorm did not answer: it closed the connection");
    assert_eq!((error.fate(), *connections.lock().unwrap()), (Fate::Unknown, 1));
}

#[actix_web::test]
async fn a_connection_reset_before_the_answer_leaves_it_unknown() {
    let (client, _) = break_off(|connection| async move { connection.set_zero_linger().unwrap() }).await;

    assert_eq!(client.execute(&key(), &command()).await.unwrap_err().fate(), Fate::Unknown);
}

#[actix_web::test]
async fn an_answer_that_is_cut_short_leaves_it_unknown() {
    let (client, _) = break_off(|mut connection| async move {
        answer(&mut connection, "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"exe").await;
    })
    .await;

    assert_eq!(client.execute(&key(), &command()).await.unwrap_err().fate(), Fate::Unknown);
}

#[actix_web::test]
async fn silence_has_an_end() {
    let (client, _) = break_off(|connection| async move {
        // From here on, the clock jumps whenever everybody waits.
        tokio::time::pause();
        pending::<()>().await;
        drop(connection);
    })
    .await;

    let error = client.execute(&key(), &command()).await.unwrap_err();

    assert_eq!(error, ApiError::Unanswered { why: "no answer in 60s".into() });
}

#[actix_web::test]
async fn a_page_of_a_proxy_is_no_answer() {
    let (client, _) = serve(|_| HttpResponse::Ok().content_type("text/html").body("<html>hello</html>"));

    let error = client.aliases(&key()).await.unwrap_err();

    assert!(matches!(error, ApiError::Garbage { .. }), "{error}");
}

#[actix_web::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let (client, _) = serve(|_| HttpResponse::Ok().body(vec![b' '; MAX_BODY + 1]));

    let error = ask(&client).await.unwrap_err();

    assert_eq!(error, ApiError::Garbage { why: "an answer of more than 33554432 bytes".into() });
}

/// As nginx gives StackStorm's streams, and as proxies do that speak HTTP/1.0.
#[actix_web::test]
async fn a_stream_that_tells_no_length_lasts_as_long_as_its_connection() {
    async fn begin(mut connection: TcpStream, version: &str) {
        let head = "200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
        answer(&mut connection, &format!("{version} {head}\nevent: a\n")).await;
        yield_now().await;
        answer(&mut connection, "data: b\n").await;
    }
    let modern = break_off(|connection| begin(connection, "HTTP/1.1")).await;
    let old = break_off(|connection| begin(connection, "HTTP/1.0")).await;

    for (client, _) in [modern, old] {
        let stream = client.stream(&key(), &["x".into()]).await.unwrap();
        let bytes: Vec<Bytes> = stream.try_collect().await.unwrap();

        assert_eq!(bytes.concat(), b"\nevent: a\ndata: b\n");
    }
}

#[actix_web::test]
async fn a_stream_of_no_bytes_is_over_at_once() {
    let (client, _) = break_off(|mut connection| async move {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 0\r\n\r\n";
        answer(&mut connection, head).await;
        pending::<()>().await;
    })
    .await;

    let mut stream = client.stream(&key(), &["x".into()]).await.unwrap();

    assert!(stream.next().await.is_none());
}

#[actix_web::test]
async fn something_else_in_place_of_the_stream_is_refused() {
    let (client, _) = serve(|seen| match seen.query["events"].as_str() {
        "page" => HttpResponse::Ok().content_type("text/html").body("<html>"),
        "nginx" => HttpResponse::Ok()
            .append_header(("Content-Type", "text/plain"))
            .append_header(("Content-Type", "text/event-stream"))
            .body("retry: 1000\n\n"),
        _ => HttpResponse::Unauthorized().json(json!({"faultstring": "Unauthorized"})),
    });
    let open = async |events: &str| {
        client.stream(&key(), &[events.to_owned()]).await.err().map(|error| error.to_string())
    };

    assert_eq!(open("page").await.unwrap(), "StackStorm gave \"text/html\" in place of the stream");
    assert_eq!(open("nginx").await.unwrap(), "StackStorm gave \"text/plain\" in place of the stream");
    assert_eq!(open("x").await.unwrap(), "StackStorm refused the credentials: Unauthorized");
}

#[actix_web::test]
async fn a_connection_is_used_again_as_long_as_stackstorm_keeps_it() {
    let (client, connections) = break_off(|mut connection| async move {
        let mut request = [0; 4096];
        loop {
            let text = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"id\":\"5f\"}";
            connection.write_all(text.as_bytes()).await.unwrap();
            if connection.read(&mut request).await.is_ok_and(|read| read == 0) {
                return;
            }
        }
    })
    .await;

    ask(&client).await.unwrap();
    ask(&client).await.unwrap();

    assert_eq!(*connections.lock().unwrap(), 1);
    // gunicorn's keep-alive.
    assert!(POOL.keep_alive < Duration::from_secs(2));
}
