//! What the events of the stream mean.

use memchr::memmem;

use super::{Announcement, Execution, ExecutionId, Status};
use crate::st2::sse::Event;

/// What happened in StackStorm.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// An alias was made, changed or deleted.
    AliasesChanged,
    /// Something is to be said.
    Announced(Box<Announcement>),
    /// An execution has ended. Steps of workflows are ignored, and so is everything before an end.
    Ended(Box<Execution>),
    /// An event that we should understand but cannot; its name.
    Garbled(String),
    /// An event that is none of our business.
    Ignored,
    /// An event too long to read, of the execution with this id if it could be seen.
    Oversized(Option<ExecutionId>),
}

impl Happening {
    /// Reads an event.
    pub fn read(event: Event) -> Self {
        let (name, data) = match event {
            Event::Oversized { id, .. } => return Self::Oversized(id.and_then(ExecutionId::new)),
            Event::Complete { name, data } => (name, data),
        };
        let understood = if let Some(route) = name.strip_prefix("st2.announcement__") {
            Announcement::from_event(route, &data).map(|it| Self::Announced(Box::new(it)))
        } else if name.starts_with("st2.execution__") {
            Self::read_execution(data)
        } else if name.starts_with("st2.actionalias__") {
            Some(Self::AliasesChanged)
        } else {
            Some(Self::Ignored)
        };
        understood.unwrap_or(Self::Garbled(name))
    }

    fn read_execution(data: String) -> Option<Self> {
        if !may_have_ended(&data) {
            return Some(Self::Ignored);
        }
        let execution = Execution::from_json(data).ok()?;
        let ends = execution.status().is_terminal() && !execution.is_child();
        Some(if ends { Self::Ended(Box::new(execution)) } else { Self::Ignored })
    }
}

/// Whether an end stands anywhere in an execution. Most events have none, and reading them for that would be most of
/// the work that there is with them.
fn may_have_ended(json: &str) -> bool {
    memmem::find_iter(json.as_bytes(), r#""status""#).any(|at| {
        let rest = json.get(at + r#""status""#.len()..).unwrap_or_default().trim_start();
        let value = rest.strip_prefix(':').map(str::trim_start).and_then(|rest| rest.strip_prefix('"'));
        let word = value.and_then(|value| value.split_once('"'));
        word.is_none_or(|(word, _)| Status::from(word).is_terminal())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, data: &str) -> Happening {
        Happening::read(Event::Complete { name: name.into(), data: data.into() })
    }

    #[test]
    fn each_event_is_what_its_name_says() {
        assert!(
            matches!(read("st2.announcement__errbot", "{}"), Happening::Announced(it) if it.route == "errbot")
        );
        assert!(matches!(read("st2.execution__update", r#"{"id":"5f","status":"failed"}"#), Happening::Ended(_)));
        assert_eq!(read("st2.execution__update", r#"{"id":"5f","status":"running"}"#), Happening::Ignored);
        assert_eq!(
            read("st2.execution__update", r#"{"id":"5f","status":"failed","parent":"60"}"#),
            Happening::Ignored
        );
        assert_eq!(read("st2.actionalias__delete", ""), Happening::AliasesChanged);
        assert_eq!(read("st2.liveaction__create", "{}"), Happening::Ignored);
        assert_eq!(read("st2.execution.output__create", "{}"), Happening::Ignored);
    }

    #[test]
    fn an_event_that_cannot_be_understood_says_so() {
        assert_eq!(
            read("st2.execution__update", r#"{"status":"failed""#),
            Happening::Garbled("st2.execution__update".into())
        );
        assert_eq!(read("st2.announcement__errbot", "[]"), Happening::Garbled("st2.announcement__errbot".into()));
    }
}
