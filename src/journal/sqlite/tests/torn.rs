//! A file and its log as a power cut leaves them: the log cut off anywhere, and the two of different ages.

use std::fs;

use super::{damage::changes, *};

/// What file and log hold at some time.
#[derive(Clone)]
struct Copy([Vec<u8>; 2]);

const SUFFIXES: [&str; 2] = ["", "-wal"];

impl Stage {
    fn copy(&self) -> Copy {
        Copy(SUFFIXES.map(|suffix| fs::read(database::with_suffix(&self.path(), suffix)).unwrap_or_default()))
    }

    fn paste(&self, Copy(files): &Copy) {
        for (suffix, bytes) in SUFFIXES.iter().zip(files) {
            fs::write(database::with_suffix(&self.path(), suffix), bytes).unwrap();
        }
    }
}

/// A fresh copy of a file to which the changes were written one by one, and one from after each tenth.
fn copies(all: &[Change], stage: &Stage) -> Vec<Copy> {
    let mut store = stage.open();
    let mut copies = Vec::new();
    for (change, number) in all.iter().zip(1..) {
        kept(store.write(vec![change.clone()], Assurance::Synced));
        if number % 10 == 0 {
            copies.push(stage.copy());
        }
    }
    copies.push(stage.copy());
    copies
}

#[test]
fn a_log_that_is_cut_off_anywhere_holds_what_was_written_before() {
    let (stage, all) = (Stage::new(), changes(11));
    let whole = copies(&all, &stage).pop().unwrap();
    let (all, log) = (dated(&all), &whole.0[1]);
    // Around the ends of a frame's head, and somewhere in its page.
    let (head, frame) = (32_usize, 24 + 4_096);
    let is_edge = |place: &usize| [0, 23, 2_000, frame - 1].contains(&((place + frame - head) % frame));
    let places = (0..log.len()).filter(is_edge);
    let mut reached = 0;

    for place in places.chain([log.len()]) {
        stage.paste(&whole);
        fs::write(database::with_suffix(&stage.path(), "-wal"), &log[..place]).unwrap();
        let loaded = stage.loaded();

        let count = loaded.entries.len();
        assert_eq!(loaded.entries, all[..count], "cut off at {place}");
        assert!(count >= reached, "cut off at {place}: less than with a shorter log");
        assert!(loaded.damage.is_empty(), "cut off at {place}: {:?}", loaded.damage);
        reached = count;
    }

    assert_eq!(reached, all.len());
}

#[test]
fn a_file_and_a_log_of_different_ages_hide_no_hole() {
    let (stage, all) = (Stage::new(), changes(200));
    let copies = copies(&all, &stage);
    let all = dated(&all);
    let mut lost = 0;

    for (old, young) in (0..copies.len()).flat_map(|file| (0..copies.len()).map(move |log| (file, log))) {
        if (old + young) % 7 != 0 {
            continue;
        }
        stage.paste(&Copy([copies[old].0[0].clone(), copies[young].0[1].clone()]));
        let Ok(mut store) = Sqlite::open(stage.path(), |_| {}) else { continue };
        let loaded = store.load().unwrap();

        let what = format!("file {old}, log {young}");
        let is_prefix = all.starts_with(&loaded.entries);
        lost += usize::from(loaded.entries.len() < all.len());
        assert!(loaded.entries.iter().all(|entry| all.contains(entry)), "{what}: something else is loaded");
        assert!(is_prefix || !loaded.damage.is_empty(), "{what}: a hole without a word");
    }

    assert!(lost > 0);
}
