//! What an execution prints, as its stream tells it (`st2stream/controllers/v1/executions.py`).

use serde::Deserialize;

use crate::st2::sse::Event;

/// An event of the output of an execution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Printed {
    /// Nothing more comes: the execution is over, or pauses.
    End,
    /// An event that is none of these.
    Ignored,
    /// Text, as it was printed: a line with its end, as a rule.
    Text(String),
    /// Text that is too long to be read.
    TooLong,
}

#[derive(Deserialize)]
struct Output {
    data: String,
}

impl Printed {
    /// Reads an event.
    pub fn read(event: Event) -> Self {
        match event {
            Event::Oversized { .. } => Self::TooLong,
            // Its data is no JSON.
            Event::Complete { name, .. } if name == "EOF" => Self::End,
            Event::Complete { name, data } if name == "st2.execution.output__create" => {
                serde_json::from_str::<Output>(&data).map_or(Self::Ignored, |output| Self::Text(output.data))
            }
            Event::Complete { .. } => Self::Ignored,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, data: &str) -> Printed {
        Printed::read(Event::Complete { name: name.into(), data: data.into() })
    }

    #[test]
    fn what_is_printed_the_end_and_everything_else_are_told_apart() {
        let output = r#"{"execution_id": "5f", "output_type": "stdout", "data": "one\n", "id": "60"}"#;

        assert_eq!(read("st2.execution.output__create", output), Printed::Text("one\n".into()));
        assert_eq!(read("EOF", "''"), Printed::End);
        assert_eq!(read("st2.execution.output__create", "[]"), Printed::Ignored);
        assert_eq!(read("st2.execution__update", "{}"), Printed::Ignored);
        assert_eq!(Printed::read(Event::Oversized { name: None, id: None }), Printed::TooLong);
    }
}
