mod broken;
mod calls;
mod rest;
mod submissions;
#[cfg(feature = "tls")]
mod tls;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use fulmar_contract::Secret;
use serde_json::{Value, json};

use super::*;
use crate::st2::wire::{AliasExecution, Execution, ExecutionId};

/// A request as the server saw it.
#[derive(Clone, Debug)]
struct Seen {
    method: String,
    path: String,
    query: HashMap<String, String>,
    headers: HashMap<String, String>,
    body: Value,
}

type Requests = Arc<Mutex<Vec<Seen>>>;

/// A client of a server that answers with `handler`, and the requests that the server saw.
fn serve(handler: fn(&Seen) -> HttpResponse) -> (Client, Requests) {
    let requests = Requests::default();
    let seen = Arc::clone(&requests);
    let server = HttpServer::new(move || {
        let requests = Arc::clone(&seen);
        let answer = move |request: HttpRequest, body: Bytes| {
            let seen = see(&request, &body);
            requests.lock().unwrap().push(seen.clone());
            let response = handler(&seen);
            async move { response }
        };
        App::new().default_service(web::to(answer))
    });
    let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
    let port = server.addrs()[0].port();
    actix_web::rt::spawn(server.run());
    (client(port), requests)
}

fn see(request: &HttpRequest, body: &[u8]) -> Seen {
    let headers = request.headers().iter();
    Seen {
        method: request.method().to_string(),
        path: request.path().to_owned(),
        query: web::Query::<HashMap<String, String>>::from_query(request.query_string()).unwrap().into_inner(),
        headers: headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect(),
        body: serde_json::from_slice(body).unwrap_or_default(),
    }
}

fn client(port: u16) -> Client {
    client_of(&format!("http://127.0.0.1:{port}"), Trust { verify: true, authorities: None, identity: None })
}

fn client_of(url: &str, trust: Trust) -> Client {
    let at = |service| format!("{url}/{service}").parse().unwrap();
    Client::new(Endpoints { auth: at("auth"), api: at("api"), stream: at("stream"), trust }).unwrap()
}

/// Asks for something.
async fn ask(client: &Client) -> Result<Execution, ApiError> {
    client.execution(&key(), &ExecutionId::new("5f").unwrap()).await
}

fn key() -> Access {
    Access::Key(Secret::new("the-key"))
}

fn command() -> AliasExecution {
    AliasExecution {
        name: "echo".into(),
        format: "echo {{ message }}".into(),
        command: "echo hi".into(),
        user: "alice".into(),
        source_channel: "#ops".into(),
        source_context: json!({"fulmar": {"gateway": "g", "command": "c"}}),
        notification_route: None,
    }
}
