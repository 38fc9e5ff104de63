//! What is done about a damaged file: a new one with every row that is still sound, and the old one set aside.
//!
//! SQLite has nothing to do with the reading. One page that it cannot use may keep it from thousands of sound rows behind;
//! and what a row is can be told from its sum.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    database::{Database, is_claim, sync_folder, with_suffix},
    fault::Fault,
    log::Log,
    page::{self, PAGE, word},
    row::Row,
};
use crate::journal::StoreError;

/// Puts a new file in the place of the damaged one at `path`; says what could be saved, and in how many places entries are
/// missing.
pub(super) fn mend(path: &Path, why: &str) -> Result<(String, usize), Fault> {
    let hindered = |error: io::Error| {
        let file = path.display();
        Fault::Hindered(StoreError::of_disk(format!("{file} is damaged ({why}), and cannot be mended ({error})")))
    };
    if !is_ours(path).map_err(hindered)? {
        let what = format!("{} is no journal of Fulmar's: name another file in gateway.state", path.display());
        return Err(Fault::Hindered(StoreError::unfit(what)));
    }
    let new = with_suffix(path, NEW);
    remove(&new).map_err(hindered)?;
    let mut database = Database::open(&new)?;
    let pages = Pages::open(path).map_err(hindered)?;
    let mut found = pages.rows();
    loop {
        let rows: Vec<_> = found.by_ref().take(CHUNK).collect();
        if rows.is_empty() {
            break;
        }
        database.save(&rows)?;
    }
    let (saved, holes) = database.explain()?;
    database.close()?;
    let aside = replace(path).map_err(hindered)?;
    let mended = format!(
        "{} was damaged ({why}): {saved} entries in it are saved, the damaged file is {}",
        path.display(),
        aside.display()
    );
    Ok((mended, holes))
}

/// Ends what [`mend`] had all but done when the process ended.
pub(super) fn resume(path: &Path) -> Result<(), Fault> {
    if !path.exists() && with_suffix(path, NEW).exists() {
        replace(path).map_err(|error| Fault::of_disk(&error, path))?;
    }
    Ok(())
}

/// Sets the file aside, if it is there, and then its log; only then the new one takes its place.
fn replace(path: &Path) -> io::Result<PathBuf> {
    let time = Timestamp::now().strftime("%Y%m%dT%H%M%S").to_string();
    let names = (1..).map(|number| with_suffix(path, &format!(".damaged-{time}-{number}")));
    let mut free = names.filter(|name| !name.exists() && !with_suffix(name, "-wal").exists());
    let aside = free.next().unwrap_or_default();
    for suffix in ["", "-wal"] {
        match fs::rename(with_suffix(path, suffix), with_suffix(&aside, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    fs::rename(with_suffix(path, NEW), path)?;
    sync_folder(path)?;
    Ok(aside)
}

fn remove(path: &Path) -> io::Result<()> {
    for suffix in ["", "-wal"] {
        match fs::remove_file(with_suffix(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

/// Whether enough of a file's first bytes is as we write it. A disk that forgot them leaves noughts.
fn is_ours(path: &Path) -> io::Result<bool> {
    let mut head = [0; 100];
    let read = File::open(path)?.read_at(&mut head, 0)?;
    let head = head.get(..read).unwrap_or_default();
    let claimed = i64::from(word(head, 68));
    let is_sqlite = head.starts_with(b"SQLite format 3\0");
    Ok(is_claim(claimed) || is_sqlite && claimed == 0 || head.iter().all(|byte| *byte == 0))
}

/// All pages of a file and its log.
struct Pages {
    file: File,
    count: u32,
    log: Option<Log>,
    /// Where the newest of those pages is that are in the log.
    newest: HashMap<u32, u64>,
}

impl Pages {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let count = u32::try_from(file.metadata()?.len() / PAGE as u64).unwrap_or(u32::MAX);
        let log = Log::read(&with_suffix(path, "-wal"))?;
        let newest = log.iter().flat_map(Log::pages).map(|(place, number)| (number, place)).collect();
        Ok(Self { file, count, log, newest })
    }

    /// The sound rows, also of pages that newer ones have taken the place of: the same row may come twice.
    fn rows(&self) -> impl Iterator<Item = Row> {
        let own = (1..=self.count).filter_map(|number| self.own(number));
        let log = self.log.iter();
        let logged = log.flat_map(|log| log.pages().filter_map(|(place, _)| log.page(place).ok()));
        own.chain(logged).flat_map(|page| page::rows(&page, &|number| self.page(number)))
    }

    /// The newest page of this number.
    fn page(&self, number: u32) -> Option<Vec<u8>> {
        let newest = self.newest.get(&number).zip(self.log.as_ref());
        newest.and_then(|(place, log)| log.page(*place).ok()).or_else(|| self.own(number))
    }

    /// The page of this number in the file itself.
    fn own(&self, number: u32) -> Option<Vec<u8>> {
        let mut page = vec![0; PAGE];
        let place = u64::from(number.checked_sub(1)?) * PAGE as u64;
        self.file.read_exact_at(&mut page, place).ok().map(|()| page)
    }
}

/// What the new file is called until it is complete.
const NEW: &str = ".new";

/// How many rows are saved at a time.
const CHUNK: usize = 1_000;
