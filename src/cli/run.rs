//! `fulmar run`: the gateway, from start to a polite end.

use std::{env, io, net::SocketAddr, process::ExitCode};

use actix::{Addr, System};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::Instant,
};
use tracing::{error, info, warn};

use super::{
    BAD_CONFIGURATION, BAD_DISK, ConfigFile, FAILED, FORBIDDEN, GAVE_UP, TAKEN, bad_configuration, check, fail,
    service,
};
use crate::{
    actors::world::World,
    admin::{self, Admin},
    config::Config,
    gateway::{Gateway, StartError},
    journal::{Obstacle, StoreError},
    supervise::{Ended, Shutdown, Supervisor},
    web,
};

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    file: ConfigFile,
}

/// Why the gateway did not come up.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotUp {
    #[error("cannot serve [admin] listen = \"{0}\": {1}")]
    Admin(SocketAddr, io::Error),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Web(#[from] web::NotServed),
}

pub(super) fn run(arguments: Arguments) -> ExitCode {
    let config = match check::read(arguments.file) {
        Ok(config) => config,
        Err(error) => return bad_configuration(&error),
    };
    config.warnings.iter().for_each(|warning| warn!("{warning}"));
    within_system(async move {
        match serve(&config, |_| {}).await {
            Ok(ended) => exit_code(ended),
            Err(error) => fail(code(&error), error),
        }
    })
}

/// The exit code that tells a service manager whether to try again.
const fn code(error: &NotUp) -> u8 {
    match error {
        NotUp::Admin(..) | NotUp::Web(..) => FAILED,
        NotUp::Start(StartError::Client { .. }) => BAD_CONFIGURATION,
        NotUp::Start(StartError::Store(StoreError { obstacle, .. })) => match obstacle {
            Obstacle::Disk => BAD_DISK,
            Obstacle::Forbidden => FORBIDDEN,
            Obstacle::Taken => TAKEN,
            Obstacle::Unfit => BAD_CONFIGURATION,
        },
    }
}

/// Runs a future in an actix system, actors and sessions on this one thread: they wait for each other all the time,
/// and waking another thread costs more than what there is to do.
pub(super) fn within_system(future: impl Future<Output = ExitCode>) -> ExitCode {
    System::new().block_on(future)
}

/// Runs the gateway that `config` describes to its end; `up` is told where the admin routes are.
pub(super) async fn serve(config: &Config, up: impl FnOnce(SocketAddr)) -> Result<Ended, NotUp> {
    let not_served = |error| NotUp::Admin(config.admin.listen, error);
    let listener = admin::bind(&config.admin).map_err(not_served)?;
    let web = web::bind(&config.web)?;
    let mut gateway = Gateway::start(config, &World::real())?;
    let web = web.map(|socket| web::serve(config, &gateway.reach, socket)).transpose()?;
    if let Some(web) = &web {
        info!(address = %web.address, "webhooks are taken");
    }
    let admin = Admin {
        name: config.gateway.name.clone(),
        supervisor: gateway.supervisor.clone(),
        reach: gateway.reach.clone(),
        web: web.as_ref().map(|web| web.address),
        began: Instant::now(),
        test_switches: env::var_os("FULMAR_TEST_SWITCHES").is_some(),
    };
    if admin.test_switches {
        warn!(
            "FULMAR_TEST_SWITCHES is set: whoever reaches the admin routes can make children panic and their thread hang"
        );
    }
    let served = admin::serve(admin, listener, &config.admin).map_err(not_served)?;
    info!(admin = %served.address, "started");
    up(served.address);
    service::is_up(&gateway.supervisor);
    stop_on_signals(&gateway.supervisor);
    outlive_hang_ups();
    let lost = || Ended::Escalated { child: "supervisor".into(), why: "it is gone; the log has the place".into() };
    let ended = (&mut gateway.ended).await.unwrap_or_else(|_| lost());
    for server in [Some(served), web].into_iter().flatten() {
        server.handle.stop(false).await;
    }
    gateway.close();
    info!("stopped");
    Ok(ended)
}

fn stop_on_signals(supervisor: &Addr<Supervisor>) {
    for kind in [SignalKind::terminate(), SignalKind::interrupt()] {
        let supervisor = supervisor.clone();
        actix::spawn(async move {
            match signal(kind) {
                Ok(mut signal) => {
                    signal.recv().await;
                    info!("asked to stop");
                    service::is_stopping();
                    supervisor.send(Shutdown).await.unwrap_or_default();
                }
                Err(error) => error!(%error, "signals cannot be heard"),
            }
        });
    }
}

/// Lives on at a hang-up, which would end the process: there is no reload yet.
fn outlive_hang_ups() {
    actix::spawn(async {
        let Ok(mut hang_ups) = signal(SignalKind::hangup()) else { return };
        while hang_ups.recv().await.is_some() {
            warn!("a changed configuration takes effect at the next start");
        }
    });
}

pub(super) fn exit_code(ended: Ended) -> ExitCode {
    match ended {
        Ended::Escalated { child, why } => fail(GAVE_UP, format_args!("{child} failed too often: {why}")),
        Ended::Stopped => ExitCode::SUCCESS,
    }
}
