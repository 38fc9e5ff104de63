//! Faults on demand, so that tests see what an operator will see one day.
//!
//! In the process they go through [`super::Sandbox::inject`]; over HTTP the same as JSON through `POST /sandbox/faults`
//! (one object or a list of them, answered by 204), which needs no credential; `DELETE /sandbox/faults` forgets what is
//! still pending. For example:
//!
//! ```json
//! {"fault": "answer", "path": "/v1/aliasexecution", "status": 503, "times": 3, "retry_after": 5}
//! {"fault": "hang", "path": "/v1/executions*", "millis": 20000}
//! {"fault": "reset", "path": "/v1/aliasexecution", "when": "after"}
//! {"fault": "cut-streams"}
//! {"fault": "emit", "event": "st2.announcement__errbot", "data": {"payload": null}}
//! ```

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;

use super::hub::is_covered;

/// One thing that goes wrong. Paths are globs over `/v1/...` however the request was prefixed.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The next calls get this status and a `faultstring`.
    Answer {
        /// Which calls.
        path: String,
        /// How many calls.
        #[serde(default = "once")]
        times: u32,
        /// Whether the call does its work first.
        #[serde(default)]
        when: When,
        /// The status.
        status: u16,
        /// What is said to be waited for, in seconds.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// Every open stream ends without a last chunk.
    CutStreams,
    /// Every rule fires this much after the end of the execution, in place of what the sandbox was started with.
    DelayRules {
        /// How much, in milliseconds.
        millis: u64,
    },
    /// Every result comes this much later.
    DelayResults {
        /// How much, in milliseconds; 0 ends it.
        millis: u64,
    },
    /// An event goes out on the stream.
    Emit {
        /// Its name, as `st2.announcement__errbot`.
        event: String,
        /// Its data.
        data: Value,
    },
    /// Every token given out so far is expired.
    ExpireTokens,
    /// The next calls are answered late.
    Hang {
        /// Which calls.
        path: String,
        /// How many calls.
        #[serde(default = "once")]
        times: u32,
        /// Whether the call does its work first.
        #[serde(default)]
        when: When,
        /// How late, in milliseconds.
        millis: u64,
    },
    /// The next events are lost, though the stream stays open.
    LoseEvents {
        /// Which events, a glob.
        events: String,
        /// How many events.
        #[serde(default = "once")]
        times: u32,
    },
    /// Bytes go out into every stream, whatever they mean.
    Raw {
        /// The bytes.
        text: String,
    },
    /// No stream is opened for a while.
    RefuseStreams {
        /// What those who ask get.
        status: u16,
        /// For how long, in milliseconds.
        millis: u64,
    },
    /// The next rules that would fire do not.
    SkipRules {
        /// How many.
        #[serde(default = "once")]
        times: u32,
    },
    /// The next executions stay `requested`, as when the API dies over them, or StackStorm is busy.
    Strand {
        /// How long ago they seem to have been asked for, in milliseconds.
        #[serde(default)]
        ago: u64,
        /// For how long, in milliseconds, if they are not cancelled; for ever, if this is not given.
        #[serde(default = "for_ever")]
        lasts: u64,
        /// How many.
        #[serde(default = "once")]
        times: u32,
    },
    /// The connections of the next calls are closed without an answer.
    Reset {
        /// Which calls.
        path: String,
        /// How many calls.
        #[serde(default = "once")]
        times: u32,
        /// Whether the call does its work first.
        #[serde(default)]
        when: When,
    },
}

/// On which side of its work a call goes wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// The work is done, only the answer goes wrong.
    After,
    /// Nothing is done.
    #[default]
    Before,
}

const fn once() -> u32 {
    1
}

const fn for_ever() -> u64 {
    u64::MAX
}

/// What befalls one call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mishap {
    Answer { status: u16, retry_after: Option<u32> },
    Hang(Duration),
    Reset,
}

/// The faults still pending.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    calls: Vec<Pending>,
    refusal: Option<(Instant, u16)>,
    /// How much later results come.
    pub(crate) delay: Duration,
    /// How long after an end rules fire, if not as the sandbox was started.
    pub(crate) notify_delay: Option<Duration>,
    skipped_rules: u32,
    /// How many executions are stranded, and how.
    stranded: (u32, Stranding),
}

/// How an execution is not begun.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stranding {
    /// How long ago it seems to have been asked for.
    pub(crate) ago: Duration,
    /// For how long.
    pub(crate) lasts: Duration,
}

#[derive(Debug)]
struct Pending {
    path: String,
    left: u32,
    when: When,
    mishap: Mishap,
}

impl Switches {
    /// Arms what befalls calls.
    pub(crate) fn arm(&mut self, path: String, times: u32, when: When, mishap: Mishap) {
        if self.calls.len() < MOST_PENDING {
            self.calls.push(Pending { path, left: times, when, mishap });
        }
    }

    /// Keeps the next `times` rules from firing.
    pub(crate) fn skip_rules(&mut self, times: u32) {
        self.skipped_rules = times;
    }

    /// Whether the next rule is not to fire, counted.
    pub(crate) fn skips_rule(&mut self) -> bool {
        let skips = self.skipped_rules > 0;
        self.skipped_rules = self.skipped_rules.saturating_sub(1);
        skips
    }

    /// Strands the next `times` executions.
    pub(crate) fn strand(&mut self, times: u32, how: Stranding) {
        self.stranded = (times, how);
    }

    /// Whether the next execution is stranded, counted, and how.
    pub(crate) fn strands(&mut self) -> Option<Stranding> {
        let (left, how) = self.stranded;
        self.stranded.0 = left.saturating_sub(1);
        (left > 0).then_some(how)
    }

    pub(crate) fn refuse_streams(&mut self, status: u16, time: Duration) {
        self.refusal = Some((Instant::now() + time, status));
    }

    /// The status that those who ask for a stream get now.
    pub(crate) fn stream_refusal(&self) -> Option<u16> {
        self.refusal.filter(|(until, _)| *until > Instant::now()).map(|(_, status)| status)
    }

    /// Drops all that is still pending.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }

    /// What befalls a call of `path`, counted.
    pub(crate) fn take(&mut self, path: &str) -> Option<(When, Mishap)> {
        let pending = self.calls.iter_mut().find(|pending| is_covered(&pending.path, path))?;
        pending.left = pending.left.saturating_sub(1);
        let mishap = (pending.when, pending.mishap);
        self.calls.retain(|pending| pending.left > 0);
        Some(mishap)
    }
}

const MOST_PENDING: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_documentation_shows() {
        let fault: Fault =
            serde_json::from_str(r#"{"fault": "reset", "path": "/v1/x", "when": "after"}"#).unwrap();

        assert_eq!(fault, Fault::Reset { path: "/v1/x".to_owned(), times: 1, when: When::After });
    }

    #[test]
    fn befalls_as_many_calls_as_told() {
        let mut switches = Switches::default();
        switches.arm(
            "/v1/executions*".to_owned(),
            2,
            When::Before,
            Mishap::Answer { status: 503, retry_after: None },
        );

        let taken: Vec<_> = ["/v1/user", "/v1/executions", "/v1/executions/x", "/v1/executions"]
            .iter()
            .map(|path| switches.take(path).is_some())
            .collect();

        assert_eq!(taken, [false, true, true, false]);
    }
}
