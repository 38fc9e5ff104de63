//! The life of an execution, from requested to its end, and what the chat is told then.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::announce;
use super::catalogue::Runnable;
use super::execution::Status;
use super::hub::{OUTPUT, Subject};
use super::pack::Task;
use super::shell::{self, Said};
use super::simulate::{self, Plan};
use super::stamp;
use super::world::{Order, World};

/// Lives the life of execution `id` on this thread, beside everything else.
pub(crate) fn begin(world: &Arc<World>, id: String) {
    let world = Arc::clone(world);
    drop(actix_web::rt::spawn(async move {
        live(&world, &id).await;
        announce::ended(&world, &id).await;
    }));
}

/// Lives the life of execution `id` to its end.
pub(crate) fn live<'a>(world: &'a Arc<World>, id: &'a str) -> Pin<Box<dyn Future<Output = ()> + 'a>> {
    Box::pin(async move {
        let Some(run) = Run::of(world, id) else { return };
        if run.waits(run.stranded.saturating_add(world.config.pace)).await || run.steps(Status::Scheduled, None) {
            return;
        }
        if run.waits(world.config.pace).await || run.steps(Status::Running, None) {
            return;
        }
        let plan = if run.tasks.is_empty() { run.plan() } else { run.workflow().await };
        let takes = plan.takes + world.config.pace + world.state().switches.delay;
        if run.lasts(&plan, takes).await {
            run.gives_up().await;
            return;
        }
        run.ends(plan);
    })
}

/// An execution under way.
struct Run<'a> {
    world: &'a Arc<World>,
    id: &'a str,
    runnable: Arc<Runnable>,
    /// Complete.
    parameters: Map<String, Value>,
    tasks: Vec<Task>,
    cancel: Arc<Notify>,
    /// How long it is not begun.
    stranded: Duration,
}

impl<'a> Run<'a> {
    fn of(world: &'a Arc<World>, id: &'a str) -> Option<Self> {
        let (runnable, given, cancel, stranded) = {
            let state = world.state();
            let execution = state.executions.find(id)?;
            let runnable = Arc::clone(state.catalogue.action(&execution.action_ref)?);
            (runnable, execution.parameters.clone(), Arc::clone(&execution.cancel), execution.stranded)
        };
        let parameters = simulate::complete(&runnable.schema, &given);
        let tasks = simulate::tasks(&runnable.action, &parameters);
        Some(Self { world, id, runnable, parameters, tasks, cancel, stranded })
    }

    /// Waits, and whether it was cancelled meanwhile.
    async fn waits(&self, time: Duration) -> bool {
        tokio::select! {
            biased;
            () = self.cancel.notified() => true,
            () = sleep(time) => false,
        }
    }

    /// Takes its time and prints its lines meanwhile, and whether it was cancelled over it.
    async fn lasts(&self, plan: &Plan, takes: Duration) -> bool {
        let began = Instant::now();
        for said in plan.said.iter().filter(|said| said.after <= takes) {
            if self.waits(said.after.saturating_sub(began.elapsed())).await {
                return true;
            }
            self.prints(said);
        }
        self.waits(takes.saturating_sub(began.elapsed())).await
    }

    fn prints(&self, Said { kind, data, .. }: &Said) {
        let mut state = self.world.state();
        let document = json!({
            "execution_id": self.id, "action_ref": self.runnable.action.reference,
            "runner_ref": self.runnable.action.runner, "timestamp": stamp::text(stamp::now()),
            "output_type": kind, "data": data, "id": stamp::new_id(),
        });
        let Some(execution) = state.executions.find_mut(self.id) else { return };
        execution.output.push(document.clone());
        let subject = Subject { id: Some(self.id), action_ref: None, status: None };
        state.hub.publish(OUTPUT, subject, || document.to_string());
    }

    /// Takes a step, and whether it was too late for it.
    fn steps(&self, status: Status, result: Option<Value>) -> bool {
        let mut state = self.world.state();
        let over = state.executions.find(self.id).is_none_or(|execution| execution.status.is_terminal());
        if !over {
            state.step(self.id, status, result);
        }
        over
    }

    fn plan(&self) -> Plan {
        if self.runnable.action.entry_point == WORDING {
            let (status, result) = announce::wording(self.world, &self.parameters);
            return Plan { takes: Duration::ZERO, status, result, said: Vec::new() };
        }
        simulate::plan(&self.runnable.action, &self.parameters)
    }

    /// Goes from canceling to canceled.
    async fn gives_up(&self) {
        sleep(self.world.config.pace).await;
        let mut state = self.world.state();
        let Some(execution) = state.executions.find_mut(self.id) else { return };
        if execution.status == Status::Canceling {
            let result = execution.result.take();
            state.step(self.id, Status::Canceled, result);
        }
    }

    fn ends(&self, plan: Plan) {
        let left = if plan.said.is_empty() { shell::printed(&plan.result) } else { Vec::new() };
        left.iter().for_each(|said| self.prints(said));
        let mut state = self.world.state();
        let Some(execution) = state.executions.find(self.id) else { return };
        if execution.status.is_terminal() {
            return;
        }
        if self.runnable.action.runner == "announcement" {
            let (event, data) = announce::announcement(&self.runnable.action, &self.parameters);
            state.hub.publish(&event, Subject::default(), || data.to_string());
            let result = announce::outcome(&data);
            state.step(self.id, plan.status, Some(result));
        } else {
            state.step(self.id, plan.status, Some(plan.result));
        }
    }

    /// Lives the lives of the children, one after the other; the first that fails ends it.
    async fn workflow(&self) -> Plan {
        let mut plan = self.plan();
        let workflow = stamp::new_id();
        for task in &self.tasks {
            if self.lives(task, &workflow).await != Some(Status::Succeeded) {
                plan.status = Status::Failed;
                let errors = json!([{"type": "error", "message": "Execution failed. See result for details.",
                    "task_id": task.name}]);
                plan.result = json!({"errors": errors, "output": null});
                break;
            }
        }
        plan
    }

    /// Lives the life of one child, and how it ended; none when it could not even begin.
    async fn lives(&self, task: &Task, workflow: &str) -> Option<Status> {
        let next = format!("Identified the following set of tasks to execute next: {} (route 0)\n", task.name);
        self.prints(&Said { after: Duration::ZERO, kind: "output", data: next });
        let child = self.child(task, workflow)?;
        live(self.world, &child).await;
        self.world.state().executions.find(&child).map(|child| child.status)
    }

    /// Makes a child and tells of it in the parent.
    fn child(&self, task: &Task, workflow: &str) -> Option<String> {
        let order = {
            let mut state = self.world.state();
            let parent = state.executions.find_mut(self.id)?;
            parent.context.insert("workflow_execution".to_owned(), workflow.into());
            parent.report(json!({"output": null}));
            Order {
                action: task.action.clone(),
                parameters: task.parameters.clone(),
                context: child_context(&parent.context, self.id, &task.name, workflow),
                parent: Some(self.id.to_owned()),
                workflow_execution: Some(workflow.to_owned()),
                ..Order::default()
            }
        };
        let child = self.world.launch(order).ok()?;
        let mut state = self.world.state();
        state.executions.find_mut(self.id)?.children.push(child.clone());
        state.tell(self.id, "update");
        Some(child)
    }
}

/// What a child inherits: who and where, but not the notification.
pub(crate) fn child_context(
    parent: &Map<String, Value>,
    parent_id: &str,
    task: &str,
    workflow: &str,
) -> Map<String, Value> {
    let inherited = || {
        let keys = ["user", "pack", "api_user", "source_channel"].into_iter();
        keys.filter_map(|key| parent.get(key).map(|value| (key.to_owned(), value.clone())))
    };
    let mut about = Map::from_iter([("execution_id".to_owned(), Value::from(parent_id))]);
    about.extend(inherited());
    let mut context: Map<_, _> = inherited().collect();
    context.insert("parent".to_owned(), about.into());
    context.insert(
        "orquesta".to_owned(),
        json!({
            "workflow_execution_id": workflow, "task_execution_id": stamp::new_id(), "task_name": task,
            "task_id": task, "task_route": 0,
        }),
    );
    context
}

/// The script of `chatops.format_execution_result`, which sees other executions.
const WORDING: &str = "format_execution_result.py";
