//! `fulmar sandbox`.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use super::{FAILED, fail, run::within_system, say, with_causes};
use crate::sandbox::{ApiKey, Sandbox, SandboxConfig, User};

/// Arguments of `sandbox`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:9101", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// A pack or a folder of packs in StackStorm's layout; may be given several times. [default: the demo's]
    #[arg(long, value_name = "DIR")]
    packs: Vec<PathBuf>,
    /// A user who may log in; may be given several times.
    #[arg(long, value_name = "NAME:PASSWORD", default_value = "demo:demo")]
    user: Vec<String>,
    /// An API key that is accepted; may be given several times.
    #[arg(long, value_name = "KEY")]
    api_key: Vec<String>,
}

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let Arguments { listen, packs, user, api_key } = arguments;
    let users = user.iter().map(|user| user.split_once(':').map(|(name, password)| User::new(name, password)));
    let Some(users) = users.collect() else { return fail(FAILED, "--user: expected NAME:PASSWORD") };
    let api_keys = api_key.iter().map(|key| ApiKey::new(key, "api")).collect();
    let config = SandboxConfig { listen, packs, users, api_keys, ..SandboxConfig::default() };
    within_system(async move {
        match Sandbox::start(config) {
            Ok(sandbox) => serve(sandbox).await,
            Err(error) => fail(FAILED, format_args!("cannot serve {listen}: {}", with_causes(&error))),
        }
    })
}

async fn serve(sandbox: Sandbox) -> ExitCode {
    let url = sandbox.url();
    say(format_args!("auth   {url}/auth/v1\napi    {url}/api/v1\nstream {url}/stream/v1\nCtrl-C ends."));
    match tokio::signal::ctrl_c().await {
        Ok(()) => {
            sandbox.stop().await;
            ExitCode::SUCCESS
        }
        Err(error) => fail(FAILED, error),
    }
}
