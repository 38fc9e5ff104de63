//! What operators reach over HTTP, on `[admin] listen`.
//!
//! ```text
//! GET  /                       the status as a page
//! GET  /live                   200 while the process works: no answer while the thread that all share is held up
//! GET  /ready                  200 when commands can be taken and answered, else 503 with what is missing
//! GET  /status                 the status as JSON
//! GET  /metrics                the counters, for Prometheus
//! GET  /queue                  the dead letters as JSON; with ?all, also what waits
//! GET  /queue/{id}             one of them, with its whole text and what happened to it
//! POST /queue/{id}/retry       has it tried again; /queue/retry all dead letters
//! POST /queue/{id}/drop        has it forgotten; /queue/drop all dead letters
//! POST /aliases/refresh        loads the aliases of every StackStorm again
//! POST /chats/{name}/restart   begins a new life of a chat
//! ```
//!
//! With a token configured, everything but `/live` and `/ready` wants it as `Authorization: Bearer TOKEN`.

mod guard;
mod page;
mod queue;
mod status;

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use actix::Addr;
use actix_web::{
    App, HttpResponse, HttpServer, Responder,
    http::header::ContentType,
    middleware::from_fn,
    web::{Data, Path, ServiceConfig, get, post},
};
use serde_json::json;
use tokio::time::Instant;

pub use self::status::Status;
use crate::{
    actors::aliases::Refresh,
    config,
    gateway::Reach,
    http::Served,
    supervise::{Order, Snapshot, Supervisor, Tell},
};

/// What the routes work with.
#[derive(Clone)]
pub struct Admin {
    /// The gateway's name.
    pub name: String,
    /// Who keeps the children alive.
    pub supervisor: Addr<Supervisor>,
    /// How to ask the children.
    pub reach: Reach,
    /// Where the web routes are, if they are served.
    pub web: Option<SocketAddr>,
    /// When the process began.
    pub began: Instant,
    /// Whether children can be told to panic, and their thread to hang, to prove that it is borne or noticed.
    pub test_switches: bool,
}

/// Takes the address, before anything else is started.
///
/// # Errors
/// When it cannot be had.
pub fn bind(settings: &config::Admin) -> io::Result<TcpListener> {
    TcpListener::bind(settings.listen)
}

/// Serves `admin` on what [`bind`] took. Must be called within an actix system.
///
/// # Errors
/// When the address is lost.
pub fn serve(admin: Admin, listener: TcpListener, settings: &config::Admin) -> io::Result<Served> {
    let token = Arc::new(settings.token.clone());
    let address = listener.local_addr()?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(admin.clone()))
            .app_data(Data::new(Arc::clone(&token)))
            .wrap(from_fn(guard::guard))
            .configure(routes)
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    .listen(listener)?;
    let server = server.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(Served { address, handle })
}

fn routes(config: &mut ServiceConfig) {
    config
        .route("/", get().to(index))
        .route("/live", get().to(live))
        .route("/ready", get().to(ready))
        .route("/status", get().to(status))
        .route("/metrics", get().to(metrics))
        .configure(queue::routes)
        .route("/aliases/refresh", post().to(refresh))
        .route("/chats/{name}/restart", post().to(restart))
        .route("/test/{child}/{what}", post().to(misbehave));
}

/// Asks as systemd's watchdog does: what is served by a thread of its own proves nothing of the one that works.
async fn live(admin: Data<Admin>) -> impl Responder {
    match admin.supervisor.send(Snapshot).await {
        Ok(_) => HttpResponse::Ok().content_type(ContentType::plaintext()).body("live\n"),
        Err(error) => HttpResponse::ServiceUnavailable().json(json!({"error": error.to_string()})),
    }
}

async fn ready(admin: Data<Admin>) -> impl Responder {
    let missing = Status::of(&admin).await.missing();
    if missing.is_empty() {
        HttpResponse::Ok().json(json!({"ready": true}))
    } else {
        HttpResponse::ServiceUnavailable().json(json!({"ready": false, "missing": missing}))
    }
}

async fn status(admin: Data<Admin>) -> impl Responder {
    HttpResponse::Ok().json(Status::of(&admin).await)
}

async fn index(admin: Data<Admin>) -> impl Responder {
    let page = page::page(&Status::of(&admin).await);
    HttpResponse::Ok().content_type(ContentType::html()).body(page)
}

async fn metrics(admin: Data<Admin>) -> impl Responder {
    let gauges = Status::of(&admin).await.gauges();
    let text = admin.reach.metrics.encode(&gauges);
    HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
}

async fn refresh(admin: Data<Admin>) -> impl Responder {
    let mut answer = serde_json::Map::new();
    let mut all_well = true;
    for (name, storm) in &admin.reach.stackstorms {
        let refreshed = storm.aliases.send(Refresh).await.map_err(|down| down.to_string());
        let outcome = match refreshed.and_then(|refreshed| refreshed.map_err(|error| error.to_string())) {
            Ok(aliases) => json!({"aliases": aliases}),
            Err(error) => {
                all_well = false;
                json!({"error": error})
            }
        };
        answer.insert(name.clone(), outcome);
    }
    let mut response = if all_well { HttpResponse::Ok() } else { HttpResponse::BadGateway() };
    response.json(answer)
}

async fn restart(admin: Data<Admin>, name: Path<String>) -> impl Responder {
    order(&admin, Order::Restart(format!("chat/{name}"))).await
}

async fn misbehave(admin: Data<Admin>, path: Path<(String, String)>) -> impl Responder {
    let (child, what) = path.into_inner();
    let child = child.replace(':', "/");
    let misdeed = match (child.as_str(), what.as_str()) {
        _ if !admin.test_switches => return HttpResponse::NotFound().finish(),
        ("thread", "hang") => Order::Hang,
        (_, "panic") => Order::Tell(child, Tell::Panic),
        (_, "panic-inside") => Order::Tell(child, Tell::PanicInside),
        _ => return HttpResponse::NotFound().finish(),
    };
    order(&admin, misdeed).await
}

async fn order(admin: &Admin, order: Order) -> HttpResponse {
    match admin.supervisor.send(order).await {
        Ok(Ok(())) => HttpResponse::Accepted().json(json!({"accepted": true})),
        Ok(Err(error)) => HttpResponse::NotFound().json(json!({"error": error.to_string()})),
        Err(error) => HttpResponse::ServiceUnavailable().json(json!({"error": error.to_string()})),
    }
}
