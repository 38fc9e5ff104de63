//! A file that is not as it was left.

use std::fs;

use super::*;
use crate::journal::{CommandState, Obstacle};

/// A few hundred commands, of which the last ten are open, each with a text that is longer than a page.
pub(super) fn changes(commands: i64) -> Vec<Change> {
    let change = |number| match number < commands - 10 {
        true => vec![received(number), refused(number)],
        false => vec![received(number), stage::long(number)],
    };
    (0..commands).flat_map(change).collect()
}

impl Stage {
    /// Writes a copy of a file in which one byte is another, or the file ends there.
    fn damage(&self, sound: &[u8], suffix: &str, place: usize, how: impl FnOnce(&mut Vec<u8>, usize)) {
        let mut bytes = sound.to_vec();
        how(&mut bytes, place);
        fs::write(database::with_suffix(&self.path(), suffix), bytes).unwrap();
    }
}

#[expect(clippy::ptr_arg, reason = "as Vec::truncate has it")]
fn flip(bytes: &mut Vec<u8>, place: usize) {
    bytes[place] ^= 1 << (place % 8);
}

/// The damage in this file, which must be told if not all is loaded.
fn check(stage: &Stage, all: &[Dated], most: usize, what: &str) {
    let loaded = match Sqlite::open(stage.path(), |_| {}) {
        Ok(mut store) => store.load().unwrap(),
        Err(StoreError { why, obstacle }) => {
            assert!(why.contains("newer Fulmar") || why.contains("another program"), "{what}: {why}");
            return assert_eq!(obstacle, Obstacle::Unfit);
        }
    };
    let lost: Vec<_> = all.iter().filter(|entry| !loaded.entries.contains(entry)).collect();
    assert!(lost.len() <= most, "{what}: {} of {} lost, {:?}", lost.len(), all.len(), loaded.damage);
    assert!(lost.is_empty() || !loaded.damage.is_empty(), "{what}: {lost:?} lost without a word");
    assert!(loaded.entries.iter().all(|entry| all.contains(entry)), "{what}: something else is loaded");
}

#[test]
fn a_row_that_is_not_as_it_was_written_is_passed_over_and_told() {
    let stage = Stage::new();
    stage.keep(&[received(1), received(2), received(3), refused(3)]);
    stage.change("UPDATE entry SET at = at + 1 WHERE seq = 1; UPDATE entry SET body = '{}' WHERE seq = 2");

    let loaded = stage.loaded();

    assert_eq!(loaded.entries, dated(&[received(1), refused(3)]));
    let told = [
        format!("command {}: entry 1: its sum is wrong", stage::id(2)),
        format!("command {}: entry 2: its sum is wrong", stage::id(3)),
    ];
    let mut damage = loaded.damage;
    damage.sort();
    assert_eq!(damage, told);
}

#[test]
fn a_row_that_is_no_entry_is_passed_over_and_told() {
    let stage = Stage::new();
    stage.keep(&[received(1), received(2)]);
    let mut row = row::Row::new(0, row::Key::of(&case(1)), 0, true, at(10), &[]).unwrap();
    row.body = b"{\"renounced\":1}".to_vec();
    row.seal();
    let sql = format!("UPDATE entry SET body = '{{\"renounced\":1}}', sum = {} WHERE seq = 0", row.sum);
    stage.change(&sql);

    let loaded = stage.loaded();

    assert_eq!(loaded.entries, dated(&[received(2)]));
    assert!(loaded.damage[0].contains("entry 0: it is no entry: unknown variant `renounced`"), "{loaded:?}");
}

#[test]
fn a_hole_is_told_and_then_known() {
    let stage = Stage::new();
    stage.keep(&[received(1), advanced(1, CommandState::Authorised), advanced(1, CommandState::Submitting)]);
    stage.change("DELETE FROM entry WHERE seq = 1");

    let loaded = stage.loaded();

    assert_eq!(loaded.entries.len(), 2);
    assert!(loaded.damage[1].contains("(entries 1 to 1 are missing): 2 entries in it are saved"), "{loaded:?}");
    assert_eq!(loaded.damage[0], "entries 1 to 1 are missing");
    assert_eq!(stage.loaded().damage, loaded.damage[..1]);
}

#[test]
fn a_second_hole_is_told_with_the_first() {
    let stage = Stage::new();
    stage.keep(&(0..9).map(received).collect::<Vec<_>>());
    stage.change("DELETE FROM entry WHERE seq IN (1, 2)");
    stage.loaded();
    stage.change("DELETE FROM entry WHERE seq = 5");

    let loaded = stage.loaded();

    assert_eq!(loaded.entries.len(), 6);
    assert_eq!(loaded.damage[..2], ["entries 1 to 2 are missing", "entries 5 to 5 are missing"]);
}

#[test]
fn a_horizon_that_is_not_as_it_was_written_hides_nothing() {
    let stage = Stage::new();
    stage.keep(&[received(1), received(2), refused(2)]);
    stage.change("INSERT INTO horizon (seq, sum) VALUES (3, 7)");

    let loaded = stage.loaded();

    assert_eq!(loaded.entries.len(), 3);
    assert!(loaded.damage[0].contains("its horizon is not as it was written"), "{loaded:?}");
}

#[test]
fn a_command_whose_kind_is_wrong_hides_no_others() {
    let stage = Stage::new();
    stage.keep(&[received(1), refused(1), received(2), refused(2)]);
    let (sound, key) = (fs::read(stage.path()).unwrap(), row::Key::of(&case(2)).0);
    let places: Vec<usize> = (0..sound.len()).filter(|place| sound[*place..].starts_with(&key)).collect();

    for (place, kind) in places.iter().flat_map(|place| [b'1', b'2', b';'].map(|kind| (*place, kind))) {
        stage.damage(&sound, "", place, |bytes, place| bytes[place] = kind);
        let loaded = stage.loaded();

        assert_eq!(loaded.entries[..2], dated(&[received(1), refused(1)]), "{place}");
        assert!(loaded.entries.len() == 4 || !loaded.damage.is_empty(), "{place}");
    }
    assert!(places.len() >= 2);
}

#[test]
fn tables_that_are_not_what_they_were_are_mended() {
    let stage = Stage::new();
    stage.keep(&[received(1), received(2)]);
    stage.change("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = replace(sql, 'seq', 'sep')");

    let loaded = stage.loaded();

    assert_eq!(loaded.entries, dated(&[received(1), received(2)]));
    assert!(loaded.damage[0].contains("its tables are not what they were"), "{loaded:?}");
}

#[test]
fn a_case_whose_row_is_passed_over_can_go_on() {
    let stage = Stage::new();
    stage.keep(&[received(1), advanced(1, CommandState::Authorised)]);
    stage.change("UPDATE entry SET seq = 9223372036854775807 WHERE seq = 1");

    let further = [advanced(1, CommandState::Submitting), advanced(1, CommandState::Submitted)];
    further.iter().for_each(|change| stage.keep(std::slice::from_ref(change)));

    assert!(stage.loaded().entries.ends_with(&dated(&further[1..])));
}

#[test]
fn a_byte_that_changes_costs_a_page_at_most_and_is_told() {
    let (stage, all) = (Stage::new(), changes(60));
    stage.keep(&all);
    let (sound, entries) = (fs::read(stage.path()).unwrap(), dated(&all));
    let places = (0..100).step_by(3).chain((100..sound.len()).step_by(sound.len() / 200));

    for place in places {
        stage.damage(&sound, "", place, flip);
        check(&stage, &entries, 12, &format!("byte {place} of {}", sound.len()));
    }
}

#[test]
fn a_file_that_was_cut_short_or_overwritten_is_mended() {
    let (stage, all) = (Stage::new(), changes(60));
    stage.keep(&all);
    let (sound, entries) = (fs::read(stage.path()).unwrap(), dated(&all));
    let half = sound.len() / 8192 * 4096;

    stage.damage(&sound, "", half, Vec::truncate);
    check(&stage, &entries, 70, "half of it");
    stage.damage(&sound, "", 4096, |bytes, end| bytes[..end].fill(0));
    check(&stage, &entries, 0, "no first page");
    stage.damage(&sound, "", 8192, |bytes, end| bytes[end..end + 4096].fill(0xa5));
    check(&stage, &entries, 12, "garbage in the middle");
}

#[test]
fn a_file_that_was_cut_at_the_end_of_a_page_is_noticed() {
    let (stage, all) = (Stage::new(), changes(60));
    stage.keep(&all);
    let (sound, entries) = (fs::read(stage.path()).unwrap(), dated(&all));

    for end in (4096..sound.len()).step_by(4096) {
        stage.damage(&sound, "", end, Vec::truncate);
        check(&stage, &entries, entries.len(), &format!("{end} bytes of {}", sound.len()));
    }
}

#[test]
fn a_file_that_was_cut_at_the_end_of_a_page_is_noticed_though_its_log_is_whole() {
    let (stage, mut all) = (Stage::new(), changes(60));
    let mut store = stage.open();
    kept(store.write(all.clone(), Assurance::Synced));
    store.give(Job::Try(Box::new(|file| assert_eq!(file.pragma("wal_checkpoint(RESTART)"), 0))));
    all.push(received(100));
    kept(store.write(vec![received(100)], Assurance::Synced));
    let [(path, sound), (log, logged)] = ["", "-wal"].map(|suffix| {
        let path = database::with_suffix(&stage.path(), suffix);
        (path.clone(), fs::read(path).unwrap())
    });
    drop(store);
    let entries = dated(&all);

    for end in (4096..sound.len()).step_by(4096) {
        fs::write(&path, &sound[..end]).unwrap();
        fs::write(&log, &logged).unwrap();
        check(&stage, &entries, entries.len(), &format!("{end} bytes of {}", sound.len()));
    }
}

#[test]
fn a_gap_in_the_log_is_told_and_what_comes_after_it_is_saved() {
    let (stage, all) = (Stage::new(), changes(60));
    let mut store = stage.open();
    all.iter().for_each(|change| kept(store.write(vec![change.clone()], Assurance::Synced)));
    let copies = ["", "-wal"].map(|suffix| {
        let path = database::with_suffix(&stage.path(), suffix);
        (suffix, path.clone(), fs::read(path).unwrap())
    });
    drop(store);
    let (entries, log) = (dated(&all), &copies[1].2);

    for place in (0..log.len()).step_by(log.len() / 100) {
        for (_, path, sound) in &copies {
            fs::write(path, sound).unwrap();
        }
        stage.damage(log, "-wal", place, flip);
        check(&stage, &entries, 12, &format!("byte {place} of the log's {}", log.len()));
    }
}

#[test]
fn a_damaged_file_is_set_aside_and_the_new_one_is_sound() {
    let (stage, all) = (Stage::new(), changes(60));
    stage.keep(&all);
    stage.damage(&fs::read(stage.path()).unwrap(), "", 3, flip);

    let damage = stage.loaded().damage;

    assert!(damage[0].contains(": 120 entries in it are saved, the damaged file is "), "{damage:?}");
    let others = stage.others();
    assert!(others.len() == 1 && others[0].starts_with("journal.db.damaged-20"), "{others:?}");
    let again = stage.loaded();
    assert_eq!((again.entries, again.open.len(), again.damage), (dated(&all), 10, Vec::new()));
}

#[test]
fn a_mending_that_was_broken_off_is_ended() {
    let (stage, all) = (Stage::new(), changes(60));
    stage.keep(&all);
    fs::rename(stage.path(), database::with_suffix(&stage.path(), ".new")).unwrap();
    fs::write(database::with_suffix(&stage.path(), "-wal"), "of the damaged one").unwrap();

    let loaded = stage.loaded();

    assert_eq!(loaded.entries, dated(&all));
}

#[test]
fn damage_that_is_found_while_it_is_written_to_is_mended_then() {
    let (stage, all) = (Stage::new(), changes(60));
    stage.keep(&all);
    let mut bytes = fs::read(stage.path()).unwrap();
    bytes[4096..].chunks_mut(4096).for_each(|page| page[..8].fill(0xff));
    fs::write(stage.path(), bytes).unwrap();
    let mut store = stage.open();

    kept(store.write(vec![received(100)], Assurance::Synced));
    // It is counted after the answer, and before the next one.
    kept(store.write(Vec::new(), Assurance::Synced));

    assert!(store.damaged() > 0);
    drop(store);
    assert!(stage.loaded().entries.ends_with(&dated(&[received(100)])));
    assert!(stage.others().iter().all(|name| name.starts_with("journal.db.damaged-20")));
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let stage = Stage::new();
    stage.change("CREATE TABLE theirs (it); INSERT INTO theirs VALUES (1)");
    let database = Sqlite::open(stage.path(), |_| {}).unwrap_err();
    fs::write(stage.path(), "[gateway]\nstate = \"sqlite:fulmar.toml\"\n".repeat(9)).unwrap();
    let text = Sqlite::open(stage.path(), |_| {}).unwrap_err();

    assert!(database.why.contains("belongs to another program"), "{database}");
    assert!(text.why.contains("is no journal of Fulmar's"), "{text}");
    assert_eq!(stage.others(), [""; 0]);
}

#[test]
fn a_file_of_a_newer_fulmar_is_left_alone() {
    let stage = Stage::new();
    stage.keep(&[received(1)]);
    stage.change("PRAGMA user_version = 3");

    let refused = Sqlite::open(stage.path(), |_| {}).unwrap_err();

    assert!(refused.why.contains("was written by a newer Fulmar (form 3, ours is 2)"), "{refused}");
}

#[test]
fn a_file_of_an_older_fulmar_is_gone_on_with_in_our_form() {
    let stage = Stage::new();
    stage.keep(&[received(1), advanced(1, AUTHORISED)]);
    stage.change("PRAGMA user_version = 1");

    stage.keep(&stage::begun(2));

    let all = [dated(&[received(1), advanced(1, AUTHORISED)]), dated(&stage::begun(2))].concat();
    assert_eq!(stage.loaded().entries, all);
    assert_eq!(stage.number("PRAGMA user_version"), 2);
}

#[test]
fn much_damage_is_told_in_few_words() {
    let stage = Stage::new();
    stage.keep(&(0..1_000).map(received).collect::<Vec<_>>());
    stage.change("UPDATE entry SET sum = 0");

    let damage = stage.loaded().damage;

    assert_eq!((damage.len(), damage[100].as_str()), (101, "and 900 more like that"));
}
