//! A journal that outlives a gateway, within the process.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use fulmar::journal::{Assurance, Case, Change, Dated, Entry, Loaded, Memory, Sought, Store, StoreError, Written};
use jiff::Timestamp;
use tokio::sync::oneshot;

/// Keeps entries as text, as a file would. Cloned, it is the same.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    lines: Rc<RefCell<Vec<(Case, String)>>>,
    writes: Rc<RefCell<Vec<Vec<String>>>>,
    is_full: Rc<Cell<bool>>,
    /// What it has not taken since it hangs, and who waits for that.
    held: Rc<RefCell<Option<Vec<Held>>>>,
}

type Held = (Vec<Change>, oneshot::Sender<Result<(), StoreError>>);

impl Disk {
    /// One on which an earlier process wrote these, of one case.
    pub(crate) fn holding(case: &Case, entries: impl IntoIterator<Item = Dated>) -> Self {
        let disk = Self::default();
        disk.extend(case, entries);
        disk
    }

    /// What happened to commands and deliveries, as it was written.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lines.borrow().iter().map(|(_, line)| read(line).1).collect()
    }

    /// The names of the entries that were written together.
    pub(crate) fn writes(&self) -> Vec<Vec<String>> {
        self.writes.borrow().clone()
    }

    /// It is full, or not any more.
    pub(crate) fn fill(&self, is_full: bool) {
        self.is_full.set(is_full);
    }

    /// Entries of one case more.
    pub(crate) fn extend(&self, case: &Case, entries: impl IntoIterator<Item = Dated>) {
        let lines = entries.into_iter().map(|entry| (case.clone(), serde_json::to_string(&entry).unwrap()));
        self.lines.borrow_mut().extend(lines);
    }

    /// It takes nothing more, and says nothing.
    pub(crate) fn hangs(&self) {
        *self.held.borrow_mut() = Some(Vec::new());
    }

    /// It goes on where it stopped.
    pub(crate) fn goes_on(&self) {
        for (changes, tell) in self.held.take().unwrap_or_default() {
            drop(self.clone().write(changes, Assurance::Synced));
            tell.send(Ok(())).unwrap_or_default();
        }
    }
}

/// What an entry is called in the journal.
fn name(entry: &Entry) -> String {
    serde_json::to_value(entry).unwrap().as_object().unwrap().keys().next().unwrap().clone()
}

fn read(line: &str) -> Dated {
    serde_json::from_str(line).unwrap()
}

impl Store for Disk {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        let entries = self.lines.borrow().iter().map(|(_, line)| read(line)).collect();
        Ok(Loaded { entries, ..Loaded::default() })
    }

    fn write(&mut self, changes: Vec<Change>, assurance: Assurance) -> Written {
        if let Some(held) = self.held.borrow_mut().as_mut() {
            let (tell, written) = oneshot::channel();
            held.push((changes, tell));
            return written;
        }
        let appended = changes.iter().filter_map(|change| match change {
            Change::Append { entry, .. } => Some(name(&entry.1)),
            Change::Close(_) | Change::Replace(..) => None,
        });
        self.writes.borrow_mut().push(appended.collect());
        for change in &changes {
            match change {
                Change::Append { case, entry, .. } => self.extend(case, [entry.clone()]),
                Change::Close(_) => {}
                Change::Replace(case, entries) => {
                    self.lines.borrow_mut().retain(|(other, _)| other != case);
                    self.extend(case, entries.clone());
                }
            }
        }
        Memory.write(changes, assurance)
    }

    fn trouble(&self) -> Option<StoreError> {
        self.is_full.get().then(|| StoreError::of_disk("it is full"))
    }

    fn history(&self, case: Case) -> Sought<Vec<Dated>> {
        let entries =
            self.lines.borrow().iter().filter(|(it, _)| *it == case).map(|(_, line)| read(line)).collect();
        Box::pin(async { Ok(entries) })
    }

    fn forget(&mut self, _: Timestamp) {}
}
