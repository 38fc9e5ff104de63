//! Journals that cannot be used: the exit code says whether it is worth trying again.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use fulmar_conformance::skip;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::{
    program::{Finished, finished_under, written},
    storm,
};

/// Runs the gateway under `wrapper` with its journal at `file`.
fn run(wrapper: &[&str], file: &Path) -> Finished {
    let config = storm::config("http://127.0.0.1:9101", &["[chats.t]\nkind = \"terminal\"".into()]);
    let (_folder, config) = written(&config.replace("\"memory\"", &format!("\"sqlite:{}\"", file.display())));
    finished_under(wrapper, &["run", "--config", config.to_str().unwrap()])
}

#[test]
fn a_journal_that_is_none_for_us_is_not_worth_another_try() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("text"), "state = \"sqlite:fulmar.toml\"\n".repeat(99)).unwrap();
    fs::create_dir(path("folder")).unwrap();
    Connection::open(path("theirs")).unwrap().execute_batch("CREATE TABLE theirs (it)").unwrap();
    let newer = "PRAGMA application_id = 0x46756c6d; PRAGMA user_version = 99; CREATE TABLE entry (it)";
    Connection::open(path("newer")).unwrap().execute_batch(newer).unwrap();

    for (name, why) in [
        ("text", "is no journal of Fulmar's"),
        ("folder", "Is a directory"),
        ("theirs", "belongs to another program"),
        ("newer", "was written by a newer Fulmar"),
        ("nowhere/journal.db", "make the folder"),
        ("text/journal.db", "Not a directory"),
    ] {
        let end = run(&[], &path(name));

        assert_eq!(end.code, Some(78), "{name}: {end:?}");
        assert!(end.err.contains(why), "{name}: {}", end.err);
    }
}

#[test]
fn a_journal_that_is_not_ours_to_write_to_is_not_worth_another_try() {
    // Root may do everything, unless this is taken away.
    let humble = ["setpriv", "--bounding-set=-dac_override"];
    let folder = TempDir::new().unwrap();
    let [file, closed] = ["journal.db", "closed"].map(|name| folder.path().join(name));
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    let wrapper = if fs::write(&file, "").is_err() { &[][..] } else { &humble };
    if !works(wrapper) {
        return skip("the program setpriv");
    }

    for file in [file, closed.join("journal.db")] {
        let end = run(wrapper, &file);

        assert_eq!(end.code, Some(77), "{end:?}");
        assert!(end.err.contains("Permission denied"), "{}", end.err);
    }
}

#[test]
fn a_disk_that_is_full_or_read_only_is_worth_another_try() {
    // A file system that nobody else sees, and that ends with the program.
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("journal.db");
    let mounted = |then: &str| {
        let at = folder.path().display();
        format!("mount -t tmpfs -o size=64k tmpfs {at} && touch {at}/journal.db && {then} && exec \"$@\"")
    };
    let full = mounted(&format!("! head -c 1M /dev/zero 2>&- >{}/ballast", folder.path().display()));
    let read_only = mounted(&format!("mount -o remount,ro {}", folder.path().display()));
    if !works(&["unshare", "--mount", "sh", "-c", &mounted("true"), "sh"]) {
        return skip("a file system of its own, as root makes it");
    }

    for (disk, why) in [(full, "is full"), (read_only, "Read-only file system")] {
        let end = run(&["unshare", "--mount", "sh", "-c", &disk, "sh"], &file);

        assert_eq!(end.code, Some(74), "{end:?}");
        assert!(end.err.contains(why), "{}", end.err);
    }
}

/// Whether a program runs under `wrapper`.
fn works(wrapper: &[&str]) -> bool {
    let words = [wrapper, &["true"]].concat();
    let (program, arguments) = words.split_first().unwrap();
    let run = Command::new(program).args(arguments).stderr(Stdio::null()).status();
    run.is_ok_and(|status| status.success())
}
