//! Asking StackStorm for executions, as the stream does not tell of all.

use std::sync::Arc;

use tracing::{debug, warn};

use super::Setup;
use crate::{
    actors::{
        auth::{self, Auth, CallError},
        journal::{End, Ended, Journal, Owed},
    },
    st2::{Client, wire::ExecutionId},
    supervise::Line,
};

/// Asks for every execution whose end is not known.
pub(super) async fn sweep(setup: &Setup) {
    let Ok(owed) = setup.journal.send(Owed(setup.name.clone())).await else { return };
    let ids: Vec<ExecutionId> = owed.into_iter().filter_map(ExecutionId::new).collect();
    if ids.is_empty() {
        return;
    }
    debug!(stackstorm = %setup.name, executions = ids.len(), "asking for executions whose end is not known");
    let found = auth::call(&setup.auth, async |access| setup.client.executions(access, &ids).await).await;
    let found = match found {
        Ok(found) => found,
        Err(error) => return warn!(stackstorm = %setup.name, %error, "open executions not asked for"),
    };
    for id in ids {
        match found.iter().find(|execution| *execution.id() == id) {
            Some(execution) if !execution.status().is_terminal() => {}
            Some(_) | None => ask(&setup.client, &setup.auth, &setup.journal, &id).await,
        }
    }
}

/// Tells the Journal of an execution's end as StackStorm has it, if it has ended or does not exist.
pub(in crate::actors) async fn ask(client: &Client, auth: &Line<Auth>, journal: &Line<Journal>, id: &ExecutionId) {
    let asked = auth::call(auth, async |access| client.execution(access, id).await).await;
    let end = match asked {
        Ok(execution) if execution.status().is_terminal() => End::Finished(Arc::new(execution)),
        Ok(_) => return,
        Err(CallError::Api(error)) if error.is_absent() => End::Missing,
        Err(error) => return warn!(%error, execution = %id, "execution not asked for"),
    };
    let id = id.as_str().to_owned();
    if let Err(error) = journal.send(Ended { id, end }).await {
        warn!(%error, "end of an execution not passed on");
    }
}
