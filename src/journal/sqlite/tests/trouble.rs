//! A disk that does not do what it should.

use std::sync::{Mutex, mpsc};

use super::{
    stage::{asked, id},
    *,
};
use crate::journal::{Command, CommandState, Entry};

impl Stage {
    /// A store that has run out of room.
    fn full(&self) -> Sqlite {
        let mut store = self.open();
        store.load().unwrap();
        kept(store.write(vec![received(0)], Assurance::Synced));
        with_pages(&store, 1);
        store
    }
}

/// Lets the file have so many pages, or as many as it has.
fn with_pages(store: &Sqlite, pages: u32) {
    let (tell, told) = mpsc::channel();
    let limit = format!("max_page_count = {pages}");
    store.give(Job::Try(Box::new(move |database| tell.send(database.pragma(&limit)).unwrap())));
    told.recv().unwrap();
}

/// More than fits on a page.
fn long(number: i64) -> Change {
    let why = "no ".repeat(5_000);
    let entry = (at(number), Entry::Advanced(id(0), CommandState::Refused { why }));
    Change::Append { case: case(0), entry, open: true }
}

#[test]
fn a_full_disk_is_told_to_who_must_know_and_nothing_is_lost() {
    let stage = Stage::new();
    let mut store = stage.full();

    let refused = asked(store.write(vec![long(1)], Assurance::Written)).unwrap_err();
    let again = asked(store.write(vec![long(2)], Assurance::Synced)).unwrap_err();
    let borne = asked(store.write(vec![long(3)], Assurance::Eventual));

    let why = StoreError::of_disk(format!("the disk with {} is full", stage.path().display()));
    assert_eq!((&refused, &again, &borne), (&why, &why, &Ok(())));
    assert_eq!(store.trouble(), Some(why));
    with_pages(&store, 1_000_000);
    while store.trouble().is_some() {
        thread::yield_now();
    }
    assert_eq!(stage::history(&store, 0), dated(&[received(0), long(1), long(2), long(3)]));
    assert_eq!(asked(store.write(vec![long(4)], Assurance::Synced)), Ok(()));
}

#[test]
fn what_is_given_together_is_written_whole_or_not_at_all() {
    let stage = Stage::new();
    let mut store = stage.full();

    let refused = asked(store.write(vec![received(5), long(1)], Assurance::Written));

    assert!(refused.is_err());
    assert_eq!(stage::history(&store, 5), []);
    with_pages(&store, 1_000_000);
}

#[test]
fn what_a_full_disk_did_not_take_is_written_at_the_end() {
    let stage = Stage::new();
    let mut store = stage.full();
    asked(store.write(vec![long(1)], Assurance::Eventual)).unwrap();
    assert!(store.trouble().is_some());

    with_pages(&store, 1_000_000);
    drop(store);

    assert_eq!(stage.loaded().entries, dated(&[received(0), long(1)]));
}

/// A command of so many MiB.
fn large(number: i64, mib: usize) -> Change {
    let Change::Append { entry: (at, Entry::Received(command)), case, open } = received(number) else { panic!() };
    let command = Command { text: "x".repeat(mib << 20), ..command };
    Change::Append { entry: (at, Entry::Received(command)), case, open }
}

#[test]
fn what_waits_for_the_disk_is_bounded_and_what_is_too_much_has_happened_all_the_same() {
    let stage = Stage::new();
    let mut store = stage.full();

    let most = asked(store.write(vec![large(1, 63)], Assurance::Eventual));
    let more = asked(store.write(vec![large(2, 1)], Assurance::Eventual));
    let command = asked(store.write(vec![large(3, 1)], Assurance::Written));
    let nothing: usize = (0..).find(|_| store.shared.admit(&[]).is_none()).unwrap();
    let refusal = asked(store.write(vec![refused(1)], Assurance::Eventual));

    assert_eq!((most, more, command.is_err(), refusal), (Ok(()), Ok(()), true, Ok(())));
    assert!((1..100_000).contains(&nothing), "who waits takes room, too: {nothing}");
    with_pages(&store, 1_000_000);
    drop(store);
    assert!(stage.loaded().entries == dated(&[received(0), large(1, 63), refused(1)]));
}

#[test]
fn an_end_does_not_wait_for_ever_for_a_disk_that_hangs() {
    let stage = Stage::new();
    let (go, wait) = mpsc::channel::<()>();
    let mut store = stage.open();
    store.give(Job::Try(Box::new(move |_| wait.recv().unwrap_or_default())));

    let mut written = store.write(vec![received(1)], Assurance::Synced);
    store.end(Duration::from_millis(10));

    assert!(written.try_recv().is_err(), "it hangs");
    drop(go);
    kept(written);
}

#[test]
fn a_folder_that_is_not_there_is_named_with_the_fix() {
    let stage = Stage::new();

    let refused = Sqlite::open(stage.path().join("no/file"), |_| {}).unwrap_err();

    let told = refused.to_string();
    assert!(told.starts_with("journal: ") && told.contains("gateway.state"), "{told}");
}

#[test]
fn the_file_is_for_nobody_else_to_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = Stage::new();
    let mut store = stage.open();
    kept(store.write(vec![received(1)], Assurance::Synced));

    for suffix in ["", "-wal"] {
        let path = database::with_suffix(&stage.path(), suffix);
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{suffix}");
    }
}

#[test]
fn what_goes_out_together_is_one_commit() {
    let stage = Stage::new();
    let (tell, told) = mpsc::channel();
    let mut store = Sqlite::open(stage.path(), move |commit: Commit| tell.send(commit.changes).unwrap()).unwrap();
    let (go, wait) = mpsc::channel::<()>();
    store.give(Job::Try(Box::new(move |_| wait.recv().unwrap())));

    let written: Vec<Written> =
        (0..50).map(|number| store.write(vec![received(number)], Assurance::Synced)).collect();
    go.send(()).unwrap();
    written.into_iter().for_each(kept);

    drop(store);
    assert_eq!(told.iter().collect::<Vec<_>>(), [50]);
}

/// A store on a disk that syncs as `sync` says.
fn on_disk(stage: &Stage, sync: impl Fn() -> Result<(), StoreError> + Send + Sync + 'static) -> Sqlite {
    let disk = Arc::new(move || sync().map_err(Fault::Hindered));
    Sqlite::over(stage.path(), Arc::new(|_| {}), disk).unwrap()
}

#[test]
fn who_need_not_outlive_the_power_does_not_wait_for_the_disk() {
    let stage = Stage::new();
    let (go, wait) = mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let mut store = on_disk(&stage, move || {
        wait.lock().unwrap().recv().unwrap_or_default();
        Ok(())
    });

    let mut synced = store.write(vec![received(1)], Assurance::Synced);
    kept(store.write(vec![received(2)], Assurance::Written));
    kept(store.write(vec![received(3)], Assurance::Eventual));

    assert!(synced.try_recv().is_err(), "it is not synced");
    drop(go);
    kept(synced);
}

#[test]
fn a_disk_that_does_not_sync_is_told_to_who_must_know_until_it_does() {
    let (stage, why) = (Stage::new(), StoreError::of_disk("it does not work"));
    let state = Arc::new(Mutex::new(Err(why.clone())));
    let disk = Arc::clone(&state);
    let mut store = on_disk(&stage, move || disk.lock().unwrap().clone());

    let refused = asked(store.write(vec![received(1)], Assurance::Synced));
    while store.trouble().is_none() {
        thread::yield_now();
    }
    let borne = asked(store.write(vec![received(2)], Assurance::Eventual));

    assert_eq!((refused, borne, store.trouble()), (Err(why.clone()), Ok(()), Some(why)));
    *state.lock().unwrap() = Ok(());
    while store.trouble().is_some() {
        thread::yield_now();
    }
    kept(store.write(vec![received(3)], Assurance::Synced));
    drop(store);
    assert_eq!(stage.loaded().entries, dated(&[received(1), received(2), received(3)]));
}
