//! What a panic leaves in the log: a line like any other, at once. How it was come to, if `RUST_BACKTRACE` asks for that,
//! follows from a thread of its own: to look up the names takes long, and all chats share one thread.

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
    thread,
};

use tracing::error;

/// Has panics logged.
pub(super) fn log() {
    panic::set_hook(Box::new(note));
}

fn note(panicked: &PanicHookInfo<'_>) {
    let why = panicked.payload_as_str().unwrap_or("no reason given");
    match panicked.location() {
        Some(place) => error!("panicked at {place}: {why}"),
        None => error!("panicked at a place that is not known: {why}"),
    }
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured {
        let told = thread::Builder::new()
            .name("backtrace".into())
            .spawn(move || error!("it came to that by\n{backtrace}"));
        if let Err(error) = told {
            error!(%error, "how it came to that cannot be told");
        }
    }
}
