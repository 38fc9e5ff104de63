//! Asking StackStorm for executions, as the stream does not tell of all.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, timeout};
use tracing::{debug, warn};

use super::Setup;
use crate::{
    actors::{
        auth::{self, Auth, CallError},
        journal::{End, Ended, Journal, Owed, Told},
        rounds::Rounds,
        router::Overdue,
    },
    journal::RunId,
    st2::{
        Client,
        wire::{Execution, ExecutionId, Status},
    },
    supervise::Line,
};

/// Asks, once at a time, and goes on when the stream ends: one that never lasts, or is not opened, delays no result.
#[derive(Clone, Default)]
pub struct Sweeper {
    schedule: Rc<RefCell<Schedule>>,
    rounds: Rc<Rounds<Scope>>,
}

impl Sweeper {
    /// The stream has been opened.
    pub(super) fn is_open(&self) {
        self.schedule.borrow_mut().opened(Instant::now());
    }

    /// Asks for executions whose end is not known; again if they are being asked for: that may be older than the stream.
    pub(super) fn sweep(&self, setup: Setup, scope: Scope) {
        let schedule = Rc::clone(&self.schedule);
        // What is asked for at each tick is asked for once, however long the present round takes.
        self.rounds.retain(|asked| *asked > scope);
        self.rounds.ask(scope, move |scopes| {
            let (setup, schedule) = (setup.clone(), Rc::clone(&schedule));
            let scope = scopes.into_iter().max().unwrap_or(Scope::Due);
            async move { sweep(&setup, &schedule, scope).await }
        });
    }
}

/// When each execution is asked for whose end is not known: within half a minute, then after a minute and twice as long each
/// time, up to five minutes. It may have ended before the stream was there that is open now, though StackStorm's answer to
/// its command came later: what is first seen not long after that is asked for at once, too.
#[derive(Default)]
struct Schedule {
    turns: HashMap<String, Turn>,
    /// When the stream was opened.
    opened: Option<Instant>,
}

struct Turn {
    due: Instant,
    wait: Duration,
}

/// Which executions are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// Those whose turn it is.
    Due,
    /// All.
    All,
}

impl Schedule {
    /// A stream is open.
    pub(super) fn opened(&mut self, now: Instant) {
        self.opened = Some(now);
    }

    /// Those of `owed`, which are all whose end is not known, that are asked for now.
    fn take(&mut self, owed: Vec<String>, scope: Scope, now: Instant) -> Vec<ExecutionId> {
        let known: HashSet<&String> = owed.iter().collect();
        self.turns.retain(|id, _| known.contains(id));
        let is_new = self.opened.is_some_and(|opened| now < opened + ANSWERED);
        let (due, wait) = if is_new { (now, SHORTEST / 2) } else { (now + FIRST, SHORTEST) };
        let mut taken = Vec::new();
        for id in owed {
            let turn = self.turns.entry(id.clone()).or_insert(Turn { due, wait });
            if turn.due <= now {
                turn.wait = (turn.wait * 2).min(LONGEST);
            } else if scope == Scope::Due {
                continue;
            }
            turn.due = now + turn.wait;
            taken.push(id);
        }
        taken.into_iter().filter_map(ExecutionId::new).collect()
    }

    /// Those that could not be asked for are asked for again before long.
    fn put_back(&mut self, ids: &[ExecutionId], now: Instant) {
        for id in ids {
            self.turns.insert(id.as_str().to_owned(), Turn { due: now + SHORTEST, wait: SHORTEST });
        }
    }
}

/// Asks for executions whose end is not known, and has those that are over told in the order of their ends.
async fn sweep(setup: &Setup, schedule: &RefCell<Schedule>, scope: Scope) {
    let Ok(owed) = setup.journal.send(Owed(setup.name.clone())).await else { return };
    let ids = schedule.borrow_mut().take(owed, scope, Instant::now());
    if ids.is_empty() {
        return;
    }
    debug!(stackstorm = %setup.name, executions = ids.len(), "asking for executions whose end is not known");
    let found = match auth::call(&setup.auth, async |access| setup.client.executions(access, &ids).await).await {
        Ok(found) => found,
        Err(error) => {
            schedule.borrow_mut().put_back(&ids, Instant::now());
            return warn!(stackstorm = %setup.name, %error, "open executions not asked for");
        }
    };
    let (over, overdue) = sort(ids, &found, setup.time());
    for id in over {
        ask(&setup.client, &setup.auth, &setup.journal, setup.run_id(&id)).await;
        // So that what takes longer to be put in words does not come after what ended later.
        let told = setup.journal.send(Told(setup.run_id(&id)));
        drop(timeout(TELLING, told).await);
    }
    tell_of(setup, overdue).await;
}

/// Has the authors of executions told that they do not begin; the operator is told of all at once.
async fn tell_of(setup: &Setup, overdue: Vec<(ExecutionId, Duration)>) {
    let mut told = 0_usize;
    for (id, since) in overdue {
        match setup.router.send(Overdue { run: setup.run_id(&id), since }).await {
            Ok(is_news) => told += usize::from(is_news),
            Err(error) => {
                warn!(stackstorm = %setup.name, %error, execution = %id, "not told that an execution does not begin");
            }
        }
    }
    if told > 0 {
        warn!(stackstorm = %setup.name, executions = told, "StackStorm does not begin executions");
    }
}

/// Those that are over, or were not `found`, in the order of their ends; and those that should have begun long ago, with
/// how long they have waited.
fn sort(
    ids: Vec<ExecutionId>,
    found: &[Execution],
    now: Timestamp,
) -> (Vec<ExecutionId>, Vec<(ExecutionId, Duration)>) {
    let found: HashMap<&ExecutionId, &Execution> = found.iter().map(|it| (it.id(), it)).collect();
    let (mut over, mut missing, mut overdue) = (Vec::new(), Vec::new(), Vec::new());
    for id in ids {
        match found.get(&id) {
            None => missing.push(id),
            Some(it) if it.status().is_terminal() => over.push((it.ended(), id)),
            Some(it) => overdue.extend(overdue_since(it, now).map(|since| (id, since))),
        }
    }
    over.sort();
    (over.into_iter().map(|(_, id)| id).chain(missing).collect(), overdue)
}

/// How long an execution has waited to be begun, if that is too long.
fn overdue_since(execution: &Execution, now: Timestamp) -> Option<Duration> {
    let waited = now.duration_since(execution.started()?);
    let is_overdue = matches!(execution.status(), Status::Requested | Status::Scheduled) && waited >= DEADLINE;
    waited.try_into().ok().filter(|_| is_overdue)
}

/// Tells the Journal of an execution's end as StackStorm has it, if it has ended or does not exist. Returns whether StackStorm
/// has said so or otherwise.
pub(in crate::actors) async fn ask(
    client: &Client,
    auth: &Line<Auth>,
    journal: &Line<Journal>,
    run: RunId,
) -> bool {
    let Some(id) = ExecutionId::new(run.id.clone()) else { return true };
    let asked = auth::call(auth, async |access| client.execution(access, &id).await).await;
    let end = match asked {
        Ok(execution) if execution.status().is_terminal() => End::Finished(Arc::new(execution)),
        Ok(_) => return true,
        Err(CallError::Api(error)) if error.is_absent() => End::Missing,
        Err(error) => {
            warn!(%error, execution = %id, "execution not asked for");
            return false;
        }
    };
    if let Err(error) = journal.send(Ended { run, end }).await {
        warn!(%error, "end of an execution not passed on");
    }
    true
}

/// How long after it was first seen an execution is asked for: half a minute after it began at the latest.
const FIRST: Duration = Duration::from_secs(18);

/// How long after a command was sent StackStorm's answer may come: what is known of it then may have ended before.
const ANSWERED: Duration = Duration::from_secs(65);

/// The shortest wait between two questions, were it not doubled.
const SHORTEST: Duration = Duration::from_secs(30);

/// The longest wait between two questions.
const LONGEST: Duration = Duration::from_secs(300);

/// How long one result may hold up those that follow it, while it is put in words.
const TELLING: Duration = Duration::from_secs(2);

/// How long StackStorm may take to begin what it was asked for. One that is busy takes minutes; one whose API, scheduler or
/// runner died at the wrong moment never does it, and its own clean-up does not look at what has not begun.
const DEADLINE: SignedDuration = SignedDuration::from_mins(15);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn execution(id: &str, status: &str, began: &str, ended: Option<&str>) -> Execution {
        let json = json!({"id": id, "status": status, "start_timestamp": began, "end_timestamp": ended});
        Execution::from_json(json.to_string()).unwrap()
    }

    #[test]
    fn an_execution_is_asked_for_within_half_a_minute_and_then_ever_more_seldom() {
        let (mut schedule, began) = (Schedule::default(), Instant::now());
        let mut asked =
            |second: u32| !schedule.take(vec!["a".into()], Scope::Due, began + second * SECOND).is_empty();

        let seconds: Vec<u32> = (0..1_300).filter(|second| asked(*second)).collect();

        assert_eq!(seconds, [18, 78, 198, 438, 738, 1_038]);
    }

    #[test]
    fn what_is_first_seen_soon_after_the_stream_was_opened_is_asked_for_at_once() {
        let (mut schedule, began) = (Schedule::default(), Instant::now());
        schedule.opened(began);
        let mut asked = |id: &str, second: u32| {
            !schedule.take(vec!["a".into(), id.into()], Scope::Due, began + second * SECOND).is_empty()
        };

        assert!(asked("a", 5), "its command may have been sent before");
        assert_eq!([10, 34, 35].map(|second| asked("a", second)), [false, false, true]);
        assert!(!asked("b", 70), "its command was sent since");
    }

    #[test]
    fn all_are_asked_for_at_once_when_the_stream_is_new_and_their_pace_stays() {
        let (mut schedule, began) = (Schedule::default(), Instant::now());
        let mut asked = |ids: &[&str], scope, second: u32| {
            let owed = ids.iter().map(|id| (*id).to_owned()).collect();
            let taken = schedule.take(owed, scope, began + second * SECOND);
            taken.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
        };

        assert_eq!(asked(&["a", "b"], Scope::All, 0), ["a", "b"]);
        assert_eq!(asked(&["a", "b", "c"], Scope::All, 20), ["a", "b", "c"]);
        assert!(asked(&["a", "c"], Scope::Due, 49).is_empty());
        assert_eq!(asked(&["a", "c"], Scope::Due, 50), ["a", "c"]);
        assert_eq!(asked(&["b"], Scope::Due, 110), [""; 0], "it is begun anew");
    }

    #[test]
    fn what_could_not_be_asked_for_is_asked_for_again_soon() {
        let (mut schedule, now) = (Schedule::default(), Instant::now());
        let ids = schedule.take(vec!["a".into()], Scope::All, now);

        schedule.put_back(&ids, now);

        assert_eq!(schedule.take(vec!["a".into()], Scope::Due, now + SHORTEST), ids);
    }

    #[test]
    fn ends_are_told_in_their_order_and_what_is_not_found_last() {
        let began = "2026-11-21T03:00:00Z";
        let found = [
            execution("a", "succeeded", began, Some("2026-11-21T03:00:09Z")),
            execution("b", "failed", began, Some("2026-11-21T03:00:05.5Z")),
            execution("c", "running", began, None),
            execution("d", "succeeded", began, Some("2026-11-21T03:00:05.25Z")),
        ];
        let ids = ["x", "a", "b", "c", "d"].map(|id| ExecutionId::new(id).unwrap()).to_vec();

        let (over, overdue) = sort(ids, &found, "2026-11-21T03:01:00Z".parse().unwrap());

        assert_eq!(over.iter().map(ExecutionId::as_str).collect::<Vec<_>>(), ["d", "b", "a", "x"]);
        assert!(overdue.is_empty());
    }

    #[test]
    fn only_what_is_not_begun_in_a_quarter_of_an_hour_is_overdue() {
        let began = "2026-11-21T03:00:00Z";
        let overdue =
            |status, now: &str| overdue_since(&execution("a", status, began, None), now.parse().unwrap());

        assert_eq!(overdue("requested", "2026-11-21T03:14:59Z"), None);
        assert_eq!(overdue("requested", "2026-11-21T03:15:00Z"), Some(Duration::from_secs(900)));
        assert_eq!(overdue("scheduled", "2026-11-21T03:16:00Z"), Some(Duration::from_secs(960)));
        assert_eq!(overdue("running", "2026-11-21T09:00:00Z"), None);
        assert_eq!(overdue("delayed", "2026-11-21T09:00:00Z"), None);
    }
}
