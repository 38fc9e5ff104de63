//! The input at work, in a file: what is left of it if the process dies of it or never ends.

use std::{
    cell::Cell,
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

/// Watches over a campaign until it is dropped.
pub(crate) struct Watch {
    file: File,
    path: PathBuf,
    /// How long the input in the file is.
    length: Cell<usize>,
    count: Arc<AtomicU64>,
    _ends: Sender<()>,
}

impl Watch {
    /// Begins; the input at work is in the file `path`.
    pub(crate) fn begin(path: PathBuf) -> io::Result<Self> {
        let file = File::create(&path)?;
        let (ends, ended) = mpsc::channel();
        let count = Arc::new(AtomicU64::new(0));
        let (seen, name) = (Arc::clone(&count), path.clone());
        thread::spawn(move || {
            let mut last = u64::MAX;
            while ended.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                let now = seen.load(Ordering::Relaxed);
                if now == last {
                    eprintln!("no end in {} s: the input is {}", LONGEST.as_secs(), name.display());
                    process::exit(1);
                }
                last = now;
            }
        });
        Ok(Self { file, path, length: Cell::new(0), count, _ends: ends })
    }

    /// Notes the next input.
    pub(crate) fn note(&self, input: &[u8]) -> io::Result<()> {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.file.write_all_at(input, 0)?;
        // That costs more than to write.
        if input.len() < self.length.replace(input.len()) {
            self.file.set_len(input.len() as u64)?;
        }
        Ok(())
    }

    /// Where the input is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// How long one input may take before it is taken for endless.
const LONGEST: Duration = Duration::from_secs(30);
