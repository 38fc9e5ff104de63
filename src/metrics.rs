//! What is counted: one place, read by `/metrics` and `/status`.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{
        counter::Counter,
        family::Family,
        histogram::{Histogram, exponential_buckets},
    },
    registry::Registry,
};
use serde::Serialize;

/// A figure that rises and falls.
pub type Level = prometheus_client::metrics::gauge::Gauge;

/// The counters. Cheap to clone; clones count together.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// Messages heard, by chat.
    pub heard: Family<Chat, Counter>,
    /// Posts that a network took, by chat.
    pub posted: Family<Chat, Counter>,
    /// Posts that a network refused or lost, by chat.
    pub failed: Family<Chat, Counter>,
    /// Posts that may be out already, by chat and what became of them.
    pub unconfirmed: Family<Unconfirmed, Counter>,
    /// Dead letters, by what became of them.
    pub letters: Family<Outcome, Counter>,
    /// Commands, by what became of their submission.
    pub commands: Family<Outcome, Counter>,
    /// Announcements heard, by what became of them.
    pub announcements: Family<Outcome, Counter>,
    /// Reactions to our posts, by chat.
    pub reacted: Family<Chat, Counter>,
    /// What networks posted to chats, by what became of it.
    pub called: Family<Called, Counter>,
    /// Requests to the webhooks, by what became of them.
    pub webhooks: Family<Webhook, Counter>,
    /// Events on the streams of StackStorm, by StackStorm.
    pub events: Family<StackStorm, Counter>,
    /// What people said to us and we did not take, by the reason.
    pub refused: Family<Refusal, Counter>,
    /// Calls in flight.
    pub in_flight: Family<StackStorm, Level>,
    /// Calls that wait for their turn.
    pub waiting: Family<StackStorm, Level>,
    /// What was written of the journal.
    pub commits: Commits,
}

/// What was written of the journal.
#[derive(Clone, Debug)]
pub struct Commits {
    /// Entries and other changes; many go out in one commit.
    pub changes: Counter,
    /// How long each commit took, in seconds.
    pub seconds: Histogram,
}

impl Default for Commits {
    /// From a sixteenth of a millisecond to four seconds.
    fn default() -> Self {
        Self { changes: Counter::default(), seconds: Histogram::new(exponential_buckets(1.0 / 16_384.0, 4.0, 9)) }
    }
}

/// Labels of what belongs to a chat.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Chat {
    /// The chat's name in the configuration.
    pub chat: String,
}

/// Labels of a post that may be out already.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Unconfirmed {
    /// The chat's name in the configuration.
    pub chat: String,
    /// One of [`UNCONFIRMED`].
    pub outcome: &'static str,
}

/// Labels of what belongs to a StackStorm.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct StackStorm {
    /// The StackStorm's name in the configuration.
    pub stackstorm: String,
}

/// Labels of what can come out in several ways.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Outcome {
    /// One of [`COMMANDS`], [`ANNOUNCEMENTS`] or [`LETTERS`].
    pub outcome: &'static str,
}

/// Calls of one StackStorm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// Under way.
    pub in_flight: i64,
    /// Waiting for their turn.
    pub waiting: i64,
}

/// Labels of what was not taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Refusal {
    /// One of [`REFUSALS`].
    pub why: &'static str,
}

/// Labels of what a network posted to a chat.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Called {
    /// The chat.
    pub chat: String,
    /// One of [`CALLS`].
    pub outcome: &'static str,
}

/// Labels of a request to a webhook.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Webhook {
    /// The path.
    pub endpoint: &'static str,
    /// One of [`WEBHOOKS`].
    pub outcome: &'static str,
}

impl Metrics {
    /// Counters of a gateway with these chats and StackStorms, all at nought: what is not there before its first count
    /// has not risen for Prometheus then.
    pub fn new<'a>(
        chats: impl IntoIterator<Item = &'a str>,
        stackstorms: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let metrics = Self::default();
        for chat in chats {
            let labels = Chat { chat: chat.to_owned() };
            for family in [&metrics.heard, &metrics.posted, &metrics.failed, &metrics.reacted] {
                drop(family.get_or_create(&labels));
            }
            for outcome in UNCONFIRMED {
                drop(metrics.unconfirmed.get_or_create(&Unconfirmed { chat: chat.to_owned(), outcome }));
            }
        }
        for stackstorm in stackstorms {
            drop(metrics.events.get_or_create(&StackStorm { stackstorm: stackstorm.to_owned() }));
        }
        for outcome in COMMANDS {
            drop(metrics.commands.get_or_create(&Outcome { outcome }));
        }
        for outcome in ANNOUNCEMENTS {
            drop(metrics.announcements.get_or_create(&Outcome { outcome }));
        }
        for outcome in LETTERS {
            drop(metrics.letters.get_or_create(&Outcome { outcome }));
        }
        for why in REFUSALS {
            drop(metrics.refused.get_or_create(&Refusal { why }));
        }
        metrics
    }

    /// As [`Metrics::new`], for a webhook that is served.
    pub fn expect_webhook(&self, endpoint: &'static str) {
        for outcome in WEBHOOKS {
            drop(self.webhooks.get_or_create(&Webhook { endpoint, outcome }));
        }
    }

    /// As [`Metrics::new`], for a chat that is called.
    pub fn expect_calls(&self, chat: &str) {
        for outcome in CALLS {
            drop(self.called.get_or_create(&Called { chat: chat.to_owned(), outcome }));
        }
    }

    /// Counts a command by what became of it.
    pub fn command(&self, outcome: &'static str) {
        debug_assert!(COMMANDS.contains(&outcome), "{outcome}");
        self.commands.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts an announcement by what became of it.
    pub fn announcement(&self, outcome: &'static str) {
        debug_assert!(ANNOUNCEMENTS.contains(&outcome), "{outcome}");
        self.announcements.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a post of `chat` that may be out already, by what became of it.
    pub fn unconfirmed(&self, chat: &str, outcome: &'static str) {
        debug_assert!(UNCONFIRMED.contains(&outcome), "{outcome}");
        self.unconfirmed.get_or_create(&Unconfirmed { chat: chat.to_owned(), outcome }).inc();
    }

    /// Counts a dead letter by what became of it.
    pub fn letter(&self, outcome: &'static str) {
        debug_assert!(LETTERS.contains(&outcome), "{outcome}");
        self.letters.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts something that was not taken, by the reason.
    pub fn refusal(&self, why: &'static str) {
        debug_assert!(REFUSALS.contains(&why), "{why}");
        self.refused.get_or_create(&Refusal { why }).inc();
    }

    /// How many calls of a StackStorm are in flight and wait.
    pub fn calls(&self, stackstorm: &str) -> Calls {
        let labels = StackStorm { stackstorm: stackstorm.to_owned() };
        let level = |family: &Family<StackStorm, Level>| family.get_or_create(&labels).get();
        Calls { in_flight: level(&self.in_flight), waiting: level(&self.waiting) }
    }

    /// Counts what was posted to a chat by what became of it.
    pub fn call(&self, chat: &str, outcome: &'static str) {
        debug_assert!(CALLS.contains(&outcome), "{outcome}");
        self.called.get_or_create(&Called { chat: chat.to_owned(), outcome }).inc();
    }

    /// Counts a request to a webhook by what became of it.
    pub fn webhook(&self, endpoint: &'static str, outcome: &'static str) {
        debug_assert!(WEBHOOKS.contains(&outcome), "{outcome}");
        self.webhooks.get_or_create(&Webhook { endpoint, outcome }).inc();
    }

    /// All counters and `gauges` (name, help, labels and value) in the text format of OpenMetrics.
    pub fn encode(&self, gauges: &[Gauge]) -> String {
        let mut registry = Registry::with_prefix("fulmar");
        registry.register("heard", "Messages heard", self.heard.clone());
        registry.register("posted", "Posts that a network took", self.posted.clone());
        registry.register("failed", "Posts that a network refused or lost", self.failed.clone());
        registry.register(
            "unconfirmed",
            "Posts that may be out already, by what became of them",
            self.unconfirmed.clone(),
        );
        registry.register("letters", "Dead letters, by what became of them", self.letters.clone());
        registry.register("commands", "Commands, by what became of them", self.commands.clone());
        registry.register(
            "announcements",
            "Announcements heard, by what became of them",
            self.announcements.clone(),
        );
        registry.register("reacted", "Reactions to our posts", self.reacted.clone());
        registry.register("called", "What networks posted to chats, by what became of it", self.called.clone());
        registry.register("webhooks", "Requests to the webhooks, by what became of them", self.webhooks.clone());
        registry.register("events", "Events on the streams of StackStorm", self.events.clone());
        registry.register("refused", "What people said that was not taken, by the reason", self.refused.clone());
        registry.register("calls_in_flight", "Calls of StackStorm in flight", self.in_flight.clone());
        registry.register("calls_waiting", "Calls of StackStorm that wait for their turn", self.waiting.clone());
        registry.register("journal_changes", "Changes written to the journal", self.commits.changes.clone());
        registry.register(
            "journal_commit_seconds",
            "How long commits of the journal took",
            self.commits.seconds.clone(),
        );
        for gauge in gauges {
            let family = Family::<Vec<(String, String)>, Float>::default();
            for (labels, value) in &gauge.values {
                family.get_or_create(labels).set(*value);
            }
            registry.register(gauge.name, gauge.help, family);
        }
        let mut text = String::new();
        match encode(&mut text, &registry) {
            Ok(()) => text,
            Err(error) => format!("# cannot be written: {error}\n"),
        }
    }
}

/// A figure that is asked for, not counted.
#[derive(Clone, Debug)]
pub struct Gauge {
    /// The name, without prefix.
    pub name: &'static str,
    /// What it tells, with the unit.
    pub help: &'static str,
    /// The figure by labels.
    pub values: Vec<(Vec<(String, String)>, f64)>,
}

type Float = prometheus_client::metrics::gauge::Gauge<f64, std::sync::atomic::AtomicU64>;

/// What becomes of a command.
pub const COMMANDS: [&str; 5] = ["submitted", "refused", "unknown", "no_match", "ambiguous"];

/// What becomes of an announcement. A `result` is a command's, `suppressed` repeats one, `foreign` is for another gateway,
/// `summarised` was missed and is too old, and `nowhere` has no room.
pub const ANNOUNCEMENTS: [&str; 6] = ["said", "result", "suppressed", "foreign", "summarised", "nowhere"];

/// Why something is not taken: too much is under way, it cannot be journalled, its turn did not come, no aliases were ever
/// loaded, it was written too long ago, its author said too much at once, or the network says it once more.
pub const REFUSALS: [&str; 7] = ["busy", "journal", "late", "no_aliases", "old", "rate", "repeated"];

/// What becomes of a post that may be out already.
pub const UNCONFIRMED: [&str; 2] = ["dropped", "repeated"];

/// What becomes of a dead letter: it dies, an operator has it tried again or dropped, or it goes as there are too many
/// or as it is too old.
pub const LETTERS: [&str; 5] = ["dead", "retried", "dropped", "crowded_out", "expired"];

/// What becomes of what a network posts to a chat: the chat takes or refuses it, it was not understood, too many were bad,
/// and the chat is not there or too slow.
pub const CALLS: [&str; 5] = ["taken", "refused", "bad", "limited", "failed"];

/// What becomes of a request to a webhook: as with announcements, or not understood, not allowed, too many, and not to
/// be taken now.
pub const WEBHOOKS: [&str; 7] = ["said", "suppressed", "nowhere", "bad", "refused", "limited", "failed"];
