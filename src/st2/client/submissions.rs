//! Finding what became of commands whose answers were lost.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::value::RawValue;

use super::{ApiError, Client, MAX_PAGES, executions::readable};
use crate::st2::{
    Access,
    wire::{Execution, Mark},
};

/// A command that may run.
#[derive(Clone, Debug)]
pub struct Sought {
    /// What it runs.
    pub action: String,
    /// What began before this moment of StackStorm's time cannot be it.
    pub since: Timestamp,
    /// How its executions are known.
    pub mark: Mark,
    /// Who gave it, as StackStorm was told.
    pub asker: String,
}

/// What StackStorm shows of a command.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    /// The executions that carry its mark.
    pub marked: Vec<Execution>,
    /// Whether there are others that may be its: of the same action, for whoever gave it, and without any mark, as is what
    /// an action with a `notify` of its own leaves.
    pub has_alike: bool,
}

/// The traces of commands, by their marks.
type Found<'a> = HashMap<&'a Mark, Trace>;

impl Client {
    /// The traces of each of `sought`, in their order. Only id, status, notify data and context are in their executions.
    ///
    /// There is one list for each action among them: StackStorm takes one at a time, and a list of all that runs in it may be
    /// much longer than these.
    ///
    /// # Errors
    /// When StackStorm does not say.
    pub async fn find_submissions(&self, access: &Access, sought: &[Sought]) -> Result<Vec<Trace>, ApiError> {
        let mut found = Found::new();
        for action in sought.iter().map(|it| &it.action).collect::<BTreeSet<_>>() {
            let of_action: Vec<&Sought> = sought.iter().filter(|it| it.action == *action).collect();
            found.extend(self.find_of_action(access, action, &of_action).await?);
        }
        Ok(sought.iter().map(|it| found.remove(&it.mark).unwrap_or_default()).collect())
    }

    /// Asked for what began before some moment, too, StackStorm lists the newest first: so what was just lost is soon found,
    /// and older ones are not read then.
    async fn find_of_action<'a>(
        &self,
        access: &Access,
        action: &str,
        sought: &[&'a Sought],
    ) -> Result<Found<'a>, ApiError> {
        let mut found: Found<'_> = sought.iter().map(|it| (&it.mark, Trace::default())).collect();
        let sinces = || sought.iter().map(|it| it.since);
        let Some((first, last)) = sinces().min().zip(sinces().max()) else { return Ok(found) };
        let until = last.checked_add(LONGEST).unwrap_or(Timestamp::MAX);
        let (since, until) = (format!("{first:.6}"), format!("{until:.6}"));
        let query = [
            ("action", action),
            ("timestamp_gt", &since),
            ("timestamp_lt", &until),
            ("include_attributes", "id,status,liveaction.notify,context"),
        ];
        let mut offset = 0;
        for _ in 0..MAX_PAGES {
            let (page, is_last) = self.read_page::<Box<RawValue>>(access, "/executions", &query, offset).await?;
            offset += page.len();
            for execution in readable(page).filter(|it| !it.is_child()) {
                take(execution, sought, &mut found);
            }
            if is_last || found.values().all(|it| !it.marked.is_empty()) {
                break;
            }
        }
        Ok(found)
    }
}

/// Takes in an execution of the action that `sought` ran.
fn take(execution: Execution, sought: &[&Sought], found: &mut Found<'_>) {
    let Some(mark) = execution.mark() else {
        let asker = execution.asker();
        for alike in sought.iter().filter(|it| Some(&it.asker) == asker.as_ref()) {
            if let Some(trace) = found.get_mut(&alike.mark) {
                trace.has_alike = true;
            }
        }
        return;
    };
    // What begins meanwhile moves those before it on to the next page.
    if let Some(Trace { marked, .. }) = found.get_mut(mark)
        && marked.iter().all(|it| it.id() != execution.id())
    {
        marked.push(execution);
    }
}

/// How long after the moment from which it is looked for a submission begins at the latest.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
