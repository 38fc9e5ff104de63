//! A store that kills the process at a chosen write, so that tests see every step survived. It keeps nothing itself.

use std::{
    env,
    process::{self, Command},
};

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::{
    entry::{Assurance, Dated},
    store::{Case, Change, Loaded, Sought, Store, StoreError, Written},
};

/// Hands on `store`, as one that crashes where `FULMAR_TEST_CRASH` says, as `before:3` or `after:3`; heeded only where
/// `FULMAR_TEST_SWITCHES` is set, too.
pub fn armed(store: Box<dyn Store>) -> Box<dyn Store> {
    let word = env::var_os("FULMAR_TEST_SWITCHES").and_then(|_| env::var("FULMAR_TEST_CRASH").ok());
    match word.as_deref().and_then(Point::parse) {
        Some(point) => Box::new(Crash { store, point, writes: 0, die }),
        None => store,
    }
}

/// Where it crashes. Writes are counted from 1; those without a change do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Just before this write reaches the store.
    Before(u64),
    /// As soon as this write is kept, before anybody learns of it.
    After(u64),
}

struct Crash {
    store: Box<dyn Store>,
    point: Point,
    writes: u64,
    die: fn(),
}

impl Point {
    fn parse(word: &str) -> Option<Self> {
        let (side, number) = word.split_once(':')?;
        let number = number.parse().ok()?;
        match side {
            "before" => Some(Self::Before(number)),
            "after" => Some(Self::After(number)),
            _ => None,
        }
    }
}

impl Store for Crash {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.store.load()
    }

    fn write(&mut self, changes: Vec<Change>, assurance: Assurance) -> Written {
        self.writes += u64::from(!changes.is_empty());
        let counts = !changes.is_empty();
        if counts && self.point == Point::Before(self.writes) {
            (self.die)();
        }
        let written = self.store.write(changes, assurance);
        if !counts || self.point != Point::After(self.writes) {
            return written;
        }
        let (tell, told) = oneshot::channel();
        let die = self.die;
        drop(tokio::spawn(async move {
            let kept = written.await;
            die();
            // Only where death is played.
            drop(kept.map(|kept| tell.send(kept)));
        }));
        told
    }

    fn trouble(&self) -> Option<StoreError> {
        self.store.trouble()
    }

    fn damaged(&self) -> usize {
        self.store.damaged()
    }

    fn history(&self, case: Case) -> Sought<Vec<Dated>> {
        self.store.history(case)
    }

    fn forget(&mut self, before: Timestamp) {
        self.store.forget(before);
    }
}

/// As `kill -9` does: nothing is tidied up.
fn die() {
    let killed = Command::new("kill").args(["-KILL", &process::id().to_string()]).status();
    tracing::error!(?killed, "the process should be dead");
    process::abort();
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::journal::Memory;

    static DEATHS: AtomicU64 = AtomicU64::new(0);

    #[tokio::test]
    async fn dies_at_the_write_that_was_chosen_and_at_no_other() {
        let die = || _ = DEATHS.fetch_add(1, Ordering::Relaxed);
        let mut store = Crash { store: Box::new(Memory), point: Point::After(2), writes: 0, die };
        let change = || vec![Change::Close(Case::Watch("default".into()))];

        let mut deaths = Vec::new();
        for changes in [change(), Vec::new(), change(), change()] {
            store.write(changes, Assurance::Eventual).await.unwrap().unwrap();
            deaths.push(DEATHS.load(Ordering::Relaxed));
        }

        assert_eq!(deaths, [0, 0, 1, 1]);
    }

    #[test]
    fn a_point_is_read() {
        assert_eq!(Point::parse("before:3"), Some(Point::Before(3)));
        assert_eq!(Point::parse("after:12"), Some(Point::After(12)));
        assert_eq!(["", "after", "after:x", "later:1"].map(Point::parse), [None; 4]);
    }
}
