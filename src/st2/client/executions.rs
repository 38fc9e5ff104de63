//! Executions: how they stand, and StackStorm's own formatting of them.

use std::time::Duration;

use awc::http::Method;
use jiff::Timestamp;
use serde_json::{Value, json, value::RawValue};
use tokio::time::{sleep, timeout};
use tracing::warn;

use super::{ApiError, Client, POST_LIMIT, with};
use crate::{
    render::Formatted,
    st2::{
        Access,
        wire::{Cancelled, Execution, ExecutionId, Status},
    },
};

/// The greatest result that is fetched, in bytes; StackStorm allows 14 MiB at most.
const MAX_RESULT: usize = 8 * 1024 * 1024;

/// How many ids one request asks for.
const BATCH: usize = 50;

/// How many running tasks are asked for: more are not told.
const TASKS: usize = 5;

/// How long StackStorm may take to format a result.
const FORMATTING: Duration = Duration::from_secs(30);

/// How often it is asked whether it has.
const POLL: Duration = Duration::from_millis(500);

impl Client {
    /// One execution; without its result if that is longer than [`MAX_RESULT`].
    ///
    /// # Errors
    /// When StackStorm does not give it; see [`ApiError::is_absent`].
    pub async fn execution(&self, access: &Access, id: &ExecutionId) -> Result<Execution, ApiError> {
        let request = self.get(&format!("/executions/{id}")).query(&[("max_result_size", MAX_RESULT)]);
        Ok(self.read(access, request.map_err(ApiError::unsent)?).await?.body)
    }

    /// Those of `ids` that there are, in no order and without their results, which may be long.
    ///
    /// # Errors
    /// When StackStorm does not give them.
    pub async fn executions(&self, access: &Access, ids: &[ExecutionId]) -> Result<Vec<Execution>, ApiError> {
        let mut found = Vec::new();
        for batch in ids.chunks(BATCH) {
            let ids = batch.iter().map(ExecutionId::as_str).collect::<Vec<_>>().join(",");
            let query = [("id", ids.as_str()), ("exclude_attributes", "result,trigger_instance")];
            found.extend(readable(self.read_pages(access, "/executions", &query).await?));
        }
        Ok(found)
    }

    /// Those of `ids` that there are, in no order, with nothing but id, status, times and children.
    ///
    /// # Errors
    /// When StackStorm does not give them.
    pub async fn standings(&self, access: &Access, ids: &[ExecutionId]) -> Result<Vec<Execution>, ApiError> {
        let mut found = Vec::new();
        for batch in ids.chunks(BATCH) {
            let ids = batch.iter().map(ExecutionId::as_str).collect::<Vec<_>>().join(",");
            let small = "id,status,start_timestamp,end_timestamp,children";
            let query = [("id", ids.as_str()), ("include_attributes", small)];
            found.extend(self.read_pages::<Execution>(access, "/executions", &query).await?);
        }
        Ok(found)
    }

    /// The names of those tasks of a workflow that run at the moment, the youngest first and at most [`TASKS`].
    ///
    /// # Errors
    /// When StackStorm does not give them.
    pub async fn running_tasks(&self, access: &Access, workflow: &ExecutionId) -> Result<Vec<String>, ApiError> {
        let (limit, small) = (TASKS.to_string(), "id,status,context,action.ref");
        let query = [
            ("parent", workflow.as_str()),
            ("status", "running"),
            ("include_attributes", small),
            ("limit", &limit),
        ];
        let request = self.get("/executions").query(&query).map_err(ApiError::unsent)?;
        let tasks = self.read::<Vec<Execution>>(access, request).await?.body;
        Ok(tasks.iter().filter_map(Execution::task).collect())
    }

    /// Asks for the end of an execution, and of what it has begun.
    ///
    /// # Errors
    /// When StackStorm does not say what it makes of that.
    pub async fn cancel(&self, access: &Access, id: &ExecutionId) -> Result<Cancelled, ApiError> {
        let request = self.http.request(Method::DELETE, self.endpoints.api.at(&format!("/executions/{id}")));
        Ok(self.call(with(request, access), None, POST_LIMIT).await?.body)
    }

    /// A page, the one that begins at `offset`, of the executions that began after `since`, by StackStorm's clock, and made
    /// an announcement each; and the offset of the next page, if there is one. Only id, status, parameters and times are in
    /// them.
    ///
    /// # Errors
    /// When StackStorm does not give them.
    pub async fn announcements_since(
        &self,
        access: &Access,
        since: Timestamp,
        offset: usize,
    ) -> Result<(Vec<Execution>, Option<usize>), ApiError> {
        let since = format!("{since:.6}");
        let small = "id,status,parameters,start_timestamp,end_timestamp";
        let query = [("action", "chatops.post_message"), ("timestamp_gt", &since), ("include_attributes", small)];
        let (page, is_last) = self.read_page(access, "/executions", &query, offset).await?;
        let next = (!is_last).then_some(offset + page.len());
        Ok((readable(page).collect(), next))
    }

    /// Has StackStorm format a result, by its own action, and waits for it.
    ///
    /// # Errors
    /// When it fails, or takes longer than half a minute.
    pub async fn format_on_server(&self, access: &Access, id: &ExecutionId) -> Result<Formatted, ApiError> {
        let body = json!({
            "action": "chatops.format_execution_result",
            "parameters": { "execution_id": id.as_str() },
        });
        let started: Execution = self.write(access, "/executions", &body).await?;
        let ended = timeout(FORMATTING, self.end_of(access, started.id())).await;
        let ended = ended
            .map_err(|_| ApiError::Unanswered { why: format!("no formatted result in {FORMATTING:?}") })??;
        let status = ended.status();
        formatted(&ended)
            .filter(|_| *status == Status::Succeeded)
            .ok_or_else(|| ApiError::Garbage { why: format!("no formatted result: its execution {status}") })
    }

    async fn end_of(&self, access: &Access, id: &ExecutionId) -> Result<Execution, ApiError> {
        loop {
            let execution = self.execution(access, id).await?;
            if execution.status().is_terminal() {
                return Ok(execution);
            }
            sleep(POLL).await;
        }
    }
}

/// Those of a list that can be read: one that cannot does not hide the others.
pub(super) fn readable(list: Vec<Box<RawValue>>) -> impl Iterator<Item = Execution> {
    list.into_iter().filter_map(|json| {
        let read = Execution::from_json(json.get());
        read.inspect_err(|error| warn!(%error, "part of a list of executions not understood")).ok()
    })
}

/// What the action gave (`contrib/chatops/actions/format_execution_result.py`).
fn formatted(execution: &Execution) -> Option<Formatted> {
    let result = execution.result()?;
    let given = result.get("result")?;
    Some(Formatted {
        enabled: given.get("enabled").and_then(Value::as_bool).unwrap_or(true),
        message: given.get("message").and_then(Value::as_str).unwrap_or_default().to_owned(),
        extra: given.get("extra").cloned().unwrap_or_default(),
    })
}
