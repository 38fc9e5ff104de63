//! How long a start takes.

use std::io::Write as _;

use tokio::time::Instant;

use super::*;

/// `cargo test --release --lib -- --ignored a_million_rows --nocapture`
#[test]
#[ignore = "takes long, and its figure means something only in an optimised build"]
fn a_million_rows_are_loaded_in_two_seconds() {
    let stage = Stage::new();
    let mut store = stage.open();
    store.load().unwrap();
    for thousand in 0..500 {
        let commands = thousand * 1_000..(thousand + 1) * 1_000;
        let changes = commands.flat_map(|number| stage::whole(number, number < 499_000));
        kept(store.write(changes.collect(), Assurance::Eventual));
    }
    drop(store);
    let length = std::fs::metadata(stage.path()).unwrap().len();

    let began = Instant::now();
    let loaded = stage.loaded();
    let took = began.elapsed();

    let (entries, open) = (loaded.entries.len(), loaded.open.len());
    writeln!(std::io::stderr(), "{length} bytes; {entries} entries of which {open} cases are open: {took:?}")
        .unwrap();
    assert!(open == 1_000 && (120_000..160_000).contains(&entries), "{entries}, {open}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}
