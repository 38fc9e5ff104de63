//! What the store promises, on real files.

mod damage;
mod speed;
mod stage;
mod torn;
mod trouble;

use std::iter;

use super::*;
use crate::journal::{CommandState, Obstacle};
use stage::{AUTHORISED, Stage, advanced, at, case, dated, kept, received, refused};

#[test]
fn what_is_written_is_loaded_in_its_order() {
    let stage = Stage::new();
    let mut changes: Vec<Change> = (0..20).map(received).collect();
    changes.extend((0..20).rev().map(|number| advanced(number, AUTHORISED)));
    {
        let mut store = stage.open();
        changes.iter().for_each(|change| kept(store.write(vec![change.clone()], Assurance::Eventual)));
    }

    let loaded = stage.open().load().unwrap();

    assert_eq!(loaded.entries, dated(&changes));
    assert_eq!(loaded.damage, [""; 0]);
}

#[test]
fn what_is_given_is_written_though_the_store_is_dropped_at_once() {
    let stage = Stage::new();
    let changes: Vec<Change> = (0..1_000).map(received).collect();

    drop(stage.open().write(changes.clone(), Assurance::Eventual));

    assert_eq!(stage.open().load().unwrap().entries, dated(&changes));
}

#[test]
fn what_happens_in_a_case_at_once_is_one_row() {
    let stage = Stage::new();
    let together = [stage::at_once([received(3), refused(3)]).to_vec(), stage::begun(2).to_vec()].concat();
    let apart = [advanced(1, AUTHORISED), advanced(1, CommandState::Submitting), received(4)];
    let all = [vec![received(1)], together, apart.to_vec()].concat();
    stage.keep(&all);

    let loaded = stage.loaded();

    assert_eq!(stage.number("SELECT count(*) FROM entry"), 6);
    assert_eq!(loaded.entries, dated(&all));
    assert_eq!((loaded.open.len(), loaded.open.contains(&case(3)), loaded.damage), (3, false, Vec::new()));
    assert_eq!(stage::history(&stage.open(), 2), dated(&stage::begun(2)));
}

#[test]
fn open_cases_are_named() {
    let stage = Stage::new();
    let mut store = stage.open();
    store.load().unwrap();
    kept(store.write(vec![received(2), received(3), refused(2), advanced(3, AUTHORISED)], Assurance::Synced));
    drop(store);

    let loaded = stage.open().load().unwrap();

    assert_eq!((loaded.open, loaded.entries.len()), (vec![case(3)], 4));
}

#[test]
fn a_second_one_is_refused_and_told_of_the_first() {
    let stage = Stage::new();
    let first = stage.open();

    let refused = Sqlite::open(stage.path(), |_| {}).unwrap_err();
    drop(first);

    let path = stage.path();
    let why = format!("another process has {} open; is Fulmar running already?", path.display());
    assert_eq!(refused, StoreError { why, obstacle: Obstacle::Taken });
    stage.open();
}

#[test]
fn the_history_of_a_case_is_told_in_its_order() {
    let stage = Stage::new();
    let mut store = stage.open();
    drop(store.write(vec![received(1), received(2), refused(1)], Assurance::Eventual));

    let known = stage::history(&store, 1);

    assert_eq!(known, dated(&[received(1), refused(1)]));
    assert_eq!(stage::history(&store, 7), []);
}

#[test]
fn what_is_over_is_forgotten_in_time_and_what_is_open_is_not() {
    let stage = Stage::new();
    let mut store = stage.open();
    let over = |number| (number % 2 == 0).then(|| refused(number));
    let changes = (0..3_000).flat_map(|number| iter::once(received(number)).chain(over(number)));
    drop(store.write(changes.collect(), Assurance::Eventual));

    store.forget(at(2_000 * 10));
    while !stage::history(&store, 1_998).is_empty() {}
    drop(store);

    let loaded = stage.open().load().unwrap();
    assert_eq!((loaded.open.len(), loaded.entries.len()), (1_500, 2_500));
    assert_eq!(loaded.damage, [""; 0]);
}

#[test]
fn what_is_in_the_place_of_others_is_loaded_without_them() {
    let stage = Stage::new();
    let entries = dated(&[received(1), advanced(1, AUTHORISED)]);
    stage.keep(&[received(1), received(2), Change::Replace(case(1), entries.clone())]);

    let mut store = stage.open();

    assert_eq!(store.load().unwrap().entries, [dated(&[received(2)]), entries.clone()].concat());
    assert_eq!(stage::history(&store, 1), entries);
}

#[test]
fn however_much_has_happened_since_what_is_open_is_loaded_and_what_is_over_is_not() {
    let stage = Stage::new();
    let mut store = stage.open();
    kept(store.write(vec![received(1), received(2), refused(2), received(3)], Assurance::Eventual));
    for thousand in 1..=70 {
        let commands = thousand * 1_000..(thousand + 1) * 1_000;
        let changes = commands.flat_map(|number| [received(number), refused(number)]).collect();
        kept(store.write(changes, Assurance::Eventual));
    }
    kept(store.write(vec![refused(3), advanced(2, AUTHORISED)], Assurance::Eventual));
    let histories = [1, 2, 3, 1_000].map(|number| stage::history(&store, number).len());
    drop(store);

    let loaded = stage.loaded();

    let of = |number| loaded.entries.iter().filter(|it| dated(&[received(number)]).contains(it)).count();
    assert_eq!(histories, [1, 3, 2, 2]);
    assert_eq!([1, 2, 3, 1_000, 70_999].map(of), [1, 1, 1, 0, 1]);
    assert!(loaded.entries.len() < 125_000);
    let open = [1, 2].map(|number| loaded.open.contains(&case(number)));
    assert_eq!((open, loaded.open.len(), loaded.damage), ([true, true], 2, Vec::new()));
}
