//! A disk that hangs.

use super::*;
use crate::journal::Announced;

type Held = (Vec<Change>, oneshot::Sender<Result<(), StoreError>>);

/// A disk that says nothing while it hangs, and takes nothing.
#[derive(Clone, Default)]
struct Hanging {
    disk: Disk,
    /// From which assurance on it hangs.
    from: Rc<RefCell<Option<Assurance>>>,
    held: Rc<RefCell<Vec<Held>>>,
}

impl Hanging {
    fn hangs(&self, from: Assurance) {
        *self.from.borrow_mut() = Some(from);
    }

    /// It goes on where it stopped.
    async fn goes_on(&self) {
        *self.from.borrow_mut() = None;
        for (changes, answer) in self.held.take() {
            let mut disk = self.disk.clone();
            answer.send(disk.write(changes, Assurance::Synced).await.unwrap()).unwrap_or_default();
        }
        sleep(Duration::from_millis(1)).await;
    }
}

impl Store for Hanging {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.disk.load()
    }

    fn write(&mut self, changes: Vec<Change>, assurance: Assurance) -> Written {
        if self.from.borrow().is_none_or(|from| assurance < from) {
            return self.disk.write(changes, assurance);
        }
        let (tell, written) = oneshot::channel();
        self.held.borrow_mut().push((changes, tell));
        written
    }

    fn trouble(&self) -> Option<StoreError> {
        None
    }

    fn history(&self, case: Case) -> Sought<Vec<Dated>> {
        self.disk.history(case)
    }

    fn forget(&mut self, _: Timestamp) {}
}

impl Stage {
    async fn trouble(&self) -> Option<String> {
        self.journal.send(Count).await.unwrap().trouble
    }

    /// How it went to keep these, and after how many seconds that was known.
    async fn keeps(&self, entries: Vec<Entry>) -> (Result<(), String>, u64) {
        let began = Instant::now();
        let kept = keep(&self.journal, entries).await;
        (kept.map_err(|error| error.to_string()), began.elapsed().as_secs())
    }
}

fn on(disk: &Hanging) -> Stage {
    Stage::on(Box::new(disk.clone()), Instant::now())
}

fn id(n: u128) -> CommandId {
    CommandId(Uuid::from_u128(n))
}

fn given(n: u128) -> Vec<Entry> {
    vec![received(id(n)), Entry::Advanced(id(n), CommandState::Authorised)]
}

fn sent(n: u128) -> Vec<Entry> {
    [given(n), vec![Entry::Advanced(id(n), CommandState::Submitting)]].concat()
}

fn announced(fingerprint: u64) -> Vec<Entry> {
    vec![Entry::Announced(Announced { stackstorm: "default".into(), at: Timestamp::UNIX_EPOCH, fingerprint })]
}

/// What the next process finds of a command.
fn found(disk: &Hanging, n: u128) -> Option<CommandState> {
    let book = Book::open(Box::new(disk.disk.clone())).unwrap();
    book.ledger.command_row(id(n)).map(|(_, _, state)| state.clone())
}

fn refused() -> Result<(), String> {
    Err("journal: the disk does not answer".into())
}

#[test]
fn what_need_not_be_kept_for_certain_has_happened_after_ten_seconds() {
    story(async || {
        let disk = Hanging::default();
        let stage = on(&disk);

        disk.hangs(Assurance::Eventual);
        let first = stage.keeps(announced(1)).await;
        let second = stage.keeps(announced(2)).await;
        let trouble = stage.trouble().await;
        disk.goes_on().await;

        assert_eq!((first, second), ((Ok(()), 10), (Ok(()), 0)));
        assert_eq!((trouble, stage.trouble().await), (Some("the disk does not answer".into()), None));
        assert_eq!(disk.disk.0.borrow().len(), 2);
    });
}

#[test]
fn a_command_that_a_silent_disk_takes_too_late_is_refused_there_too() {
    story(async || {
        let disk = Hanging::default();
        let stage = on(&disk);

        disk.hangs(Assurance::Eventual);
        let first = stage.keeps(given(1)).await;
        let second = stage.keeps(given(2)).await;
        disk.goes_on().await;
        let third = stage.keeps(given(3)).await;

        assert_eq!((first, second, third), ((refused(), 10), (refused(), 0), (Ok(()), 0)));
        assert!(matches!(found(&disk, 1), Some(CommandState::Refused { .. })));
        assert_eq!((found(&disk, 2), found(&disk, 3)), (None, Some(CommandState::Authorised)));
    });
}

#[test]
fn while_a_disk_is_sure_of_nothing_all_else_waits_for_a_second_and_then_no_more() {
    story(async || {
        let disk = Hanging::default();
        let stage = on(&disk);

        disk.hangs(Assurance::Eventual);
        let command = stage.keeps(sent(1)).await;
        let first = stage.keeps(announced(1)).await;
        let second = stage.keeps(announced(2)).await;
        disk.goes_on().await;

        assert_eq!((command, first, second), ((refused(), 10), (Ok(()), 1), (Ok(()), 0)));
        assert!(matches!(found(&disk, 1), Some(CommandState::Refused { .. })));
        assert_eq!(stage.trouble().await, None);
    });
}

#[test]
fn while_a_disk_does_not_sync_nothing_is_sent_and_all_else_goes_on() {
    story(async || {
        let disk = Hanging::default();
        let stage = on(&disk);
        stage.keeps(given(1)).await.0.unwrap();

        disk.hangs(Assurance::Synced);
        let submitted = stage.keeps(vec![Entry::Advanced(id(1), CommandState::Submitting)]).await;
        let next = stage.keeps(given(2)).await;
        let announced = stage.keeps(announced(1)).await;
        let trouble = stage.trouble().await;
        disk.goes_on().await;

        assert_eq!((submitted, next, announced), ((refused(), 10), (refused(), 0), (Ok(()), 0)));
        assert!(trouble.is_some() && stage.trouble().await.is_none());
    });
}

#[test]
fn a_command_that_is_refused_is_so_though_the_journal_dies_over_it() {
    story(async || {
        let disk = Hanging::default();
        let stage = on(&disk);

        disk.hangs(Assurance::Eventual);
        let dies = async {
            sleep(9 * SECOND + SECOND / 2).await;
            stage.journal.send(Tell::Panic).await
        };
        let later = async {
            sleep(5 * SECOND).await;
            stage.keeps(given(1)).await
        };
        let (first, kept, died) = tokio::join!(stage.keeps(announced(1)), later, dies);
        disk.goes_on().await;

        assert!(first.0.is_ok() && died.is_err());
        assert_eq!(kept.0, refused());
        assert!(matches!(found(&disk, 1), Some(CommandState::Refused { .. })));
    });
}
