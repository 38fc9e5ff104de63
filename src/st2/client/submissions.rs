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
}

/// The executions that carry a mark.
type Found<'a> = HashMap<&'a Mark, Vec<Execution>>;

impl Client {
    /// The executions of each of `sought`, in their order. Only id, status, notify data and context are in them. That there
    /// is none proves nothing for an action with a `notify` of its own.
    ///
    /// There is one list for each action among them: StackStorm takes one at a time, and a list of all that runs in it may be
    /// much longer than these.
    ///
    /// # Errors
    /// When StackStorm does not say.
    pub async fn find_submissions(
        &self,
        access: &Access,
        sought: &[Sought],
    ) -> Result<Vec<Vec<Execution>>, ApiError> {
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
        let mut found: Found<'_> = sought.iter().map(|it| (&it.mark, Vec::new())).collect();
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
                // What begins meanwhile moves those before it on to the next page.
                if let Some(known) = execution.mark().and_then(|mark| found.get_mut(mark))
                    && known.iter().all(|it| it.id() != execution.id())
                {
                    known.push(execution);
                }
            }
            if is_last || found.values().all(|it| !it.is_empty()) {
                break;
            }
        }
        Ok(found)
    }
}

/// How long after the moment from which it is looked for a submission begins at the latest.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
