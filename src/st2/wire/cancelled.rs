//! What StackStorm says when an execution is to be cancelled.

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

use super::{Execution, Fault, Status};

/// What StackStorm makes of the wish that an execution end. Both are said with status 200
/// (`st2api/controllers/v1/actionexecutions.py`).
#[derive(Clone, Debug, PartialEq)]
pub enum Cancelled {
    /// It takes it on; the execution stands so now, and its end comes as any other does.
    Begun(Status),
    /// It is too late, or was asked for already.
    Refused(Fault),
}

impl<'de> Deserialize<'de> for Cancelled {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match Execution::from_json(json.get()) {
            Ok(execution) => Ok(Self::Begun(execution.status().clone())),
            Err(malformed) => {
                let fault = Fault::in_body(json.get().as_bytes());
                if fault == Fault::default() { Err(D::Error::custom(malformed)) } else { Ok(Self::Refused(fault)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(answer: &serde_json::Value) -> Option<Cancelled> {
        serde_json::from_str(&answer.to_string()).ok()
    }

    #[test]
    fn an_answer_of_200_may_be_a_refusal() {
        let refused = "Action cannot be canceled. State = succeeded.";

        assert_eq!(read(&json!({"id": "5f", "status": "canceling"})), Some(Cancelled::Begun(Status::Canceling)));
        assert_eq!(read(&json!({ "faultstring": refused })), Some(Cancelled::Refused(Fault::new(refused))));
        assert_eq!(read(&json!({})), None);
        assert_eq!(read(&json!(null)), None);
    }
}
