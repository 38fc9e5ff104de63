//! A StackStorm-compatible server for the demo and the tests.
//!
//! It serves `/auth/v1`, `/api/v1`, `/stream/v1` and bare `/v1` on one port, keeps everything in memory and runs
//! nothing: what an action does is told by its pack (see `pack`) and played (see `simulate`). It says what a real
//! StackStorm was recorded to say; `tests/sandbox_replay.rs` holds it to that. The map:
//!
//! ```text
//! http/ (paths, bodies, pages) -> world (all state, one lock) -> access, catalogue, store, hub, fault
//! life (an execution, step by step) -> simulate, shell (pure); rule, announce (what the chat is told at the end)
//! ```

mod access;
mod announce;
mod builtin;
mod catalogue;
mod config;
mod execution;
mod fault;
mod http;
mod hub;
mod life;
mod pack;
mod parameters;
mod python;
mod refusal;
mod rule;
mod shell;
mod simulate;
mod stamp;
mod store;
#[cfg(test)]
mod tests;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Data, PayloadConfig};
use actix_web::{App, HttpServer};
use serde_json::Value;

pub use access::Credential;
pub use config::{ApiKey, SandboxConfig, User};
pub use fault::{Fault, When};
pub use world::Seen;

use catalogue::Catalogue;
use execution::Secrets;
use http::Wire;
use pack::{Pack, PackError};
use world::World;

/// A running sandbox. Dropping it does not stop it; [`Self::stop`] does.
#[derive(Clone)]
pub struct Sandbox {
    address: SocketAddr,
    server: ServerHandle,
    world: Arc<World>,
}

impl Sandbox {
    /// Starts to serve, on threads of its own. Must be called inside an actix system or a Tokio `LocalSet`.
    ///
    /// # Errors
    /// When a pack cannot be read or the address cannot be listened on.
    pub fn start(config: SandboxConfig) -> io::Result<Self> {
        let catalogue = catalogue(&config).map_err(io::Error::other)?;
        let (listen, workers) = (config.listen, config.workers.max(1));
        let world = Data::new(World::new(config, catalogue));
        let shared = world.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(PayloadConfig::new(LARGEST_BODY))
                .default_service(web::to(http::serve))
        });
        let server = server.on_connect(Wire::keep).workers(workers).disable_signals().bind(listen)?;
        let address = server.addrs().first().copied().unwrap_or(listen);
        let server = server.run();
        let handle = server.handle();
        drop(actix_web::rt::spawn(server));
        Ok(Self { address, server: handle, world: world.into_inner() })
    }

    /// Where it is, as `http://127.0.0.1:9101`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets something go wrong.
    pub fn inject(&self, fault: Fault) {
        self.world.inject(fault);
    }

    /// Forgets the faults that are still pending.
    pub fn forget_faults(&self) {
        self.world.state().switches.forget();
    }

    /// The last 10,000 requests, the oldest first.
    pub fn seen(&self) -> Vec<Seen> {
        self.world.state().seen()
    }

    /// How many executions were ever made.
    pub fn made(&self) -> u64 {
        self.world.state().executions.made()
    }

    /// The executions remembered, as the API shows them, the newest first.
    pub fn executions(&self) -> Vec<Value> {
        let state = self.world.state();
        let shown = state.executions.newest_first().map(|it| serde_json::to_value(it.document(Secrets::Masked)));
        shown.filter_map(Result::ok).collect()
    }

    /// How many streams are open.
    pub fn streams(&self) -> usize {
        self.world.state().hub.listeners()
    }

    /// Stops to serve; all connections are closed, those of streams, too.
    pub async fn stop(&self) {
        self.server.stop(false).await;
    }
}

/// StackStorm's own packs and those asked for, else the demo's.
fn catalogue(config: &SandboxConfig) -> Result<Catalogue, PackError> {
    let mut packs = builtin::system()?;
    if config.packs.is_empty() {
        packs.push(builtin::demo()?);
    }
    for folder in &config.packs {
        packs.extend(Pack::read_all(folder)?);
    }
    let mut catalogue = Catalogue::new(packs)?;
    catalogue.rules.extend(config.rules.iter().cloned().map(|rule| pack::rule("default", "", rule)));
    Ok(catalogue)
}

const LARGEST_BODY: usize = 8 << 20;
