//! What was logged, to be looked through for secrets.

use std::{cell::RefCell, io, sync::Once};

use tracing::level_filters::LevelFilter;

thread_local! {
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Begins anew, and to listen if nobody did so far.
pub(crate) fn clear() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        let listener =
            tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false).without_time();
        listener.with_writer(|| Kept).init();
    });
    LOGGED.with_borrow_mut(Vec::clear);
}

/// What was logged by this thread since [`clear`].
pub(crate) fn taken() -> String {
    LOGGED.with_borrow(|logged| String::from_utf8_lossy(logged).into_owned())
}

struct Kept;

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
