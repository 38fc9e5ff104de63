//! The server's HTTP side.

use std::{any::Any, future::pending, net::TcpStream, os::fd::AsFd, sync::Arc};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::{Extensions, Server},
    http::StatusCode,
    rt::net::TcpStream as Accepted,
    web,
};
use serde_json::{Value, json};

use crate::{
    fault::{Fault, What},
    hub::Hub,
    method,
    parameters::Parameters,
    peer,
    refusal::Refusal,
};

/// A server on `listener`, to be awaited in an actix system.
pub(crate) fn server(hub: Arc<Hub>, listener: std::net::TcpListener) -> std::io::Result<Server> {
    let connections = Arc::clone(&hub);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&hub)))
            .app_data(web::PayloadConfig::new(MOST_BYTES))
            .route("/bot{token}/{method}", web::route().to(call))
            .route("/peer/{action}", web::route().to(peer::act))
            .default_service(web::to(|| async { answer(&Err(Refusal::new(404, "Not Found"))) }))
    })
    .on_connect(move |io, data| accepted(&connections, io, data))
    // A bot that hangs up in mid-poll is gone at once.
    .h1_allow_half_closed(false)
    .workers(1)
    .shutdown_timeout(0)
    .disable_signals()
    .listen(listener)?
    .run();
    Ok(server)
}

/// A connection, for as long as it lasts.
struct Connection {
    id: u64,
    hub: Arc<Hub>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.hub.closed(self.id);
    }
}

fn accepted(hub: &Arc<Hub>, io: &dyn Any, data: &mut Extensions) {
    let Some(stream) = io.downcast_ref::<Accepted>() else { return };
    if let Ok(copy) = stream.as_fd().try_clone_to_owned() {
        let id = hub.opened(TcpStream::from(copy));
        data.insert(Connection { id, hub: Arc::clone(hub) });
    }
}

async fn call(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    hub: web::Data<Hub>,
    body: web::Bytes,
) -> HttpResponse {
    let (token, method) = path.into_inner();
    let connection = request.conn_data::<Connection>().map(|connection| connection.id);
    let fault = hub.with(|world| {
        if world.token != token {
            return Err(Refusal::new(401, "Unauthorized"));
        }
        world.calls.push(method.clone());
        Ok(world.fault(&method))
    });
    if let Some(id) = connection {
        hub.used(id);
    }
    let fault = match fault {
        Ok(fault) => fault.map(|Fault { what, .. }| what),
        Err(refusal) => return answer(&Err(refusal)),
    };
    let cut = || {
        connection.into_iter().for_each(|id| hub.cut(id));
        HttpResponse::new(StatusCode::INTERNAL_SERVER_ERROR)
    };
    match fault {
        Some(What::Cut) => return cut(),
        Some(What::Flood(seconds)) => return answer(&Err(Refusal::flood(seconds))),
        Some(What::Hang) => return pending().await,
        Some(What::Status(status)) => return page(status),
        Some(What::CutAfter) | None => {}
    }
    let media_type =
        request.headers().get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let outcome = match Parameters::read(request.query_string(), media_type, &body) {
        Err(refusal) => Err(refusal),
        Ok(parameters) if method.eq_ignore_ascii_case("getUpdates") => hub.updates(&parameters).await,
        Ok(parameters) => hub.with(|world| method::call(world, &method, &parameters)),
    };
    if fault.is_some() { cut() } else { answer(&outcome) }
}

fn answer(outcome: &Result<Value, Refusal>) -> HttpResponse {
    let (status, body) = match outcome {
        Ok(result) => (200, json!({"ok": true, "result": result})),
        Err(refusal) => (refusal.code, refusal.body()),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    HttpResponse::build(status).content_type("application/json").body(body.to_string())
}

/// What a proxy before the server says, which is not JSON.
fn page(status: u16) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    HttpResponse::build(status).content_type("text/html").body(format!("<html><h1>{status}</h1></html>"))
}

/// More than the largest file with what is around it.
const MOST_BYTES: usize = 60 * 1024 * 1024;
