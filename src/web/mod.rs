//! What others reach over HTTP, on `[web] listen`: the webhooks of those who came before us, and chats whose networks call.
//!
//! ```text
//! POST /chatops/message       Errbot's
//! POST /hubot/st2             Hubot's
//! POST, GET /chats/NAME/...   the chat's
//! ```
//!
//! What the webhooks are sent becomes an announcement, as if it had come by the stream of a StackStorm. What a chat is sent,
//! its session answers. Whatever is not taken is answered with a status from 400 on and `{"error": "..."}`.

mod body;
mod call;
mod guard;
mod home;
mod limits;
mod refusal;
mod webhook;

use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, TcpListener},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    web::{Data, ServiceConfig, resource, to},
};
use fulmar_contract::Secret;
use tokio::time::Instant;

pub use self::{body::posted, guard::admit, refusal::Refusal};

use self::{home::Homes, limits::Limits, webhook::Endpoint};
use crate::{
    actors::{chat::Chat, router::Router},
    config::{self, Config},
    gateway::Reach,
    http::Served,
    metrics::Metrics,
    supervise::Line,
};

/// What the routes work with.
struct Web {
    token: Option<Secret>,
    limits: Mutex<Limits>,
    homes: Homes,
    /// Those chats whose networks call.
    chats: BTreeMap<String, Line<Chat>>,
    router: Line<Router>,
    metrics: Metrics,
}

impl Web {
    /// What is still due. Never held while anything is awaited.
    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The web routes cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve [web] listen = \"{address}\": {why}")]
pub struct NotServed {
    address: SocketAddr,
    why: String,
}

/// An address that is ours.
pub struct Socket {
    address: SocketAddr,
    listener: TcpListener,
}

/// Takes the address, if there is one, before anything else is started.
///
/// # Errors
/// When it cannot be had.
pub fn bind(settings: &config::Web) -> Result<Option<Socket>, NotServed> {
    let bind = |address| {
        let listener = TcpListener::bind(address)?;
        Ok(Socket { address: listener.local_addr()?, listener })
    };
    let bound =
        settings.listen.map(|address| bind(address).map_err(|error: io::Error| not_served(address, error)));
    bound.transpose()
}

/// Serves the webhooks on what [`bind`] took. Must be called within an actix system.
///
/// # Errors
/// When the address is lost, or the certificate cannot be used any more.
pub fn serve(config: &Config, reach: &Reach, Socket { address, listener }: Socket) -> Result<Served, NotServed> {
    for endpoint in [Endpoint::Errbot, Endpoint::Hubot] {
        reach.metrics.expect_webhook(endpoint.path());
    }
    let called = config.chats.iter().filter(|chat| chat.backend.is_called());
    let chats: BTreeMap<_, _> = called
        .filter_map(|chat| {
            let (_, line) = reach.chats.get(&chat.name)?;
            Some((chat.name.clone(), line.clone()))
        })
        .collect();
    chats.keys().for_each(|chat| reach.metrics.expect_calls(chat));
    let web = Data::new(Web {
        chats,
        token: config.web.token.clone(),
        limits: Mutex::new(Limits::new(Instant::now())),
        homes: Homes::of(config),
        router: reach.router.clone(),
        metrics: reach.metrics.clone(),
    });
    let server = HttpServer::new(move || App::new().app_data(Data::clone(&web)).configure(routes))
        .workers(1)
        .max_connections(CONNECTIONS)
        .client_request_timeout(HEAD)
        .disable_signals()
        .shutdown_timeout(1);
    let server = match &config.web.identity {
        #[cfg(feature = "tls")]
        Some(identity) => {
            let tls = crate::tls::server_config(identity).map_err(|error| not_served(address, error))?;
            server.listen_rustls_0_23(listener, tls)
        }
        _ => server.listen(listener),
    };
    let server = server.map_err(|error| not_served(address, error))?.run();
    let handle = server.handle();
    actix_web::rt::spawn(server);
    Ok(Served { address, handle })
}

fn routes(config: &mut ServiceConfig) {
    for endpoint in [Endpoint::Errbot, Endpoint::Hubot] {
        let answer = move |request, body, web| webhook::answer(endpoint, request, body, web);
        config.service(resource(endpoint.path()).route(to(answer)));
    }
    for path in call::PATHS {
        config.service(resource(path).route(to(call::answer)));
    }
    config.default_service(to(webhook::astray));
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn not_served(address: SocketAddr, why: impl ToString) -> NotServed {
    NotServed { address, why: why.to_string() }
}

/// How many connections there may be; others wait to be accepted.
const CONNECTIONS: usize = 256;

/// How long a request's head may take.
const HEAD: Duration = Duration::from_secs(5);
