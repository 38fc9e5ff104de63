//! How our commands are recognised when they come back.

use serde_json::{Value, json};

/// What `source_context` says of a command of ours: it comes back in the execution's notify data and in the
/// announcement. Anybody can forge it, so nothing but the command is looked up by it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mark {
    /// The name of the gateway that sent the command.
    pub gateway: String,
    /// The command's id.
    pub command: String,
}

impl Mark {
    /// The mark in a `source_context`.
    pub fn in_context(context: &Value) -> Option<Self> {
        let mark = context.get("fulmar")?;
        let text = |key| mark.get(key)?.as_str().map(str::to_owned);
        Some(Self { gateway: text("gateway")?, command: text("command")? })
    }

    /// The `source_context` that carries the mark.
    pub fn to_context(&self) -> Value {
        json!({ "fulmar": { "gateway": self.gateway, "command": self.command } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_as_it_went() {
        let mark = Mark { gateway: "g".into(), command: "c".into() };

        assert_eq!(Mark::in_context(&mark.to_context()), Some(mark));
    }

    #[test]
    fn a_context_of_somebody_else_has_none() {
        for other in [json!(null), json!("fulmar"), json!({"fulmar": "x"}), json!({"fulmar": {"gateway": "g"}})] {
            assert_eq!(Mark::in_context(&other), None);
        }
    }
}
