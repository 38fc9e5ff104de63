//! Asking StackStorm how long executions stand: one call for all, and one for each workflow that has gone on.

use tokio::time::Instant;
use tracing::warn;

use super::words::Seen;
use crate::{
    actors::{
        auth,
        delivery::{AckOf, Editable},
        router::{Lines, StackStorm},
    },
    journal::CommandId,
    st2::wire::{Execution, ExecutionId},
};

/// A command at which somebody looks.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) command: CommandId,
    /// When it was time to: what StackStorm takes to answer does not put off the next look.
    pub(super) at: Instant,
    /// Its executions that ran when it was first looked at.
    pub(super) executions: Vec<String>,
    /// How many of them ran just now, as far as we knew.
    pub(super) running: usize,
    /// What was seen before.
    pub(super) before: Option<Seen>,
    /// Whether it is to be found out which message can be edited.
    pub(super) wants_ack: bool,
    /// That message.
    pub(super) ack: Option<Editable>,
    /// What is seen now; `None` if StackStorm did not say.
    pub(super) seen: Option<Seen>,
}

/// Looks at all of these.
pub(super) async fn at(storm: &StackStorm, lines: &Lines, mut looks: Vec<Look>) -> Vec<Look> {
    let ids: Vec<ExecutionId> = looks.iter().filter_map(Look::only).collect();
    let stands = if ids.is_empty() { Vec::new() } else { standings(storm, &ids).await };
    for look in &mut looks {
        if look.wants_ack {
            look.ack = lines.delivery.send(AckOf(look.command)).await.unwrap_or_default();
        }
        let Some(id) = look.only() else {
            look.seen = Some(Seen::Several(look.running));
            continue;
        };
        if let Some(stand) = stands.iter().find(|it| *it.id() == id) {
            look.seen = Some(seen(storm, stand, look.before.as_ref()).await);
        }
    }
    looks
}

impl Look {
    /// Its execution, if it has one only.
    fn only(&self) -> Option<ExecutionId> {
        match self.executions.as_slice() {
            [only] => ExecutionId::new(only.clone()),
            _ => None,
        }
    }
}

async fn standings(storm: &StackStorm, ids: &[ExecutionId]) -> Vec<Execution> {
    let asked = auth::call(&storm.auth, async |access| storm.client.standings(access, ids).await).await;
    asked.unwrap_or_else(|error| {
        warn!(%error, stackstorm = %storm.name, "long executions not asked for");
        Vec::new()
    })
}

/// What is seen of an execution. Which tasks run is asked only if more have started since `before`.
async fn seen(storm: &StackStorm, stand: &Execution, before: Option<&Seen>) -> Seen {
    let (status, started) = (stand.status().clone(), stand.started_tasks());
    let tasks = match before {
        _ if started == 0 || status.is_terminal() => Vec::new(),
        Some(Seen::One { started: then, tasks, .. }) if *then == started && !tasks.is_empty() => tasks.clone(),
        Some(_) | None => running_tasks(storm, stand.id()).await,
    };
    Seen::One { status, started, tasks }
}

async fn running_tasks(storm: &StackStorm, workflow: &ExecutionId) -> Vec<String> {
    let asked = auth::call(&storm.auth, async |access| storm.client.running_tasks(access, workflow).await).await;
    asked.unwrap_or_else(|error| {
        warn!(%error, execution = %workflow, "running tasks not asked for");
        Vec::new()
    })
}
