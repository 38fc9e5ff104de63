//! What may follow what.

mod law;

use fulmar_contract::{Identity, Mention, Tone};
use serde_json::Value;
use uuid::Uuid;

use super::*;
use crate::{
    journal::{Asked, Meaning, Results, Route, Speech},
    markup::Format,
};

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

fn route() -> Route {
    Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: None }
}

fn command(n: u128) -> Entry {
    Entry::Received(Command {
        id: id(n),
        message: MessageId::new(n.to_string()),
        stackstorm: "default".into(),
        route: route(),
        direct: None,
        author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
        text: "echo".into(),
        alias: "demo.echo".into(),
        results: Results::Announcement,
    })
}

fn execution(n: u128, name: &str) -> Execution {
    Execution { id: name.into(), command: id(n), result: Value::Null, state: ExecutionState::Running }
}

fn delivery(n: u128) -> Entry {
    Entry::Queued(Delivery {
        id: DeliveryId(Uuid::from_u128(n)),
        command: None,
        execution: None,
        speech: Speech::Notice,
        route: route(),
        answers: None,
        mention: None,
        text: "x".into(),
        format: Format::Plain,
        tone: Tone::Neutral,
        link: None,
        extra: Value::Null,
    })
}

fn run(name: &str) -> RunId {
    RunId { stackstorm: "default".into(), id: name.into() }
}

fn telling(n: u128, execution: &str) -> Entry {
    let Entry::Queued(notice) = delivery(n) else { unreachable!() };
    Entry::Queued(Delivery { execution: Some(run(execution)), ..notice })
}

fn finished() -> ExecutionState {
    ExecutionState::Finished { status: "succeeded".into() }
}

fn ledger(entries: impl IntoIterator<Item = Entry>) -> Ledger {
    let mut ledger = Ledger::default();
    for entry in entries {
        ledger.take(entry).unwrap();
    }
    ledger
}

impl Ledger {
    /// Applies an entry of no time in particular.
    fn take(&mut self, entry: Entry) -> Result<(), Misfit> {
        self.apply((Timestamp::UNIX_EPOCH, entry))
    }
}

fn submitting(n: u128) -> [Entry; 3] {
    [
        command(n),
        Entry::Advanced(id(n), CommandState::Authorised),
        Entry::Advanced(id(n), CommandState::Submitting),
    ]
}

#[test]
fn executions_of_two_stackstorms_with_the_same_id_are_two() {
    let Entry::Received(second) = command(2) else { unreachable!() };
    let elsewhere = Command { stackstorm: "other".into(), ..second };
    let there = RunId { stackstorm: "other".into(), id: "a".into() };
    let submitting = |n| [CommandState::Authorised, CommandState::Submitting].map(|it| Entry::Advanced(id(n), it));
    let mut ledger = ledger(
        [command(1), Entry::Received(elsewhere)].into_iter().chain(submitting(1)).chain(submitting(2)).chain([
            Entry::Submitted(id(1), vec![execution(1, "a")]),
            Entry::Submitted(id(2), vec![execution(2, "a")]),
        ]),
    );

    ledger.take(Entry::Ended(there.clone(), finished())).unwrap();

    assert_eq!(ledger.execution(&there).map(|it| (it.command, it.is_running())), Some((id(2), false)));
    assert_eq!(ledger.execution(&run("a")).map(|it| (it.command, it.is_running())), Some((id(1), true)));
    let owed = ["default", "other"].map(|name| ledger.owed(name, Timestamp::UNIX_EPOCH));
    assert_eq!(owed, [["a"], ["a"]]);
}

#[test]
fn an_execution_that_is_told_of_twice_is_one() {
    let both = vec![execution(1, "a"), execution(1, "a")];

    let ledger = ledger(
        submitting(1)
            .into_iter()
            .chain([Entry::Submitted(id(1), both), Entry::Ended(run("a"), ExecutionState::Told)]),
    );

    assert_eq!(ledger.counts().open, 0);
}

#[test]
fn a_command_is_open_until_its_last_execution_is_told() {
    let mut ledger = ledger(submitting(1));

    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a"), execution(1, "b")])).unwrap();
    ledger.take(Entry::Ended(run("a"), finished())).unwrap();
    assert_eq!(ledger.owed("default", Timestamp::UNIX_EPOCH), ["a", "b"]);
    ledger.take(telling(1, "a")).unwrap();
    ledger.take(Entry::Ended(run("b"), finished())).unwrap();
    assert_eq!((ledger.counts().open, ledger.owed("default", Timestamp::UNIX_EPOCH)), (1, vec!["b".to_owned()]));
    ledger.take(Entry::Ended(run("b"), ExecutionState::Told)).unwrap();

    assert_eq!(ledger.counts().open, 0);
    assert!(ledger.owed("default", Timestamp::UNIX_EPOCH).is_empty());
}

#[test]
fn an_execution_is_told_once() {
    let mut ledger = ledger(submitting(1));
    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
    ledger.take(Entry::Ended(run("a"), finished())).unwrap();
    ledger.take(telling(1, "a")).unwrap();
    ledger.take(Entry::Moved(DeliveryId(Uuid::from_u128(1)), DeliveryState::Delivered)).unwrap();

    assert!(ledger.take(telling(2, "a")).is_err());
    assert_eq!(ledger.counts().pending, 0);
}

#[test]
fn an_execution_ends_once() {
    let mut ledger = ledger(submitting(1));
    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
    ledger.take(Entry::Ended(run("a"), finished())).unwrap();

    assert!(ledger.take(Entry::Ended(run("a"), finished())).is_err());
    assert!(ledger.take(Entry::Ended(run("stranger"), finished())).is_err());
}

#[test]
fn a_submission_is_open_until_it_is_answered() {
    let mut ledger = ledger(submitting(1));
    assert!(ledger.submitting());

    ledger.take(Entry::Advanced(id(1), CommandState::Refused { why: "no".into() })).unwrap();

    assert!(!ledger.submitting());
    assert_eq!(ledger.counts().open, 0);
}

#[test]
fn a_command_given_up_may_turn_out_to_run() {
    let mut ledger = ledger(submitting(1));
    ledger
        .take(Entry::Advanced(id(1), CommandState::Unknown { why: "silence".into(), result: Value::Null }))
        .unwrap();
    assert_eq!((ledger.counts().open, ledger.result_of_unknown(id(1))), (0, Some(&Value::Null)));

    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();

    assert_eq!((ledger.counts().open, ledger.owed("default", Timestamp::UNIX_EPOCH)), (1, vec!["a".to_owned()]));
}

#[test]
fn a_submitted_command_is_never_submitted_again() {
    let mut ledger = ledger(submitting(1));
    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();

    assert!(ledger.take(Entry::Advanced(id(1), CommandState::Submitting)).is_err());
    assert!(ledger.take(Entry::Submitted(id(1), vec![])).is_err());
}

#[test]
fn a_delivery_is_pending_until_it_is_delivered_or_dead() {
    let mut ledger = ledger([delivery(1), delivery(2), delivery(3)]);
    let state = |n, state| Entry::Moved(DeliveryId(Uuid::from_u128(n)), state);

    ledger.take(state(1, DeliveryState::Delivered)).unwrap();
    ledger.take(state(2, DeliveryState::Dead { why: "gone".into() })).unwrap();
    ledger.take(state(3, DeliveryState::Sending { sent: 1, parts: 2, posting: 1 })).unwrap();

    assert_eq!(ledger.counts(), Counts { open: 0, pending: 1, dead: 1 });
    assert_eq!(ledger.pending()[0].2, DeliveryState::Sending { sent: 1, parts: 2, posting: 1 });
    assert!(ledger.take(state(1, DeliveryState::Delivered)).is_err());
}

#[test]
fn closed_commands_are_forgotten_in_the_end() {
    let mut ledger = Ledger::default();
    for n in 0..REMEMBERED as u128 + 1 {
        for entry in submitting(n) {
            ledger.take(entry).unwrap();
        }
        let name = n.to_string();
        ledger.take(Entry::Submitted(id(n), vec![execution(n, &name)])).unwrap();
        ledger.take(Entry::Ended(run(&name), ExecutionState::Told)).unwrap();
    }

    assert!(ledger.command(id(0)).is_none());
    assert!(ledger.execution(&run("0")).is_none());
    assert!(ledger.command(id(1)).is_some());
    // What it once knew, it repeats; what it never knew is nobody's.
    assert_eq!(ledger.meaning(id(0), Asked::NotYet), Meaning::Repetition);
    assert_eq!(ledger.meaning(id(REMEMBERED as u128 + 9), Asked::NotYet), Meaning::Ordinary);
}

fn announced() -> Entry {
    let at = Timestamp::UNIX_EPOCH;
    Entry::Announced(Announced { stackstorm: "default".into(), at, fingerprint: 7 })
}

fn awaited(second: i64) -> ExecutionState {
    ExecutionState::Awaited { until: Timestamp::from_second(second).unwrap() }
}

#[test]
fn an_execution_whose_announcement_is_waited_for_is_owed_when_that_is_late() {
    let mut ledger = ledger(submitting(1));

    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
    ledger.take(Entry::Ended(run("a"), awaited(10))).unwrap();

    let owed = |second| ledger.owed("default", Timestamp::from_second(second).unwrap());
    assert_eq!((owed(9).len(), owed(10).len()), (0, 1));
    assert_eq!(ledger.awaited(), [(run("a"), Timestamp::from_second(10).unwrap())]);
    assert_eq!(ledger.counts().open, 1);
}

#[test]
fn an_announcement_is_a_result_once() {
    let mut ledger = ledger(submitting(1));
    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
    ledger.take(Entry::Ended(run("a"), awaited(10))).unwrap();

    let first = ledger.meaning(id(1), Asked::NotYet);
    ledger.take(Entry::ResultAnnounced(id(1))).unwrap();
    let before_it_is_told = ledger.meaning(id(1), Asked::NotYet);
    ledger.take(telling(1, "a")).unwrap();

    assert!(ledger.take(Entry::ResultAnnounced(id(1))).is_err(), "no execution is left whose result it could be");
    assert_eq!(first, Meaning::Result("a".into()));
    assert_eq!((before_it_is_told, ledger.meaning(id(1), Asked::NotYet)), (Meaning::Further, Meaning::Further));
    assert!(ledger.awaited().is_empty());
}

#[test]
fn what_does_not_begin_is_told_once_and_runs_for_all_else() {
    let mut ledger = ledger(submitting(1));
    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();

    ledger.take(Entry::Ended(run("a"), ExecutionState::Overdue)).unwrap();

    assert!(ledger.take(Entry::Ended(run("a"), ExecutionState::Overdue)).is_err());
    assert!(ledger.take(Entry::ResultAnnounced(id(1))).is_err(), "it has no result yet");
    assert_eq!(ledger.owed("default", Timestamp::UNIX_EPOCH), ["a"]);
    ledger.take(Entry::Ended(run("a"), awaited(10))).unwrap();
    ledger.take(telling(1, "a")).unwrap();
}

#[test]
fn what_ends_without_a_word_is_not_repeated_by_an_announcement() {
    let mut ledger = ledger(submitting(1));

    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
    ledger.take(Entry::Ended(run("a"), ExecutionState::Told)).unwrap();

    assert_eq!(ledger.meaning(id(1), Asked::NotYet), Meaning::Further);
}

#[test]
fn what_ends_without_a_word_may_have_been_announced_before() {
    let mut ledger = ledger(submitting(1));

    ledger.take(Entry::Submitted(id(1), vec![execution(1, "a")])).unwrap();
    ledger.take(Entry::Ended(run("a"), finished())).unwrap();
    ledger.take(Entry::ResultAnnounced(id(1))).unwrap();
    let told = ledger.record((Timestamp::UNIX_EPOCH, Entry::Ended(run("a"), ExecutionState::Told)));

    assert!(matches!(told, Ok(Change::Append { open: false, .. })), "{told:?}");
    assert_eq!(ledger.meaning(id(1), Asked::NotYet), Meaning::Further);
}

#[test]
fn announcements_are_known_again_until_the_watermark_has_passed_them() {
    let mut ledger = ledger([announced(), announced()]);
    assert_eq!(ledger.watched("default"), (None, vec![7, 7]));

    let until = Timestamp::from_second(60).unwrap();
    ledger.take(Entry::Watched("default".into(), until)).unwrap();

    assert_eq!(ledger.watched("default"), (Some(until), vec![]));
    assert_eq!(ledger.watched("other"), (None, vec![]));
    assert!(ledger.take(Entry::ResultAnnounced(id(9))).is_err());
}

#[test]
fn a_message_gives_one_command_until_it_is_forgotten() {
    let mut ledger = ledger([command(1)]);
    let Entry::Received(first) = command(1) else { unreachable!() };

    let again = Entry::Received(Command { id: id(2), ..first.clone() });
    let route = Route { chat: "other".into(), ..route() };
    let elsewhere = Entry::Received(Command { id: id(3), route, ..first.clone() });

    assert!(ledger.knows("ops", &first.route.room, &first.message));
    assert!(ledger.take(again).is_err());
    assert!(ledger.take(elsewhere).is_ok());
}

#[test]
fn a_dead_letter_stays_until_it_is_tried_again_or_dropped() {
    let mut ledger = ledger([delivery(1), delivery(2)]);
    let name = |n| DeliveryId(Uuid::from_u128(n));
    let dead = || DeliveryState::Dead { why: "no such room".into() };

    ledger.take(Entry::Moved(name(1), dead())).unwrap();
    ledger.take(Entry::Moved(name(2), dead())).unwrap();
    assert_eq!((ledger.counts().dead, ledger.pending().len(), ledger.letters().len()), (2, 0, 2));
    assert!(ledger.take(Entry::Moved(name(1), DeliveryState::Delivered)).is_err());

    ledger.take(Entry::Moved(name(1), DeliveryState::Queued)).unwrap();
    ledger.take(Entry::Moved(name(2), DeliveryState::Dropped { why: "by ada".into() })).unwrap();

    assert_eq!((ledger.counts().dead, ledger.pending().len(), ledger.letters()), (0, 1, vec![name(1)]));
}

#[test]
fn a_case_is_open_until_all_of_it_is_said() {
    let mut ledger = Ledger::default();
    let mut open = |entry| match ledger.record((Timestamp::UNIX_EPOCH, entry)).unwrap() {
        Change::Append { case, open, .. } if case == Case::Command(id(1)) => open,
        other => panic!("{other:?}"),
    };
    let Entry::Queued(ack) = delivery(1) else { unreachable!() };
    let Entry::Queued(result) = telling(2, "a") else { unreachable!() };
    let of_command = |delivery| Entry::Queued(Delivery { command: Some(id(1)), ..delivery });
    let delivered = |n| Entry::Moved(DeliveryId(Uuid::from_u128(n)), DeliveryState::Delivered);

    let begun = submitting(1).map(&mut open);
    let acked = [of_command(ack), delivered(1)].map(&mut open);
    let ran = [Entry::Submitted(id(1), vec![execution(1, "a")]), Entry::Ended(run("a"), finished())];
    let told = [ran.map(&mut open).to_vec(), vec![open(of_command(result)), open(delivered(2))]].concat();

    assert_eq!((begun, acked), ([true; 3], [true; 2]));
    assert_eq!(told, [true, true, true, false]);
}

#[test]
fn what_a_store_kept_makes_the_same_ledger() {
    let mut ledger = Ledger::default();
    let mut kept = Vec::new();
    let story = submitting(1).into_iter().chain([
        Entry::Submitted(id(1), vec![execution(1, "a")]),
        Entry::Ended(run("a"), finished()),
        telling(1, "a"),
        delivery(2),
        announced(),
        Entry::Watched("default".into(), Timestamp::UNIX_EPOCH),
    ]);
    for entry in story {
        let Change::Append { entry, .. } = ledger.record((Timestamp::UNIX_EPOCH, entry)).unwrap() else {
            panic!("nothing is condensed yet")
        };
        kept.push(entry);
    }

    let mut again = Ledger::default();
    kept.into_iter().for_each(|entry| again.apply(entry).unwrap());

    assert_eq!((again.counts(), again.pending()), (ledger.counts(), ledger.pending()));
    assert_eq!(again.watched("default"), ledger.watched("default"));
}

#[test]
fn until_when_a_chat_heard_is_one_entry_that_never_goes_back() {
    let heard = |second| Entry::HeardUntil("ops".into(), Timestamp::from_second(second).unwrap());
    let mut ledger = ledger([heard(10)]);

    let change = ledger.record((Timestamp::UNIX_EPOCH, heard(20))).unwrap();
    ledger.apply((Timestamp::UNIX_EPOCH, heard(15))).unwrap();

    let case = Case::Chat("ops".into());
    assert!(ledger.is_open(&case));
    assert_eq!(change, Change::Replace(case, vec![(Timestamp::UNIX_EPOCH, heard(20))]));
    assert_eq!(ledger.heard_until("ops"), Some(Timestamp::from_second(20).unwrap()));
    assert_eq!(ledger.heard_until("dev"), None);
}

#[test]
fn what_was_answered_is_known_until_the_chat_heard_beyond_it() {
    let message = |number: i64| Answered {
        chat: "ops".into(),
        room: RoomId::new("room"),
        message: MessageId::new(number.to_string()),
        at: Timestamp::from_second(number).unwrap(),
    };
    let answered = |number| Entry::Answered(message(number));
    let until = Entry::HeardUntil("ops".into(), Timestamp::from_second(2).unwrap());
    let mut ledger = ledger([answered(1), answered(2), answered(3)]);
    let knows = |ledger: &Ledger, number: i64| {
        let Answered { chat, room, message, .. } = message(number);
        ledger.knows(&chat, &room, &message)
    };

    assert!(knows(&ledger, 1));
    assert!(ledger.apply((Timestamp::UNIX_EPOCH, answered(3))).is_err());
    let change = ledger.record((Timestamp::UNIX_EPOCH, until.clone())).unwrap();

    assert_eq!([1, 2, 3].map(|number| knows(&ledger, number)), [false, true, true]);
    let left = [until, answered(2), answered(3)].map(|entry| (Timestamp::UNIX_EPOCH, entry));
    assert_eq!(change, Change::Replace(Case::Chat("ops".into()), left.to_vec()));
}
