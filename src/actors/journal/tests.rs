//! How long announcements are waited for, whatever dies meanwhile.

use std::{future::Future, sync::Arc};

use actix::{Actor, Addr, System};
use fulmar_contract::{Identity, Mention, MessageId, RoomId};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::*;
use crate::{
    journal::{
        Asked, Assurance, Case, Change, Command, CommandState, Dated, Loaded, Meaning, Memory, Route, Sought,
        Store, Written,
    },
    st2::wire,
    supervise::{Backoff, Exhausted, Policy, Supervisor, Tell, child},
};

mod letters;
mod silence;

const COMMAND: CommandId = CommandId(Uuid::from_u128(1));
const SECOND: Duration = Duration::from_secs(1);

/// Runs a story in a paused clock that leaps from timer to timer.
fn story<F: Future<Output = ()>>(tell: impl FnOnce() -> F) {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    System::with_tokio_rt(runtime).block_on(tell());
}

/// Keeps entries as text, as a file would.
#[derive(Clone, Default)]
struct Disk(Rc<RefCell<Vec<String>>>);

impl Store for Disk {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let entries = self.0.borrow().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        Ok(Loaded { entries, ..Loaded::default() })
    }

    fn write(&mut self, changes: Vec<Change>, assurance: Assurance) -> Written {
        let text = |entry: &Dated| serde_json::to_string(entry).unwrap();
        for change in &changes {
            match change {
                Change::Append { entry, .. } => self.0.borrow_mut().push(text(entry)),
                Change::Close(_) => {}
                Change::Replace(..) => panic!("no story here is that long"),
            }
        }
        Memory.write(changes, assurance)
    }

    fn trouble(&self) -> Option<StoreError> {
        None
    }

    fn history(&self, _: Case) -> Sought<Vec<Dated>> {
        let entries = self.0.borrow().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        Box::pin(async { Ok(entries) })
    }

    fn forget(&mut self, _: Timestamp) {}
}

/// The name of its execution `a`.
fn run() -> RunId {
    RunId { stackstorm: "default".into(), id: "a".into() }
}

/// A command is given.
fn received(id: CommandId) -> Entry {
    Entry::Received(Command {
        id,
        message: MessageId::new(id.to_string()),
        stackstorm: "default".into(),
        route: Route { chat: "ops".into(), room: RoomId::new("#ops"), thread: None },
        direct: None,
        author: Mention { identity: Identity::Claimed("joe".into()), name: "joe".into() },
        text: "echo".into(),
        alias: "demo.echo".into(),
        results: Results::Announcement,
    })
}

/// A Journal over a book, in a clock that begins now; its Router is nowhere.
struct Stage {
    book: Rc<RefCell<Book>>,
    journal: Line<Journal>,
    _supervisor: Addr<Supervisor>,
}

impl Stage {
    fn over(disk: &Disk, began: Instant) -> Self {
        Self::on(Box::new(disk.clone()), began)
    }

    fn on(store: Box<dyn Store>, began: Instant) -> Self {
        let book = Rc::new(RefCell::new(Book::open(store).unwrap().retaining(24 * 3_600 * SECOND)));
        let now = move || Timestamp::UNIX_EPOCH.checked_add(began.elapsed()).unwrap();
        let (world, journal, over) = (World::given(now, Uuid::nil), Line::new(), Rc::clone(&book));
        let (router, metrics) = (Line::new(), Metrics::default());
        let setup = Setup { router, world, metrics };
        let policy = Policy {
            backoff: Backoff::new(SECOND, SECOND),
            healthy_after: SECOND,
            restarts: 5,
            within: SECOND,
            park: SECOND,
            exhausted: Exhausted::Escalate,
        };
        let spec = child("journal", "journal", policy, journal.clone(), move |birth| {
            Journal::new(Rc::clone(&over), setup.clone(), birth)
        });
        let (supervisor, _) = Supervisor::new(vec![spec], SECOND);
        Self { book, journal, _supervisor: supervisor.start() }
    }

    /// A command is sent to StackStorm.
    async fn submits(&self) {
        let entries = vec![
            received(COMMAND),
            Entry::Advanced(COMMAND, CommandState::Authorised),
            Entry::Advanced(COMMAND, CommandState::Submitting),
        ];
        keep(&self.journal, entries).await.unwrap();
    }

    /// Its execution, `a`, runs and ends.
    async fn runs(&self) {
        self.submits().await;
        let state = ExecutionState::Running;
        let execution = Execution { id: "a".into(), command: COMMAND, result: Value::Null, state };
        keep(&self.journal, vec![Entry::Submitted(COMMAND, vec![execution])]).await.unwrap();
        let finished = wire::Execution::from_json(r#"{"id": "a", "status": "succeeded"}"#).unwrap();
        self.journal.send(Ended { run: run(), end: End::Finished(Arc::new(finished)) }).await.unwrap();
    }

    async fn owed(&self) -> Vec<String> {
        self.journal.send(Owed("default".into())).await.unwrap()
    }

    async fn weigh(&self) -> Meaning {
        self.journal.send(Weigh { named: COMMAND, asked: Asked::NotYet }).await.unwrap()
    }

    /// StackStorm's announcement of the result is dealt with.
    async fn announces(&self) {
        keep(&self.journal, vec![Entry::ResultAnnounced(COMMAND)]).await.unwrap();
    }

    fn holds_the_end(&self) -> bool {
        self.book.borrow().ledger.awaited().len() == 1 && self.book.borrow_mut().awaited.holds("a")
    }
}

#[test]
fn an_announcement_is_waited_for_ten_seconds_though_the_journal_dies() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());

        stage.runs().await;
        assert!(stage.journal.send(Tell::Panic).await.is_err());
        sleep(9 * SECOND).await;
        let after_nine = (stage.owed().await.len(), stage.holds_the_end());
        sleep(SECOND + Duration::from_millis(1)).await;

        assert_eq!(after_nine, (0, true));
        assert_eq!((stage.owed().await, stage.holds_the_end()), (vec!["a".to_owned()], false));
    });
}

#[test]
fn what_is_waited_for_is_waited_for_after_a_restart() {
    story(async || {
        let (disk, began) = (Disk::default(), Instant::now());
        Stage::over(&disk, began).runs().await;
        let again = Stage::over(&disk, began);

        assert!(again.owed().await.is_empty());
        assert_eq!(again.weigh().await, Meaning::Result("a".into()));
        again.announces().await;
        let later = Stage::over(&disk, began);
        assert_eq!(later.weigh().await, Meaning::Further);
        sleep(10 * SECOND).await;
        assert_eq!(later.owed().await, ["a"], "it was to be said, and was not");
    });
}

#[test]
fn an_execution_of_a_command_given_up_is_told_as_its_alias_wants_whenever_it_ends() {
    story(async || {
        let result = json!({"format": "{{ execution.id }}", "extra": {"whisper": true}});
        let unknown = CommandState::Unknown { why: "silence".into(), result: result.clone() };
        let given_up = || Happened(vec![Entry::Advanced(COMMAND, unknown.clone())]);
        let mark = wire::Mark { gateway: "fulmar".into(), command: COMMAND.0.to_string() };
        let notify = json!({"on-complete": {"data": {"source_context": mark.to_context()}}});
        let ended = json!({"id": "a", "status": "succeeded", "liveaction": {"notify": notify}});
        let ended = Arc::new(wire::Execution::from_json(ended.to_string()).unwrap());
        let ended = || Ended { run: run(), end: End::Finished(Arc::clone(&ended)) };

        for ends_first in [true, false] {
            let (disk, began) = (Disk::default(), Instant::now());
            let stage = Stage::over(&disk, began);
            stage.submits().await;
            if ends_first {
                stage.journal.send(ended()).await.unwrap();
            }
            stage.journal.send(given_up()).await.unwrap().unwrap();
            if !ends_first {
                stage.journal.send(ended()).await.unwrap();
            }

            for stage in [stage, Stage::over(&disk, began)] {
                let book = stage.book.borrow();
                assert_eq!(book.ledger.execution(&run()).map(|it| &it.result), Some(&result), "{ends_first}");
            }
        }
    });
}

#[test]
fn what_another_stackstorm_says_of_an_execution_with_the_same_id_counts_for_nothing() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());
        let mark = wire::Mark { gateway: "fulmar".into(), command: COMMAND.0.to_string() };
        let notify = json!({"on-complete": {"data": {"source_context": mark.to_context()}}});
        let ended = json!({"id": "a", "status": "succeeded", "liveaction": {"notify": notify}});
        let end = || End::Finished(Arc::new(wire::Execution::from_json(ended.to_string()).unwrap()));
        let elsewhere = || Ended { run: RunId { stackstorm: "other".into(), id: "a".into() }, end: end() };
        let unknown = CommandState::Unknown { why: "silence".into(), result: Value::Null };

        stage.submits().await;
        stage.journal.send(elsewhere()).await.unwrap();
        keep(&stage.journal, vec![Entry::Advanced(COMMAND, unknown)]).await.unwrap();
        stage.journal.send(elsewhere()).await.unwrap();
        assert!(stage.owed().await.is_empty(), "it is not adopted from there");
        stage.journal.send(Ended { run: run(), end: end() }).await.unwrap();

        assert!(stage.holds_the_end());
        assert!(stage.journal.send(Owed("other".into())).await.unwrap().is_empty());
    });
}

#[test]
fn who_waits_for_the_answer_to_a_command_is_told_when_there_is_one() {
    story(async || {
        let stage = Stage::over(&Disk::default(), Instant::now());

        stage.submits().await;
        let settled = stage.journal.send(Settled(COMMAND));
        tokio::pin!(settled);
        let before = timeout(SECOND, &mut settled).await;
        keep(&stage.journal, vec![Entry::Submitted(COMMAND, vec![])]).await.unwrap();

        assert!(before.is_err());
        assert_eq!(timeout(SECOND, settled).await, Ok(Ok(())));
    });
}
