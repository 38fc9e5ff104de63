//! The list of what is tried, in CONTRIBUTING.md.

use std::{collections::HashSet, fs, path::Path};

#[test]
fn every_law_that_is_listed_is_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut known = HashSet::new();
    ["src", "tests", "backends"].iter().for_each(|folder| tests(&root.join(folder), &mut known));
    let contributing = fs::read_to_string(root.join("CONTRIBUTING.md")).unwrap();
    let (_, list) = contributing.split_once("## What is tried").unwrap();
    let (list, _) = list.split_once("\n## ").unwrap();

    let rows = list.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let listed = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let strange: Vec<_> = listed.filter(|law| !known.contains(*law)).collect();

    assert!(strange.is_empty(), "no tests: {strange:?}");
    assert!(list.lines().count() > 20);
}

/// The names of the functions in a folder.
fn tests(folder: &Path, known: &mut HashSet<String>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            tests(&path, known);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(path).unwrap();
            let names = text.split("fn ").skip(1).filter_map(|rest| rest.split_once('(').map(|(name, _)| name));
            known.extend(names.map(str::to_owned));
        }
    }
}
