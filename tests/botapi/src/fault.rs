//! What goes wrong on demand.

/// A fault that befalls one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which method; any if it is `None`.
    pub method: Option<String>,
    /// What happens.
    pub what: What,
}

/// What can befall a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The connection is cut before the call is obeyed.
    Cut,
    /// The call is obeyed, and the connection cut before the answer.
    CutAfter,
    /// 429, to come again after so many seconds.
    Flood(u64),
    /// No answer ever comes.
    Hang,
    /// A proxy's page with this status.
    Status(u16),
}

impl Fault {
    /// A fault of one method.
    pub fn of(method: &str, what: What) -> Self {
        Self { method: Some(method.to_owned()), what }
    }
}
