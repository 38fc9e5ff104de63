//! What live lines say. Pure.

use std::time::Duration;

use crate::{actors::elapsed, st2::wire::Status};

/// What a live line says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Text {
    /// How an execution ended, or that several did, after so long.
    Over(Option<Status>, Duration),
    /// How things stand, after so long.
    Still {
        seen: Seen,
        after: Duration,
        /// The execution, if it is one, by its short id.
        id: Option<String>,
        /// Whether nothing more is said until the end.
        last: bool,
    },
}

/// How things stand, as far as a change of it is worth a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// One execution, with the tasks that it has started and the names of those that run.
    One { status: Status, started: usize, tasks: Vec<String> },
    /// So many executions of one command still run.
    Several(usize),
}

impl Seen {
    /// How it ended, if it has; several end in several ways.
    pub(super) fn end(&self) -> Option<Option<Status>> {
        match self {
            Self::One { status, .. } => status.is_terminal().then(|| Some(status.clone())),
            Self::Several(count) => (*count == 0).then_some(None),
        }
    }
}

impl Text {
    /// The words; `prefix` begins a command.
    pub(super) fn words(&self, prefix: &str) -> String {
        match self {
            Self::Over(Some(status), after) => format!("{} after {}.", capital(status), elapsed::words(*after)),
            Self::Over(None, after) => format!("All are over after {}.", elapsed::words(*after)),
            Self::Still { seen, after, id, last } => {
                let after = elapsed::words(*after);
                let state = match seen {
                    Seen::One { status, started, tasks } => {
                        format!("Still {status} after {after}{}", tasks_words(*started, tasks))
                    }
                    Seen::Several(count) => format!("{count} executions still run after {after}"),
                };
                match id {
                    _ if *last => format!("{state}. No more is said until it ends."),
                    Some(id) => format!("{state}.  {prefix}tail {id}"),
                    None => format!("{state}."),
                }
            }
        }
    }
}

fn tasks_words(started: usize, tasks: &[String]) -> String {
    match (started, tasks) {
        (0, _) => String::new(),
        (1, []) => ": 1 task started".to_owned(),
        (_, []) => format!(": {started} tasks started"),
        (_, [task]) => format!(": task {task} ({started} started)"),
        (_, [task, others @ ..]) => format!(": tasks {task}, {} ({started} started)", others.join(", ")),
    }
}

fn capital(status: &Status) -> String {
    let word = status.to_string();
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still(status: Status, started: usize, tasks: &[&str], last: bool) -> String {
        let tasks = tasks.iter().map(|task| (*task).to_owned()).collect();
        let (seen, id) = (Seen::One { status, started, tasks }, Some("3fa2c1".into()));
        Text::Still { seen, after: Duration::from_secs(120), id, last }.words("!")
    }

    #[test]
    fn a_line_tells_the_time_the_state_and_what_runs_now() {
        assert_eq!(still(Status::Running, 0, &[], false), "Still running after 2 min.  !tail 3fa2c1");
        assert_eq!(
            still(Status::Running, 1, &[], true),
            "Still running after 2 min: 1 task started. No more is said until it ends."
        );
        assert_eq!(
            still(Status::Running, 3, &["build"], false),
            "Still running after 2 min: task build (3 started).  !tail 3fa2c1"
        );
        assert_eq!(
            still(Status::Paused, 4, &["a", "b"], true),
            "Still paused after 2 min: tasks a, b (4 started). No more is said until it ends."
        );
        assert_eq!(
            Text::Over(Some(Status::Succeeded), Duration::from_secs(240)).words("!"),
            "Succeeded after 4 min."
        );
    }
}
