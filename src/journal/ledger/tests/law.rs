//! Whatever happens in whatever order, and wherever it is cut off: what is owed follows from what a store has.

use proptest::{collection::vec, option, prelude::*, sample::subsequence};

use super::*;

/// Few enough of each that entries meet.
const MOST: u128 = 4;

/// All that follows from a ledger.
#[derive(Debug, PartialEq)]
struct Duties {
    counts: Counts,
    begun: Vec<(CommandId, Timestamp, CommandState)>,
    owed: Vec<Vec<String>>,
    awaited: Vec<(RunId, Timestamp)>,
    pending: Vec<(Delivery, Timestamp, DeliveryState)>,
    letters: Vec<DeliveryId>,
    is_submitting: bool,
}

/// What closed cases are remembered for, too.
#[derive(Debug, PartialEq)]
struct Memories {
    meanings: Vec<Meaning>,
    known: Vec<bool>,
    watched: Vec<(Option<Timestamp>, Vec<u64>)>,
    heard: Vec<Option<Timestamp>>,
}

/// A store, in short.
#[derive(Default)]
struct Kept {
    entries: Vec<(Case, Dated)>,
    open: HashMap<Case, bool>,
}

impl Kept {
    fn take(&mut self, change: Change) {
        match change {
            Change::Append { case, entry, open } => {
                self.open.insert(case.clone(), open);
                self.entries.push((case, entry));
            }
            Change::Replace(case, entries) => {
                self.entries.retain(|(of, _)| *of != case);
                self.open.insert(case.clone(), true);
                self.entries.extend(entries.into_iter().map(|entry| (case.clone(), entry)));
            }
            Change::Close(case) => _ = self.open.insert(case, false),
        }
    }

    /// The ledger of the next process, which reads all cases, or those that are open.
    fn read(&self, all: bool) -> Result<Ledger, Misfit> {
        let mut ledger = Ledger::default();
        for (_, entry) in self.entries.iter().filter(|(case, _)| all || self.open[case]) {
            ledger.apply(entry.clone())?;
        }
        Ok(ledger)
    }
}

impl Ledger {
    fn duties(&self) -> Duties {
        let begun = |id| self.command_row(id).map(|(_, at, state)| (id, at, state.clone()));
        let mut awaited = self.awaited();
        awaited.sort();
        Duties {
            counts: self.counts(),
            begun: self.open().into_iter().filter_map(begun).collect(),
            owed: [0, 50].map(|second| self.owed("default", at(second))).to_vec(),
            awaited,
            pending: self.pending(),
            letters: self.letters(),
            is_submitting: self.submitting(),
        }
    }

    fn memories(&self) -> Memories {
        let asked = [Asked::Just, Asked::NotYet];
        let messages = (0..MOST).map(|n| MessageId::new(n.to_string()));
        Memories {
            meanings: (0..MOST).flat_map(|n| asked.map(|asked| self.meaning(id(n), asked))).collect(),
            known: messages.map(|message| self.knows("ops", &route().room, &message)).collect(),
            watched: ["default", "other"].map(|name| self.watched(name)).to_vec(),
            heard: ["ops", "dev"].map(|chat| self.heard_until(chat)).to_vec(),
        }
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// An execution of command `n`: ids are never given twice.
fn name(n: u128, execution: usize) -> String {
    format!("{n}{execution}")
}

fn command_state() -> impl Strategy<Value = CommandState> {
    let why = String::from("no");
    prop_oneof![
        1 => Just(CommandState::Received),
        3 => Just(CommandState::Authorised),
        3 => Just(CommandState::Submitting),
        1 => Just(CommandState::Submitted),
        1 => Just(CommandState::Refused { why: why.clone() }),
        1 => Just(CommandState::Unknown { why, result: Value::Null }),
    ]
}

fn execution_state() -> impl Strategy<Value = ExecutionState> {
    prop_oneof![
        (0..100_i64).prop_map(awaited),
        Just(finished()),
        Just(ExecutionState::Overdue),
        Just(ExecutionState::Running),
        Just(ExecutionState::Told),
        Just(ExecutionState::Unknown { why: "gone".into() }),
    ]
}

fn delivery_state() -> impl Strategy<Value = DeliveryState> {
    let sending =
        (0..3_usize, 0..3_usize).prop_map(|(sent, posting)| DeliveryState::Sending { sent, parts: 5, posting });
    prop_oneof![
        Just(DeliveryState::Queued),
        sending,
        Just(DeliveryState::Delivered),
        Just(DeliveryState::Dead { why: "no such room".into() }),
        Just(DeliveryState::Dropped { why: "by ada".into() }),
    ]
}

fn queued() -> impl Strategy<Value = Entry> {
    let told = option::of((0..MOST, 0..3_usize));
    (0..2 * MOST, option::of(0..MOST), told).prop_map(|(n, command, execution)| {
        let Entry::Queued(notice) = delivery(n) else { unreachable!() };
        let execution = execution.map(|(of, number)| (of, run(&name(of, number))));
        let command = execution.as_ref().map(|(of, _)| *of).or(command).map(id);
        Entry::Queued(Delivery { command, execution: execution.map(|(_, run)| run), ..notice })
    })
}

fn received() -> impl Strategy<Value = Entry> {
    (0..MOST, 0..MOST, any::<bool>()).prop_map(|(n, message, is_direct)| {
        let Entry::Received(given) = command(n) else { unreachable!() };
        let results = if is_direct { Results::Direct } else { Results::Announcement };
        Entry::Received(Command { message: MessageId::new(message.to_string()), results, ..given })
    })
}

/// Anything that can be said to have happened, whether or not it can have happened.
fn entry() -> impl Strategy<Value = Entry> {
    let submitted = (0..MOST, subsequence(vec![0, 1, 2], 0..=3)).prop_map(|(n, started)| {
        let executions = started.into_iter().map(|number| execution(n, &name(n, number)));
        Entry::Submitted(id(n), executions.collect())
    });
    let chat = prop_oneof![Just("ops"), Just("dev")];
    let storm = prop_oneof![Just("default"), Just("other")];
    prop_oneof![
        3 => received(),
        6 => (0..MOST, command_state()).prop_map(|(n, state)| Entry::Advanced(id(n), state)),
        4 => submitted,
        6 => (0..MOST, 0..3_usize, execution_state())
            .prop_map(|(n, number, state)| Entry::Ended(run(&name(n, number)), state)),
        5 => queued(),
        6 => (0..2 * MOST, delivery_state())
            .prop_map(|(n, state)| Entry::Moved(DeliveryId(Uuid::from_u128(n)), state)),
        2 => (0..MOST).prop_map(|n| Entry::ResultAnnounced(id(n))),
        2 => (storm.clone(), 0..60_i64, 0..3_u64).prop_map(|(name, second, fingerprint)| {
            Entry::Announced(Announced { stackstorm: name.into(), at: at(second), fingerprint })
        }),
        2 => (chat.clone(), 0..MOST, 0..60_i64).prop_map(|(chat, message, second)| {
            let message = MessageId::new(message.to_string());
            Entry::Answered(Answered { chat: chat.into(), room: route().room, message, at: at(second) })
        }),
        1 => (storm, 0..60_i64).prop_map(|(name, second)| Entry::Watched(name.into(), at(second))),
        1 => (chat, 0..60_i64).prop_map(|(chat, second)| Entry::HeardUntil(chat.into(), at(second))),
    ]
}

/// Whether what happens twice has happened twice.
const fn is_counted(entry: &Entry) -> bool {
    matches!(entry, Entry::Announced(_) | Entry::ResultAnnounced(_))
}

fn was_perhaps_sent(ledger: &Ledger, n: u128) -> bool {
    let row = ledger.command_row(id(n));
    row.is_some_and(|(_, _, state)| !matches!(state, CommandState::Received | CommandState::Authorised))
}

proptest! {
    #[test]
    fn wherever_it_is_cut_off_the_next_process_owes_the_same(entries in vec(entry(), 0..80)) {
        let (mut ledger, mut kept) = (Ledger::default(), Kept::default());

        for (entry, second) in entries.into_iter().zip(0..) {
            if let Ok(change) = ledger.record((at(second), entry)) {
                kept.take(change);
            }
            let (all, open) = (kept.read(true).unwrap(), kept.read(false).unwrap());

            prop_assert_eq!(all.duties(), ledger.duties());
            prop_assert_eq!(all.memories(), ledger.memories());
            prop_assert_eq!(open.duties(), ledger.duties());
        }
    }

    #[test]
    fn what_cannot_have_happened_changes_nothing(entries in vec(entry(), 0..80)) {
        let mut ledger = Ledger::default();

        for (entry, second) in entries.into_iter().zip(0..) {
            let before = (ledger.duties(), ledger.memories());
            if ledger.record((at(second), entry)).is_err() {
                prop_assert_eq!((ledger.duties(), ledger.memories()), before);
            }
        }
    }

    #[test]
    fn what_is_kept_once_more_changes_nothing(entries in vec(entry(), 0..80)) {
        let mut ledger = Ledger::default();

        for (entry, second) in entries.into_iter().zip(0..) {
            if ledger.apply((at(second), entry.clone())).is_ok() && !is_counted(&entry) {
                let once = (ledger.duties(), ledger.memories());
                drop(ledger.apply((at(second), entry)));
                prop_assert_eq!((ledger.duties(), ledger.memories()), once);
            }
        }
    }

    #[test]
    fn what_was_perhaps_sent_is_never_to_be_sent_again(entries in vec(entry(), 0..80)) {
        let (mut ledger, mut kept) = (Ledger::default(), Kept::default());

        for entry in entries {
            let sent: Vec<u128> = (0..MOST).filter(|n| was_perhaps_sent(&ledger, *n)).collect();
            if let Ok(change) = ledger.record((at(0), entry)) {
                kept.take(change);
            }
            let again = kept.read(true).unwrap();

            prop_assert!(sent.iter().all(|n| was_perhaps_sent(&ledger, *n) && was_perhaps_sent(&again, *n)));
        }
    }
}
