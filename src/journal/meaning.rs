//! What an announcement that names a command of ours is to us. Pure.
//!
//! An announcement names the command and no execution, so they are counted: one for each execution that is over tells how it
//! ended, and comes from StackStorm's notify rule or from one like it; what goes beyond is said like anything else. A
//! workflow may announce what it likes while it runs, so before the end an announcement is never a result.

use super::{CommandState, Execution, ExecutionState, Results};

/// What an announcement is to us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A word more on a command of ours.
    Further,
    /// It belongs to no command that we know.
    Ordinary,
    /// It repeats a result that we give, or gave, ourselves.
    Repetition,
    /// The result of this execution, which is still owed.
    Result(String),
    /// More must be known first.
    Unclear(Doubt),
}

/// What must be known before it can be told what an announcement is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Whether these executions, which run as far as we know, are over.
    Running(Vec<String>),
    /// What StackStorm answers to the command.
    Submitting,
}

/// Whether StackStorm was asked for the executions that run as far as we know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Just now.
    Just,
    /// Not yet.
    NotYet,
}

/// What is known of the command that an announcement names.
#[derive(Debug)]
pub(super) struct Standing<'a> {
    pub(super) state: &'a CommandState,
    pub(super) results: Results,
    pub(super) executions: Vec<&'a Execution>,
    /// How many of them are told by an announcement or, as nobody wants to be told, by none.
    pub(super) announced: usize,
}

impl Standing<'_> {
    /// What one more announcement is.
    pub(super) fn meaning(&self, asked: Asked) -> Meaning {
        match self.state {
            CommandState::Submitting | CommandState::Outstanding => return Meaning::Unclear(Doubt::Submitting),
            CommandState::Submitted => {}
            CommandState::Authorised
            | CommandState::Received
            | CommandState::Refused { .. }
            | CommandState::Unknown { .. } => return Meaning::Further,
        }
        let is_running = |execution: &&&Execution| execution.state.is_running();
        let running: Vec<String> = self.executions.iter().filter(is_running).map(|it| it.id.clone()).collect();
        if self.announced + running.len() < self.executions.len() {
            return self.end();
        }
        match asked {
            Asked::NotYet if !running.is_empty() => Meaning::Unclear(Doubt::Running(running)),
            Asked::Just | Asked::NotYet => Meaning::Further,
        }
    }

    /// It tells of the end of one of the executions.
    fn end(&self) -> Meaning {
        let awaited = |execution: &&&Execution| matches!(execution.state, ExecutionState::Awaited { .. });
        match self.results {
            Results::Announcement => {
                let owed = self.executions.iter().find(awaited);
                owed.map_or(Meaning::Repetition, |execution| Meaning::Result(execution.id.clone()))
            }
            Results::Direct => Meaning::Repetition,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Value;
    use uuid::Uuid;

    use super::*;
    use crate::journal::CommandId;

    fn awaited() -> ExecutionState {
        ExecutionState::Awaited { until: Timestamp::UNIX_EPOCH }
    }

    fn finished() -> ExecutionState {
        ExecutionState::Finished { status: "succeeded".into() }
    }

    fn meaning(results: Results, states: &[ExecutionState], announced: usize, asked: Asked) -> Meaning {
        let execution = |(number, state): (usize, &ExecutionState)| Execution {
            id: number.to_string(),
            command: CommandId(Uuid::nil()),
            result: Value::Null,
            state: state.clone(),
        };
        let executions: Vec<Execution> = states.iter().enumerate().map(execution).collect();
        let executions = executions.iter().collect();
        Standing { state: &CommandState::Submitted, results, executions, announced }.meaning(asked)
    }

    #[test]
    fn the_first_after_the_end_is_the_result_where_results_are_announced() {
        let states = [awaited()];

        assert_eq!(meaning(Results::Announcement, &states, 0, Asked::NotYet), Meaning::Result("0".into()));
        assert_eq!(meaning(Results::Announcement, &[ExecutionState::Told], 1, Asked::NotYet), Meaning::Further);
    }

    #[test]
    fn the_first_after_the_end_repeats_the_result_where_we_give_it() {
        for state in [finished(), ExecutionState::Told] {
            assert_eq!(
                meaning(Results::Direct, std::slice::from_ref(&state), 0, Asked::NotYet),
                Meaning::Repetition
            );
            assert_eq!(meaning(Results::Direct, &[state], 1, Asked::NotYet), Meaning::Further);
        }
    }

    #[test]
    fn one_that_comes_after_we_gave_up_waiting_repeats_what_we_said() {
        let states = [ExecutionState::Told];

        assert_eq!(meaning(Results::Announcement, &states, 0, Asked::NotYet), Meaning::Repetition);
    }

    #[test]
    fn nothing_is_a_result_before_the_end_but_our_own_knowledge_of_it_may_be_late() {
        for results in [Results::Announcement, Results::Direct] {
            let unclear = Meaning::Unclear(Doubt::Running(vec!["0".into()]));

            assert_eq!(meaning(results, &[ExecutionState::Running], 0, Asked::NotYet), unclear);
            assert_eq!(meaning(results, &[ExecutionState::Running], 0, Asked::Just), Meaning::Further);
        }
    }

    #[test]
    fn each_execution_of_a_command_has_a_result_of_its_own() {
        let states = [ExecutionState::Told, awaited(), ExecutionState::Running];

        assert_eq!(meaning(Results::Announcement, &states, 1, Asked::NotYet), Meaning::Result("1".into()));
        let unclear = Meaning::Unclear(Doubt::Running(vec!["2".into()]));
        assert_eq!(meaning(Results::Announcement, &states, 2, Asked::NotYet), unclear);
    }

    #[test]
    fn a_command_without_executions_has_no_result() {
        let meaning = |state| {
            let standing =
                Standing { state: &state, results: Results::Direct, executions: Vec::new(), announced: 0 };
            standing.meaning(Asked::NotYet)
        };

        assert_eq!(meaning(CommandState::Submitting), Meaning::Unclear(Doubt::Submitting));
        assert_eq!(meaning(CommandState::Unknown { why: String::new(), result: Value::Null }), Meaning::Further);
        assert_eq!(meaning(CommandState::Refused { why: String::new() }), Meaning::Further);
        assert_eq!(meaning(CommandState::Authorised), Meaning::Further);
    }
}
