//! What is asked, and what is made of good answers.

use futures_util::TryStreamExt;

use super::*;
use crate::st2::wire::{MatchAndExecute, MatchAnswer};

#[actix_web::test]
async fn all_aliases_are_read_page_by_page_without_an_administrators_rights() {
    let (client, requests) = serve(|seen| {
        let number = |name: &str| seen.query[name].parse::<usize>().unwrap();
        let (limit, offset) = (number("limit"), number("offset"));
        if limit > 100 {
            return HttpResponse::Forbidden().finish();
        }
        let mut page: Vec<Value> = (offset..250.min(offset + limit))
            .map(|id| json!({"id": id.to_string(), "name": "a", "pack": "p"}))
            .collect();
        if offset == 100 {
            page[0]["name"] = Value::Null;
            page[1]["id"] = "99".into();
        }
        HttpResponse::Ok().insert_header(("X-Total-Count", "250")).json(page)
    });

    let aliases = client.aliases(&key()).await.unwrap();

    // One cannot be read, one came twice.
    assert_eq!(aliases.len(), 248);
    let requests = requests.lock().unwrap();
    assert_eq!(requests.len(), 3);
    assert_eq!(requests[0].path, "/api/v1/actionalias");
    assert_eq!(requests[0].headers["st2-api-key"], "the-key");
    assert!(!requests[0].headers.contains_key("x-auth-token"));
}

#[actix_web::test]
async fn none_ambiguous_and_one_are_told_apart() {
    let (client, _) = serve(|seen| {
        let command = seen.body["command"].as_str().unwrap();
        let fault = |text: &str| {
            HttpResponse::BadRequest().json(json!({"faultstring": format!("Command '{command}' {text}")}))
        };
        match command {
            "none" => fault("matched no patterns"),
            "two" => fault("matched more than 1 pattern"),
            "one" => HttpResponse::Ok().json(json!({
                "actionalias": {"name": "a", "pack": "p"}, "display": null, "representation": "one"})),
            _ => HttpResponse::InternalServerError().json(json!({"faultstring": "Internal Server Error"})),
        }
    });

    let one = client.match_alias(&key(), "one").await.unwrap();
    assert!(
        matches!(one, MatchAnswer::One(it) if it.actionalias.reference() == "p.a" && it.representation == "one")
    );
    assert!(matches!(client.match_alias(&key(), "two").await, Ok(MatchAnswer::Ambiguous)));
    assert!(matches!(client.match_alias(&key(), "none").await, Ok(MatchAnswer::None)));
    assert!(client.match_alias(&key(), "broken").await.is_err());
}

#[actix_web::test]
async fn a_command_carries_our_context_and_asks_for_no_route_of_its_own() {
    let (client, requests) = serve(|_| {
        HttpResponse::Created().json(json!({
            "execution": {"id": "5f", "status": "requested"},
            "actionalias": {"name": "echo"},
            "message": "on it",
        }))
    });

    let answer = client.execute(&Access::Token(Secret::new("t")), &command()).await.unwrap();

    assert_eq!((answer.execution.id.as_str(), answer.message()), ("5f", Some("on it")));
    let requests = requests.lock().unwrap();
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/api/v1/aliasexecution"));
    assert_eq!(requests[0].headers["x-auth-token"], "t");
    assert_eq!(requests[0].headers["content-type"], "application/json");
    assert_eq!(requests[0].body, json!(command()));
}

#[actix_web::test]
async fn a_multiple_match_gives_every_execution() {
    let (client, _) = serve(|_| {
        let results = json!([{"execution": {"id": "5f"}}, {"execution": {"id": "60"}}]);
        HttpResponse::Created().json(json!({"results": results}))
    });
    let body = MatchAndExecute { command: "c".into(), user: "u".into(), source_channel: "s".into() };

    let answers = client.match_and_execute(&key(), &body).await.unwrap();

    assert_eq!(answers.iter().map(|answer| answer.execution.id.as_str()).collect::<Vec<_>>(), ["5f", "60"]);
}

#[actix_web::test]
async fn executions_are_asked_for_in_batches_and_those_that_are_gone_are_left_out() {
    let (client, requests) = serve(|seen| {
        let ids = seen.query["id"].split(',').filter(|id| *id != "7");
        HttpResponse::Ok().json(ids.map(|id| json!({"id": id})).collect::<Vec<_>>())
    });
    let ids: Vec<ExecutionId> = (0..120).map(|id| ExecutionId::new(id.to_string()).unwrap()).collect();

    let found = client.executions(&key(), &ids).await.unwrap();

    assert_eq!((found.len(), requests.lock().unwrap().len()), (119, 3));
}

#[actix_web::test]
async fn an_execution_that_is_gone_is_told_from_other_refusals() {
    let (client, _) =
        serve(|_| HttpResponse::NotFound().json(json!({"faultstring": "Unable to identify resource"})));

    let error = client.execution(&key(), &ExecutionId::new("5f").unwrap()).await.unwrap_err();

    assert!(error.is_absent());
}

#[actix_web::test]
async fn a_proxy_that_finds_nothing_does_not_know_what_is_gone() {
    let pages: [fn(&Seen) -> HttpResponse; 3] = [
        |_| HttpResponse::NotFound().finish(),
        |_| HttpResponse::NotFound().body("<html>404 Not Found</html>"),
        |_| HttpResponse::NotFound().json(json!({"error": "no such route"})),
    ];
    for page in pages {
        let (client, _) = serve(page);

        let error = client.execution(&key(), &ExecutionId::new("5f").unwrap()).await.unwrap_err();

        assert!(!error.is_absent() && !error.is_final(), "{error}");
    }
}

#[actix_web::test]
async fn an_execution_that_cannot_be_read_hides_no_other() {
    let (client, _) = serve(|_| HttpResponse::Ok().json(json!([{"id": "a"}, {"id": 5}, null, [], {"id": "b"}])));
    let ids: Vec<ExecutionId> = ["a", "b"].map(|id| ExecutionId::new(id).unwrap()).to_vec();

    let found = client.executions(&key(), &ids).await.unwrap();

    assert_eq!(found.iter().map(|it| it.id()).collect::<Vec<_>>(), [&ids[0], &ids[1]]);
}

#[actix_web::test]
async fn an_answer_that_is_compressed_unasked_is_refused_with_the_reason() {
    let (client, requests) =
        serve(|_| HttpResponse::Ok().insert_header(("Content-Encoding", "gzip")).body(vec![0x1f, 0x8b, 8, 0]));

    let error = client.aliases(&key()).await.unwrap_err().to_string();

    assert_eq!(error, "StackStorm gave an answer in \"gzip\" encoding, which a server before it must not add");
    assert_eq!(requests.lock().unwrap()[0].headers["accept-encoding"], "identity");
}

#[actix_web::test]
async fn a_path_that_is_not_there_is_said_with_the_key_that_is_wrong() {
    let (stackstorm, _) =
        serve(|_| HttpResponse::NotFound().json(json!({"faultstring": "The resource could not be found."})));
    let (stranger, _) = serve(|_| HttpResponse::NotFound().body("<html>404 Not Found</html>"));

    for client in [stackstorm, stranger] {
        let there = |key: &str, path: &str| {
            let service = key.trim_end_matches("_url");
            let url = client.endpoints.api.to_string().replace("/api/", &format!("/{service}/"));
            format!("StackStorm answered 404: there is no {url}{path}: correct {key}")
        };
        let api = client.aliases(&key()).await.unwrap_err();
        let auth = client.token("u", &Secret::new("p"), Duration::from_secs(60)).await.map(drop).unwrap_err();
        let stream = client.stream(&key(), &["x".into()]).await.map(drop).unwrap_err();

        assert_eq!(api.to_string(), there("api_url", "/actionalias"));
        assert_eq!(auth.to_string(), there("auth_url", "/tokens"));
        assert_eq!(stream.to_string(), there("stream_url", "/stream"));
    }
}

#[actix_web::test]
async fn stackstorm_formats_a_result_and_is_waited_for() {
    let (client, requests) = serve(|seen| match seen.method.as_str() {
        "POST" => HttpResponse::Created().json(json!({"id": "f1", "status": "requested"})),
        _ if seen.headers.contains_key("x-auth-token") => {
            HttpResponse::Ok().json(json!({"id": "f1", "status": "failed"}))
        }
        _ => HttpResponse::Ok().json(json!({"id": "f1", "status": "succeeded", "result": {"exit_code": 0,
            "result": {"message": "done", "extra": {"slack": {}}, "enabled": true}}})),
    });
    let id = ExecutionId::new("5f").unwrap();

    let formatted = client.format_on_server(&key(), &id).await.unwrap();
    let failed = client.format_on_server(&Access::Token(Secret::new("t")), &id).await.unwrap_err();

    assert_eq!((formatted.message.as_str(), formatted.extra), ("done", json!({"slack": {}})));
    assert_eq!(failed.to_string(), "StackStorm gave no formatted result: its execution failed");
    assert_eq!(requests.lock().unwrap()[0].body["parameters"]["execution_id"], "5f");
}

#[actix_web::test]
async fn a_token_lives_by_stackstorms_clock_and_asks_again_when_the_life_is_too_long() {
    let (client, requests) = serve(|seen| {
        if seen.body.get("ttl").is_some() {
            let fault = "TTL specified 99999 is greater than max allowed 86400.";
            return HttpResponse::BadRequest().json(json!({ "faultstring": fault }));
        }
        HttpResponse::Created()
            .insert_header(("Date", "Sat, 21 Nov 2020 02:45:39 GMT"))
            .json(json!({"token": "t", "user": "u", "expiry": "2020-11-21T03:45:39.000000Z"}))
    });

    let token = client.token("u", &Secret::new("p"), Duration::from_secs(99_999)).await.unwrap();

    assert_eq!((token.user.as_str(), token.secret.reveal()), ("u", "t"));
    assert!((3590..=3600).contains(&token.life.as_secs()), "{:?}", token.life);
    assert!(client.time().unwrap().to_string().starts_with("2020-11-21T02:45:"));
    let requests = requests.lock().unwrap();
    assert_eq!((requests.len(), requests[0].path.as_str()), (2, "/auth/v1/tokens"));
    assert_eq!(requests[0].headers["authorization"], "Basic dTpw");
}

#[actix_web::test]
async fn the_stream_gives_its_bytes_until_it_ends() {
    let (client, requests) =
        serve(|_| HttpResponse::Ok().content_type("text/event-stream; charset=UTF-8").body("\nevent: a\n"));
    let events = ["st2.execution__update".to_owned(), "st2.announcement__errbot".to_owned()];

    let stream = client.stream(&key(), &events).await.unwrap();
    let bytes: Vec<Bytes> = stream.try_collect().await.unwrap();

    assert_eq!(bytes.concat(), b"\nevent: a\n");
    let requests = requests.lock().unwrap();
    assert_eq!(requests[0].path, "/stream/v1/stream");
    assert_eq!(requests[0].query["events"], "st2.execution__update,st2.announcement__errbot");
}
