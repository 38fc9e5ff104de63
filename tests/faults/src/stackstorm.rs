//! The StackStorm: the program's own sandbox, as a process that outlives the gateways.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    Outcome,
    account::{Account, Execution},
    http,
    process::Process,
    wait::{PATIENCE, until},
};

/// A sandbox that runs.
pub(crate) struct StackStorm {
    /// Its process.
    pub(crate) process: Process,
    /// Where it is.
    pub(crate) address: SocketAddr,
    program: PathBuf,
    folder: PathBuf,
    /// When those began that have been told of and have ended.
    told: String,
}

impl StackStorm {
    /// Starts it on a free port.
    pub(crate) async fn start(program: &Path, folder: &Path) -> Outcome<Self> {
        let (process, address) = start(program, folder, SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        let told = "2020-01-01T00:00:00.000000Z".into();
        Ok(Self { process, address, program: program.to_owned(), folder: folder.to_owned(), told })
    }

    /// Starts it again after its death, where it was. It remembers nothing.
    pub(crate) async fn return_again(&mut self) -> Outcome<()> {
        (self.process, _) = start(&self.program, &self.folder, self.address).await?;
        Ok(())
    }

    /// Announces something in a room, by an execution that can be found later.
    pub(crate) async fn announce(&self, number: u64, room: &str) -> Outcome<()> {
        announce(self.address, number, room).await
    }

    /// Tells the account which executions there are that it does not know to have ended.
    pub(crate) async fn tell(&mut self, account: &mut Account) -> Outcome<()> {
        let path = format!(
            "/api/v1/executions?action={ACTION}&limit={PAGE}&timestamp_gt={}\
             &include_attributes=parameters,context,start_timestamp,end_timestamp",
            self.told
        );
        let (address, path) = (self.address, path.as_str());
        let executions = until("a list of executions", PATIENCE, async || {
            let answer = http::ask(address, "GET", path, (KEY, "")).await.ok();
            Ok(answer.and_then(|answer| answer.json().as_array().cloned()))
        })
        .await?;
        let mut all_ended = true;
        // They come the oldest first: of those before the first that runs, nothing more can be learnt.
        for execution in &executions {
            let text = |pointer| execution.pointer(pointer).and_then(Value::as_str);
            let number = text("/context/api_user").and_then(|user| user.strip_prefix('u')?.parse().ok());
            let (id, token, began) = (text("/id"), text("/parameters/token"), text("/start_timestamp"));
            let (Some(id), Some(token), Some(number), Some(began)) = (id, token, number, began) else {
                continue;
            };
            let end = text("/end_timestamp").map(str::to_owned);
            all_ended &= end.is_some();
            if all_ended {
                began.clone_into(&mut self.told);
            }
            account.execution(id, Execution { number, token: token.to_owned(), end });
        }
        Ok(())
    }
}

/// Has the StackStorm at `address` announce something, if it takes it.
pub(crate) async fn announce(address: SocketAddr, number: u64, room: &str) -> Outcome<()> {
    let parameters = json!({"channel": room, "message": format!("News n{number}."), "route": "errbot"});
    let body = json!({"action": "chatops.post_message", "parameters": parameters}).to_string();
    let answer = http::ask(address, "POST", "/api/v1/executions", (KEY, &body)).await?;
    if answer.status == 201 { Ok(()) } else { Err(answer.body.into()) }
}

/// Has the sandbox at `address` suffer a fault, as `POST /sandbox/faults` takes it.
pub(crate) async fn suffer(address: SocketAddr, fault: &Value) -> Outcome<()> {
    let answer = http::ask(address, "POST", "/sandbox/faults", (KEY, &fault.to_string())).await?;
    if answer.status == 204 { Ok(()) } else { Err(answer.body.into()) }
}

/// Has it forget the faults that are still to come.
pub(crate) async fn heal(address: SocketAddr) -> Outcome<()> {
    let answer = http::ask(address, "DELETE", "/sandbox/faults", (KEY, "")).await?;
    if answer.status == 204 { Ok(()) } else { Err(answer.body.into()) }
}

async fn start(program: &Path, folder: &Path, listen: SocketAddr) -> Outcome<(Process, SocketAddr)> {
    let mut command = Command::new(program);
    command.arg("sandbox").args(["--api-key", KEY, "--listen", &listen.to_string()]);
    command.arg("--packs").arg(concat!(env!("CARGO_MANIFEST_DIR"), "/pack"));
    let mut process = Process::start(&mut command, &folder.join("stackstorm.log"))?;
    let address = until("the sandbox", PATIENCE, async || {
        let said = process.said()?;
        if let Some(status) = process.ended()? {
            return Err(format!("the sandbox ended ({status}): {said}").into());
        }
        let line = said.split_once("api    http://").and_then(|(_, rest)| rest.split_once("/api/v1\n"));
        Ok(line.and_then(|(address, _)| address.parse().ok()))
    })
    .await?;
    Ok((process, address))
}

/// How many lines more than one the results of `tell` have, as its alias says.
pub(crate) const LINES: usize = 8;

const ACTION: &str = "faults.work";
const KEY: &str = "faults";

/// As many as the sandbox remembers.
const PAGE: usize = 10_000;

/// StackStorm's times are seconds: of what is announced so soon before or after its first start, a gateway without a past cannot
/// tell whether it is news.
pub(crate) const BLUR: Duration = Duration::from_secs(2);
