//! What one input costs, and whether it makes anything panic.

use std::{
    cell::RefCell,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    time::Duration,
};

use cpu_time::ThreadTime;
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

thread_local! {
    /// What the last panic of this thread said.
    static LAST_WORDS: RefCell<String> = const { RefCell::new(String::new()) };
}

/// What an input cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// The time of the processor.
    pub time: Duration,
    /// The most bytes that were taken at once, beyond those that were taken before.
    pub memory: usize,
}

/// Keeps the words of panics for [`measure`] instead of showing them.
pub fn listen() {
    panic::set_hook(Box::new(|panic: &PanicHookInfo<'_>| {
        let words = panic.to_string();
        LAST_WORDS.with_borrow_mut(|last| *last = words);
    }));
}

/// Runs `work` to its end.
///
/// # Errors
/// What the panic said, if it ends in one.
pub fn measure(work: impl FnOnce()) -> Result<Cost, String> {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let start = ThreadTime::now();
    let outcome = panic::catch_unwind(AssertUnwindSafe(work));
    let time = start.elapsed();
    let memory = MEMORY.peak_usage().saturating_sub(before);
    outcome.map(|()| Cost { time, memory }).map_err(|_| LAST_WORDS.take())
}
